"""A fit at a shop's size, in a process of its own, so that its memory is its own: ``python -m detak.bench.at_size``.

It reads a ``Job`` from its standard input and writes a ``Done`` to its standard output. What it works on lies in a
folder as plain arrays: ``fit_item`` and ``fit_starts``, the histories to be fitted; ``ask_item`` and ``ask_starts``,
those to be answered, where they are others; ``wanted``, by person the touch to be found (-1: none); ``items``, how many
there are.
"""

import resource
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from scipy import sparse

from detak.bench.tastes import touches
from detak.recommend.base import Interactions
from detak.recommend.blend import Blend, BlendModel
from detak.recommend.solve import Effort, regress
from detak.recommend.windows import Touched, Window, regress_windows, thinned

DECAY: Final = 0.8
_WINDOW: Final = Window.fading(DECAY, 0.5, 10)
_PENALTY: Final = 30.0


class Job(msgspec.Struct, frozen=True):
    """What to do in the folder: ``make`` touches of a made shop, fit the ``dense`` or the ``near`` way, or the
    ``blend``, or ``refit`` the blend as was chosen before."""

    folder: str
    step: str
    items: int = 0
    touches: int = 0
    neighbours: int = 50
    seed: int = 1


class Done(msgspec.Struct, frozen=True):
    """What it took. ``cpu_seconds`` is the time of all cores; ``peak_mb`` the most memory that the process held."""

    seconds: float
    cpu_seconds: float
    peak_mb: int


def keep(folder: Path, arrays: dict[str, np.ndarray[Any, Any]]) -> None:
    """Write arrays into the folder."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def opened(folder: Path, part: str) -> Touched:
    """The histories to ``fit``, or to ``ask``, mapped into memory."""
    part = part if (folder / f"{part}_item.npy").exists() else "fit"
    item, starts = (np.load(folder / f"{part}_{name}.npy", mmap_mode="r") for name in ("item", "starts"))
    return Touched(item, starts, int(np.load(folder / "items.npy")))


def model(folder: Path) -> sparse.csr_array:
    """What was fitted, mapped into memory."""
    parts = tuple(np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("data", "indices", "indptr"))
    size = len(parts[2]) - 1
    return sparse.csr_array(parts, shape=(size, size), copy=False)


def blend(folder: Path) -> BlendModel:
    """The blend that was fitted, mapped into memory."""
    kept = {path.stem.replace("-", "/"): np.asarray(np.load(path, mmap_mode="r")) for path in _parts(folder)}
    return Blend().load(kept)


def nbytes(folder: Path, name: str) -> int:
    """How large a model is in its files."""
    parts = _parts(folder) if name == "blend" else [folder / f"{one}.npy" for one in ("data", "indices", "indptr")]
    return sum(path.stat().st_size for path in parts)


def _parts(folder: Path) -> list[Path]:
    return sorted((folder / "blend").glob("*.npy"))


def _make(job: Job) -> None:
    """All but each person's last touch to be fitted, the last one to be found."""
    made = touches(job.items, job.touches, job.seed)
    lengths = np.diff(made.starts)
    last = made.starts[1:][lengths > 1] - 1
    kept = np.ones(len(made.item), np.bool_)
    kept[last] = False
    wanted = np.full(len(lengths), -1, np.int32)
    wanted[lengths > 1] = made.item[last]
    starts = np.concatenate([[0], np.cumsum(lengths - (lengths > 1))])
    arrays = {"fit_item": made.item[kept], "fit_starts": starts, "wanted": wanted, "items": np.array(made.items)}
    keep(Path(job.folder), arrays)


def _near(job: Job) -> None:
    histories = opened(Path(job.folder), "fit")
    _fitted(job, regress_windows(histories, _WINDOW, _PENALTY, Effort("near", job.neighbours)))


def _dense(job: Job) -> None:
    histories = opened(Path(job.folder), "fit")
    sums = thinned(histories, _WINDOW, (histories.items, histories.items))
    _fitted(job, regress(sums.gram, sparse.csr_array(sums.cross), _PENALTY, Effort("dense")))


def _blend(job: Job) -> None:
    _keep_blend(job, Blend().fit(_data(job)))


def _refit(job: Job) -> None:
    _keep_blend(job, Blend().refit(_data(job), blend(Path(job.folder))))


def _data(job: Job) -> Interactions:
    histories = opened(Path(job.folder), "fit")
    lengths = np.diff(histories.starts)
    count = len(histories.item)
    return Interactions(
        np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        np.array(histories.item),
        np.zeros(count, np.int64),
        np.ones(count, np.float32),
        np.arange(len(lengths)),
        tuple(map(str, range(histories.items))),
    )


def _keep_blend(job: Job, fitted: BlendModel) -> None:
    folder = Path(job.folder) / "blend"
    folder.mkdir(exist_ok=True)
    # What was mapped into memory must not be written over.
    arrays = {name.replace("/", "-"): array for name, array in fitted.arrays().items()}
    for path in _parts(Path(job.folder)):
        path.unlink()
    keep(folder, arrays)


def _fitted(job: Job, weight: sparse.csr_array) -> None:
    keep(Path(job.folder), {"indptr": weight.indptr, "indices": weight.indices, "data": weight.data})


def main() -> None:
    """The process itself."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    began, worked = time.perf_counter(), time.process_time()
    {"make": _make, "near": _near, "dense": _dense, "blend": _blend, "refit": _refit}[job.step](job)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    done = Done(round(time.perf_counter() - began, 1), round(time.process_time() - worked, 1), peak)
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
