"""What a crash of the machine leaves that one of the process does not: torn ends, halves of files, leftovers.

Only what a machine may really do: nothing is taken that was durable when the server said so.
"""

import json
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from detak.decision import Decided
from detak.store.log import Log
from tests.crash.ledger import Ledger


def tear(store: Path, ledger: Ledger, rng: random.Random) -> str:
    """Cut the log somewhere behind the last record that anybody was told of."""
    last = _last_segment(store)
    if last is None:
        return _NOTHING
    floor = max(_told(store, ledger), int(last.stem)) - int(last.stem)
    size = last.stat().st_size
    if size <= floor:
        return rubbish(store, ledger, rng)
    with last.open("r+b") as file:
        file.truncate(rng.randrange(floor, size))
    return "log torn"


def rubbish(store: Path, _: Ledger, rng: random.Random) -> str:
    """Behind the log: bytes of another file, blocks never written, the beginning of a record."""
    last = _last_segment(store)
    if last is None:
        return _NOTHING
    kind = rng.choice(["bytes", "zeros", "beginning"])
    with last.open("r+b") as file:
        begins = file.read(4096)
        file.seek(0, 2)
        if kind == "bytes":
            file.write(rng.randbytes(rng.randint(1, 9000)))
        elif kind == "zeros":
            file.write(b"\0" * rng.choice([1, 9, 10, 512, 4096, 65_536]))
        else:
            file.write(begins[: rng.randint(1, max(1, min(len(begins) - 1, 60)))])
    return f"log followed by {kind}"


def leftovers(store: Path, _: Ledger, rng: random.Random) -> str:
    """Files half written, under their temporary names and, where nothing names them yet, under their own."""
    facts = store / "facts"
    facts.mkdir(exist_ok=True)
    counter = _manifest(store).get("counter", 0)
    whole = [path.read_bytes() for path in sorted(facts.glob("*.parquet"))[:1]] or [rng.randbytes(3000)]
    half = whole[0][: rng.randrange(1, len(whole[0]))]
    for name in (f"events-{counter + 1:08d}.parquet", f".items-{counter + 2:08d}.parquet.tmp", ".manifest.json.tmp"):
        (facts / name).write_bytes(half)
    (facts / f"keys-{counter + 3:08d}.npy").write_bytes(rng.randbytes(100))
    for name in (".address.json.tmp", ".admin.token.tmp", "address.json"):
        (store / name).write_bytes(half[:40])
    rejects = store / "rejects"
    rejects.mkdir(exist_ok=True)
    (rejects / f".aside-{counter}.body.tmp").write_bytes(half)
    with (rejects / "live.jsonl").open("ab") as file:
        file.write(b'{"offset":1')
    return "files half written"


def spared(_: Path, __: Ledger, ___: random.Random) -> str:
    """Only the process died."""
    return _NOTHING


_NOTHING = "none"
DAMAGES: tuple[Callable[[Path, Ledger, random.Random], str], ...] = (spared, tear, tear, rubbish, leftovers)


def _last_segment(store: Path) -> Path | None:
    return max((store / "log").glob("*.log"), default=None)


def _manifest(store: Path) -> dict[str, int]:
    path = store / "facts" / "manifest.json"
    found: dict[str, int] = json.loads(path.read_bytes()) if path.exists() else {}
    return found


def _told(store: Path, ledger: Ledger) -> int:
    """The offset behind everything that was acknowledged or sealed: what no crash of a machine can take."""
    first = min(int(path.stem) for path in (store / "log").glob("*.log"))
    sealed = _manifest(store).get("offset", 0)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "log"
        shutil.copytree(store / "log", copy)
        log = Log(copy, queue_bytes=1, start=first)
        records = [(first, b"")]
        while found := log.read(records[-1][0], 1 << 26):
            records += [(record.end, record.body) for record in found]
        log.close()
    return max([first, sealed, *(end for end, body in records[1:] if not _unanswered(body, ledger))])


class _Id(msgspec.Struct, rename="camel"):
    message_id: str = ""


class _Ids(msgspec.Struct):
    batch: list[_Id]


def _unanswered(body: bytes, ledger: Ledger) -> bool:
    """Whether it is a client's, and the client heard nothing of any of its messages; or decisions, and nobody did."""
    if body.startswith(b"["):
        decisions = msgspec.json.decode(body, type=Decided).decisions
        assert isinstance(decisions, list)
        return all(one.decision_id not in ledger.decided for one in decisions)
    ids = [one.message_id for one in msgspec.json.decode(body, type=_Ids).batch if one.message_id]
    return bool(ids) and all(one in ledger.sent and one not in ledger.acknowledged for one in ids)
