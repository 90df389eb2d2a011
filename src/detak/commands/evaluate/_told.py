"""What the evaluations of recommenders share: files of sequences, what a run costs, and how figures are told."""

import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from detak.errors import SourceError
from detak.recommend.sequence_lines import Read, read

_SHOWN = 5


def sequence_file(path: Path) -> Read:
    """The sequences of a file.

    Raises:
        SourceError: it cannot be read, or no line of it can be used.
    """
    try:
        with path.open("rb") as lines:
            found = read(lines)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    if not found.sequences:
        first = f" The first: {found.problems[0]}" if found.problems else ""
        raise SourceError(
            f"{path}: no line can be used. A line is `user item item ...`, oldest first, separated by spaces.{first}"
        )
    return found


def kept_aside(files: Mapping[str, Read]) -> dict[str, Any]:
    """What the answer says of the lines that were not used."""
    told = [f"{name} {problem}" for name, one in files.items() for problem in one.problems]
    return {"lines_kept_aside": sum(one.kept_aside for one in files.values()), "problems": told[:_SHOWN]}


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """``fit_seconds`` and, of the process so far, ``peak_mb``; filled in at the end."""
    costs: dict[str, float] = {}
    begin = time.perf_counter()
    yield costs
    costs["fit_seconds"] = round(time.perf_counter() - begin, 2)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    costs["peak_mb"] = round(most / (1_048_576 if sys.platform == "darwin" else 1_024), 1)


def rounded(figures: Mapping[str, float]) -> dict[str, float]:
    """To five digits, which is more than the intervals allow."""
    return {name: round(value, 5) for name, value in figures.items()}


def text(answer: Mapping[str, Any]) -> str:
    """The answer line by line."""
    flat = {name: value for name, value in answer.items() if not isinstance(value, dict | list)}
    lines = [f"{name:24} {value:>12}" for name, value in flat.items()]
    groups = {name: value for name, value in answer.items() if isinstance(value, dict)}
    lines += [f"{name}: " + ", ".join(f"{key} {one}" for key, one in group.items()) for name, group in groups.items()]
    lines += [f"kept aside: {one}" for one in answer.get("problems", [])]
    return "\n".join(lines)
