"""A world written into a folder: what the shop knows, and apart from it, under ``truth/``, what it does not know."""

import json
import multiprocessing
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detak.errors import UsageError
from detak.simulate import answers
from detak.simulate.aftermath import Aftermath, Orders
from detak.simulate.config import Config
from detak.simulate.history import Chunk, Unit, follow, perform, units
from detak.simulate.reasons import REASONS
from detak.simulate.shelf import Shelf, make_shelf
from detak.simulate.timeline import Messages
from detak.simulate.voice import ASPECTS
from detak.simulate.world import World

FORMATS: Final = ("jsonl", "parquet", "both")
_GROUP: Final = 50_000  # rows of truth that are written together
_PLANTED: Final = ("english", "sarcastic", *ASPECTS)  # of texts: what the shop does not know


class Written(msgspec.Struct):
    """What came of writing a world."""

    folder: str
    messages: int
    visits: int
    carts: int
    orders: int
    seconds: float
    messages_per_second: int


class Writer:
    """Takes the blocks of a world in their order, and keeps the truth in growing files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, pq.ParquetWriter] = {}
        self._waiting: defaultdict[str, list[pa.Table]] = defaultdict(list)
        self._sums = {name: np.zeros(2, np.int64) for name in REASONS}
        self.counts = {"messages": 0, "visits": 0, "carts": 0, "orders": 0}

    def take(self, messages: int, chunk_truth: "dict[str, pa.Table]") -> None:
        """The truth of a block with so many messages."""
        self.counts["messages"] += messages
        for name, table in chunk_truth.items():
            if name in ("reviews", "posts"):
                self._put(name, table.drop_columns([*_PLANTED, *(("stars",) if name == "posts" else ())]))
                self._put(f"truth/{name}", table.select(["id", "product_id", "stars", *_PLANTED]))
            else:
                self._put(f"truth/{name}", table)
        self._count(chunk_truth)

    def _put(self, name: str, table: pa.Table) -> None:
        if name not in self._files:
            self._files[name] = pq.ParquetWriter(self._folder / f"{name}.parquet", table.schema)
        waiting = self._waiting[name]
        waiting.append(table)
        if sum(one.num_rows for one in waiting) >= _GROUP:
            self._flush(name)

    def _flush(self, name: str) -> None:
        rows = pa.concat_tables(self._waiting.pop(name, []))
        if rows.num_rows:
            self._files[name].write_table(rows)

    def _count(self, truth: "dict[str, pa.Table]") -> None:
        if "visits" in truth:
            self.counts["visits"] += truth["visits"].num_rows
        if "carts" in truth:
            carts = truth["carts"]
            bought = pc.sum(carts["bought"]).as_py() or 0
            self.counts["carts"] += carts.num_rows
            self.counts["orders"] += bought
            for name in REASONS:
                left = pc.sum(pc.equal(carts["reason"], name)).as_py() or 0
                back = (pc.sum(carts[f"bought_without_{name}"]).as_py() or 0) - bought
                self._sums[name] += (left, back)

    def close(self) -> None:
        """Finish the files, and sum up the reasons."""
        for name, file in self._files.items():
            if self._waiting[name]:
                self._flush(name)
            file.close()
        carts, orders = self.counts["carts"], self.counts["orders"]
        told = {
            name: {"left": int(left), "orders_without_it": int(back), "share": round(left / max(carts - orders, 1), 4)}
            for name, (left, back) in self._sums.items()
        }
        summary = {**self.counts, "reasons": told}
        (self._folder / "truth" / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def write(config: Config, folder: Path, form: str = "jsonl", workers: int = 1) -> Written:
    """Make the world and write all of its history.

    Args:
        config: of the world.
        folder: must be new or empty.
        form: of the events; one of ``FORMATS``.
        workers: processes; the files are the same for any number.

    Raises:
        UsageError: the folder holds something, or a figure is out of bounds.
    """
    began = time.perf_counter()
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder}: is not empty; name a new folder with --out")
    world = World.make(config)
    shelf = make_shelf(world)
    for name in ("events", "truth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write_standing(world, folder)
    writer = Writer(folder)
    for count, truth in _blocks(world, shelf, folder, form, workers):
        writer.take(count, truth)
    writer.close()
    seconds = time.perf_counter() - began
    rate = round(writer.counts["messages"] / seconds)
    return Written(str(folder), seconds=round(seconds, 2), messages_per_second=rate, **writer.counts)


def _blocks(
    world: World, shelf: Shelf, folder: Path, form: str, workers: int
) -> Iterator[tuple[int, dict[str, pa.Table]]]:
    """Messages and truth of each block, in order, once the events are written."""
    later = Aftermath(world, shelf)
    orders: list[Orders] = []
    for unit, count, truth, ordered in _performed(world, shelf, folder, form, workers):
        orders.extend(ordered)
        yield count, truth
        if unit.kind == "n":  # the last of its day
            chunk = follow(later, unit.day, orders)
            orders = []
            yield _kept(world, chunk, folder, form)[1:3]


_Kept = tuple[Unit, int, "dict[str, pa.Table]", tuple[Orders, ...]]


def _performed(world: World, shelf: Shelf, folder: Path, form: str, workers: int) -> Iterator[_Kept]:
    every = (unit for day in range(world.config.days) for unit in units(world, day))
    if workers <= 1:
        for unit in every:
            yield _kept(world, perform(world, shelf, unit), folder, form)
        return
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, fresh, initializer=_prepare, initargs=(world.config,)) as pool:
        waiting: deque[Future[_Kept]] = deque()
        for unit in every:
            waiting.append(pool.submit(_work, unit, folder, form))
            if len(waiting) > 3 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_here: dict[str, Any] = {}  # of a worker's process: the world that it makes once


def steady_memory() -> None:
    """Have Arrow take memory from the system's own allocator, which keeps it: blocks follow one another here, and to
    fetch fresh pages for each of them costs as much as making it (measured: twice the speed)."""
    pa.set_memory_pool(pa.system_memory_pool())


def _prepare(config: Config) -> None:
    steady_memory()
    _here["world"] = World.make(config)
    _here["shelf"] = make_shelf(_here["world"])


def _work(unit: Unit, folder: Path, form: str) -> _Kept:
    return _kept(_here["world"], perform(_here["world"], _here["shelf"], unit), folder, form)


def _kept(world: World, chunk: Chunk, folder: Path, form: str) -> _Kept:
    """The block, once its events are on disk."""
    unit = chunk.unit
    name = f"{world.config.day(unit.day)}-{unit.kind}{unit.number:03d}"
    if len(chunk.messages):
        _write_events(chunk.messages, folder / "events" / name, form)
    return unit, len(chunk.messages), dict(chunk.truth), chunk.orders


def _write_events(messages: Messages, path: Path, form: str) -> None:
    if form in ("jsonl", "both"):
        path.with_name(f"{path.name}.jsonl").write_bytes(messages.jsonl())
    if form in ("parquet", "both"):
        pq.write_table(messages.table(), path.with_name(f"{path.name}.parquet"))


def _write_standing(world: World, folder: Path) -> None:
    """What is true from the first day to the last."""
    (folder / "world.json").write_bytes(msgspec.json.format(msgspec.json.encode(world.config)) + b"\n")
    goods = answers.catalogue(world)
    pq.write_table(goods, folder / "catalogue.parquet")
    with (folder / "catalogue.jsonl").open("wb") as file:
        file.writelines(msgspec.json.encode(row) + b"\n" for row in goods.to_pylist())
    standing = {
        "people": answers.people_truth,
        "best_liked": answers.best_liked,
        "goods": answers.goods_truth,
        "hours": answers.hours_truth,
        "outages": answers.outages_truth,
    }
    for name, table in standing.items():
        pq.write_table(table(world), folder / "truth" / f"{name}.parquet")
