"""Runs one of these programs: ``python run.py PROGRAM.py FOLDER``. The question lies in the folder, so does the answer.
In the question is ``paced`` besides, for programs that are asked how quickly they answer.

``question.json`` and ``question.npz`` go in; ``answer.json`` and ``answer.npz`` come out. What the program prints goes
to the standard error: packages say much while they work.
"""

import contextlib
import json
import resource
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_ALONE = 200
"""People who are asked about one after the other, at most; fewer, where they take long."""
_LONG = 10.0
"""Seconds."""


def paced(recommend: Callable[[Any], Any], people: Any) -> tuple[Any, dict[str, float]]:
    """What is answered for all of them at once, and answers a second as ``detak.bench.pace.Pace`` has them."""
    some = people[:_ALONE]
    recommend(some[:1])
    began, worked = time.perf_counter(), time.process_time()
    asked = 0
    while asked < len(some) and time.perf_counter() - began < _LONG:
        recommend(some[asked : asked + 1])
        asked += 1
    alone, alone_worked = time.perf_counter() - began, time.process_time() - worked
    began, worked = time.perf_counter(), time.process_time()
    found = recommend(people)
    many, many_worked = time.perf_counter() - began, time.process_time() - worked
    return found, {
        "alone_s": asked / alone,
        "alone_a_cpu_second": asked / alone_worked,
        "many_s": len(people) / many,
        "many_a_cpu_second": len(people) / many_worked,
    }


def main(program: str, folder: Path) -> None:
    """Answer the question in the folder."""
    question = json.loads((folder / "question.json").read_text(encoding="utf-8"))
    with np.load(folder / "question.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    with contextlib.redirect_stdout(sys.stderr):
        answer = runpy.run_path(program)["answer"]
        began, worked = time.perf_counter(), time.process_time()
        said, made = answer({**question, "paced": paced}, arrays)
        spent = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - worked}
    np.savez(folder / "answer.npz", **made)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"said": said, **{key: round(value, 3) for key, value in spent.items()}, "peak_mb": round(peak)}
    (folder / "answer.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
