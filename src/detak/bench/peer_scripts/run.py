"""Runs one of these programs: ``python run.py PROGRAM.py FOLDER``. The question lies in the folder, so does the answer.

``question.json`` and ``question.npz`` go in; ``answer.json`` and ``answer.npz`` come out. What the program prints goes
to the standard error: packages say much while they work.
"""

import contextlib
import json
import resource
import runpy
import sys
import time
from pathlib import Path

import numpy as np


def main(program: str, folder: Path) -> None:
    """Answer the question in the folder."""
    question = json.loads((folder / "question.json").read_text(encoding="utf-8"))
    with np.load(folder / "question.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    with contextlib.redirect_stdout(sys.stderr):
        answer = runpy.run_path(program)["answer"]
        began, worked = time.perf_counter(), time.process_time()
        said, made = answer(question, arrays)
        spent = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - worked}
    np.savez(folder / "answer.npz", **made)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"said": said, **{key: round(value, 3) for key, value in spent.items()}, "peak_mb": round(peak)}
    (folder / "answer.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
