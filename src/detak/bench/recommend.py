"""Recommendation at size and speed: what a fit takes and finds, beside packages that do the same, in the same run."""

import itertools
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import numpy as np

from detak.bench.at_size import DECAY, Done, Job, blend, keep, model, nbytes, opened
from detak.bench.pace import Pace, answered
from detak.bench.peers import Missing, ask
from detak.errors import UsageError
from detak.recommend.blend import BlendModel
from detak.recommend.links import Links
from detak.recommend.windows import Touched

_K: Final = 10
_ASKED: Final = 4_000
_LIKE_BEAUTY: Final = (12_000, 200_000)
_PEERS: Final = (("implicit_models", "als"), ("implicit_models", "cosine"), ("rectools_ease", "ease"))

_STEPS: Final = {"directed": "near", "blend": "blend"}
_AGAIN: Final = {"blend": "refit"}
AT_SIZE: Final = tuple(_STEPS)
"""The models that made shops are fitted by."""

_T = TypeVar("_T")
Ints = np.ndarray[Any, np.dtype[np.int64]]


class Found(msgspec.Struct, frozen=True):
    """How often the touch that came next is among the first ten of all items, and how far up."""

    recall_10: float
    ndcg_10: float
    people: int


class Fitted(msgspec.Struct, frozen=True):
    """One model on the shared data. Seconds by the clock and of all cores; the memory of its whole process."""

    name: str
    fit_seconds: float
    fit_cpu_seconds: float
    peak_mb: float
    answers: Pace
    found: Found


class Unfitted(msgspec.Struct, frozen=True):
    """A model that did not run, and why."""

    name: str
    missing: str


class Size(msgspec.Struct, frozen=True):
    """A fit on a made shop of a hundred touches an item."""

    model: str
    """``blend`` is what a shop runs; ``directed`` a single regression by neighbourhoods."""
    items: int
    touches: int
    people: int
    make_seconds: float
    fit_seconds: float
    fit_cpu_seconds: float
    refit_cpu_seconds: float | None
    """Fitted once more, as was chosen before; null where nothing is chosen."""
    peak_mb: int
    """Of the process that fits."""
    peak_bytes_an_item: int
    model_mb: float
    model_bytes_an_item: int
    opened_ms: float
    """From a model in a file, mapped into memory, to its first answer."""
    answers: Pace
    found: Found


class Growth(msgspec.Struct, frozen=True):
    """Between two sizes: the exponent to which each grows with the items (1: in proportion)."""

    model: str
    items: tuple[int, int]
    cpu_seconds: float
    peak_mb: float
    model_mb: float


class Measured(msgspec.Struct, frozen=True):
    """All of it."""

    cores: int
    data: str
    beside: list[Fitted | Unfitted]
    sizes: list[Size]
    growth: list[Growth]


@dataclass(frozen=True)
class Wanted:
    """What to measure."""

    data: Path | None
    """Lines ``user item item ...``, oldest first; None: a made shop as large as Amazon Beauty."""
    sizes: tuple[int, ...]
    """Numbers of items of made shops, in rising order."""
    neighbours: int
    """On how many items each one is regressed there."""
    beside: bool
    """Whether to run other packages, and the other ways, on the data."""
    each: int = 105
    """Touches an item in made shops, of which some are held out."""
    models: tuple[str, ...] = AT_SIZE
    """Which of them to fit to made shops."""


def measure(wanted: Wanted, say: Callable[[str], None]) -> Measured:
    """Fit the data by each model, and made shops of each size; ``say`` is told of each as it is done.

    Raises:
        UsageError: the data cannot be read.
    """
    beside = list(_told(_beside(wanted), say)) if wanted.beside else []
    found = list(_told(itertools.chain.from_iterable(_size(one, wanted) for one in wanted.sizes), say))
    each = [[one for one in found if one.model == name] for name in wanted.models]
    growth = [_growth(one, other) for same in each for one, other in itertools.pairwise(same)]
    name = wanted.data.name if wanted.data else f"made: {_LIKE_BEAUTY[0]:,} items, {_LIKE_BEAUTY[1]:,} touches"
    return Measured(len(os.sched_getaffinity(0)), name, beside, found, growth)


def _told(found: Iterable[_T], say: Callable[[str], None]) -> Iterator[_T]:
    for one in found:
        say(msgspec.json.encode(one).decode())
        yield one


def _beside(wanted: Wanted) -> Iterator[Fitted | Unfitted]:
    with _folder() as folder:
        if wanted.data:
            keep(folder, read(wanted.data))
        else:
            _run(Job(str(folder), "make", *_LIKE_BEAUTY))
        yield from _own(folder, wanted.neighbours)
        yield from _peers(folder)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _run(job: Job) -> Done:
    command = [sys.executable, "-m", "detak.bench.at_size"]
    done = subprocess.run(command, input=msgspec.json.encode(job), stdout=subprocess.PIPE, check=True)  # noqa: S603
    return msgspec.json.decode(done.stdout, type=Done)


