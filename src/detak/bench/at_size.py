"""A fit at a shop's size, in a process of its own, so that its memory is its own: ``python -m detak.bench.at_size``.

It reads a ``Job`` from its standard input. ``make`` draws touches into the folder, ``fit`` fits what lies there; each
writes a ``Done`` to its standard output.
"""

import resource
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from scipy import sparse

from detak.bench.tastes import touches
from detak.recommend.solve import Effort
from detak.recommend.windows import Touched, Window, regress_windows

WINDOW: Final = Window.fading(0.8, 0.5, 10)
DECAY: Final = 0.8
PENALTY: Final = 10.0


class Job(msgspec.Struct, frozen=True):
    """What to do in the folder."""

    folder: str
    step: str
    items: int = 0
    touches: int = 0
    neighbours: int = 0
    seed: int = 1


class Done(msgspec.Struct, frozen=True):
    """What it took. ``cpu_seconds`` is the time of all cores; ``peak_mb`` the most memory that the process held."""

    seconds: float
    cpu_seconds: float
    peak_mb: int


def make(job: Job) -> None:
    """Touches of a made shop: all but each person's last one to be fitted, the last one to be found."""
    made = touches(job.items, job.touches, job.seed)
    lengths = np.diff(made.starts)
    last = made.starts[1:][lengths > 1] - 1
    kept = np.ones(len(made.item), np.bool_)
    kept[last] = False
    wanted = np.full(len(lengths), -1, np.int32)
    wanted[lengths > 1] = made.item[last]
    starts = np.concatenate([[0], np.cumsum(lengths - (lengths > 1))])
    parts = {"item": made.item[kept], "starts": starts, "wanted": wanted, "items": np.array(made.items)}
    for name, array in parts.items():
        np.save(Path(job.folder) / f"{name}.npy", array)


def opened(folder: Path) -> Touched:
    """What ``make`` wrote, mapped into memory."""
    item, starts = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("item", "starts"))
    return Touched(item, starts, int(np.load(folder / "items.npy")))


def fit(job: Job) -> None:
    """The regression of the folder's touches, kept beside them."""
    folder = Path(job.folder)
    weight = regress_windows(opened(folder), WINDOW, PENALTY, Effort("near", job.neighbours))
    for name, array in (("indptr", weight.indptr), ("indices", weight.indices), ("data", weight.data)):
        np.save(folder / f"{name}.npy", array)


def model(folder: Path) -> sparse.csr_array:
    """What ``fit`` wrote, mapped into memory."""
    parts = tuple(np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("data", "indices", "indptr"))
    size = len(parts[2]) - 1
    return sparse.csr_array(parts, shape=(size, size), copy=False)


def main() -> None:
    """The process itself."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    began, worked = time.perf_counter(), time.process_time()
    {"make": make, "fit": fit}[job.step](job)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    done = Done(round(time.perf_counter() - began, 1), round(time.process_time() - worked, 1), peak)
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