def read(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """As published: fitted without each person's last two, asked with all but the last, which is wanted."""
    try:
        lines = [[int(word) for word in line.split()[1:]] for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); a line is a user and items, all numbers") from None
    rows = [row for row in lines if len(row) >= 3]
    if not rows:
        raise UsageError(f"{path}: nobody has three items; a line is a user and items, oldest first")
    items, item = np.unique(np.concatenate(rows), return_inverse=True)
    lengths = np.array([len(row) for row in rows])
    back = np.repeat(np.cumsum(lengths), lengths) - 1 - np.arange(len(item))
    return {
        "fit_item": item[back >= 2].astype(np.int32),
        "fit_starts": np.concatenate([[0], np.cumsum(lengths - 2)]),
        "ask_item": item[back >= 1].astype(np.int32),
        "ask_starts": np.concatenate([[0], np.cumsum(lengths - 1)]),
        "wanted": item[back == 0].astype(np.int32),
        "items": np.array(len(items)),
    }


def _own(folder: Path, neighbours: int) -> Iterator[Fitted]:
    asked, people = opened(folder, "ask"), _people(folder)
    for name, step, near in (
        ("directed, dense", "dense", 0),
        ("directed, 100 neighbours", "near", 100),
        (f"directed, {neighbours} neighbours", "near", neighbours),
        ("blend", "blend", 0),
    ):
        done = _run(Job(str(folder), step, neighbours=near))
        best, pace = answered(_model(folder, step), asked, people, _K)
        found = judged(best, np.load(folder / "wanted.npy")[people])
        yield Fitted(name, done.seconds, done.cpu_seconds, done.peak_mb, pace, found)


def _peers(folder: Path) -> Iterator[Fitted | Unfitted]:
    fit, asked, people = opened(folder, "fit"), opened(folder, "ask"), _people(folder)
    rows = _rows(asked, people)
    arrays: dict[str, np.ndarray[Any, Any]] = {"fit_item": fit.item, "fit_starts": fit.starts}
    arrays["ask_item"] = asked.item[rows]
    arrays["ask_starts"] = np.concatenate([[0], np.cumsum(np.diff(asked.starts)[people])])
    for program, kind in _PEERS:
        name = f"{program.partition('_')[0]}, {kind}"
        answer = ask(program, {"items": fit.items, "k": _K, "model": kind}, arrays)
        if isinstance(answer, Missing):
            yield Unfitted(name, answer.missing)
            continue
        said = answer.said
        seconds, worked = (round(said[key], 1) for key in ("fit_seconds", "fit_cpu_seconds"))
        found = judged(answer.arrays["best"], np.load(folder / "wanted.npy")[people])
        pace = msgspec.convert({key: round(rate) for key, rate in said["answers"].items()}, Pace)
        yield Fitted(f"{name} {said['version']}", seconds, worked, answer.peak_mb, pace, found)


def _size(items: int, wanted: Wanted) -> Iterator[Size]:
    with _folder() as folder:
        made = _run(Job(str(folder), "make", items, items * wanted.each))
        for name in wanted.models:
            done = _run(Job(str(folder), _STEPS[name], neighbours=wanted.neighbours))
            again = _run(Job(str(folder), _AGAIN[name])) if name in _AGAIN else None
            yield _seen(folder, name, made, done, again)


def _seen(folder: Path, name: str, made: Done, done: Done, again: Done | None) -> Size:
    asked, people = opened(folder, "ask"), _people(folder)
    began = time.perf_counter()
    fitted = _model(folder, name)
    answered(fitted, asked, people[:1], _K)
    opened_ms = (time.perf_counter() - began) * 1000
    answered(fitted, asked, people, _K)  # warm: what a shop serves from has been asked before
    best, pace = answered(fitted, asked, people, _K)
    size = nbytes(folder, name)
    return Size(
        model=name,
        items=asked.items,
        touches=len(asked.item),
        people=len(asked.starts) - 1,
        make_seconds=made.seconds,
        fit_seconds=done.seconds,
        fit_cpu_seconds=done.cpu_seconds,
        refit_cpu_seconds=again.cpu_seconds if again else None,
        peak_mb=done.peak_mb,
        peak_bytes_an_item=round(done.peak_mb * 2**20 / asked.items),
        model_mb=round(size / 2**20, 1),
        model_bytes_an_item=round(size / asked.items),
        opened_ms=round(opened_ms, 1),
        answers=pace,
        found=judged(best, np.load(folder / "wanted.npy")[people]),
    )


def _growth(one: Size, other: Size) -> Growth:
    def exponent(before: float, after: float) -> float:
        return round(math.log(after / before) / math.log(other.items / one.items), 2)

    return Growth(
        one.model,
        (one.items, other.items),
        exponent(one.fit_cpu_seconds, other.fit_cpu_seconds),
        exponent(one.peak_mb, other.peak_mb),
        exponent(one.model_mb, other.model_mb),
    )


def _people(folder: Path) -> Ints:
    """Who is asked about: some of those with three touches whose next one is new to them."""
    asked, wanted = opened(folder, "ask"), np.load(folder / "wanted.npy")
    able = np.flatnonzero((np.diff(asked.starts) >= 3) & (wanted >= 0))
    drawn = np.random.default_rng(1).permutation(able)[: 2 * _ASKED]
    new = [one for one in drawn.tolist() if wanted[one] not in asked.item[asked.starts[one] : asked.starts[one + 1]]]
    return np.sort(np.array(new[:_ASKED], np.int64))


def _rows(asked: Touched, people: Ints) -> Ints:
    """The rows of these people's histories, one after the other."""
    return np.concatenate([np.arange(asked.starts[one], asked.starts[one + 1]) for one in people.tolist()])


def _model(folder: Path, name: str) -> BlendModel | Links:
    """The model that was fitted."""
    return blend(folder) if name == "blend" else Links(model(folder), DECAY)


def judged(best: Ints, wanted: Ints) -> Found:
    """How well lists of ten (people x 10, best first) name what each person wanted."""
    person, place = np.nonzero(best == wanted[:, None])
    gain = 1 / np.log2(place + 2)
    people = len(wanted)
    return Found(round(len(person) / people, 4), round(float(gain.sum()) / people, 4), people)
