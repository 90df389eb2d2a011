"""Lines of sequences: ``user item item ...``, oldest first, separated by blanks. Ids are any words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detak.recommend.base import Interactions, sequences

_TOLD = 20
_LONGEST_ID = 500


@dataclass(frozen=True)
class Read:
    """The products of each usable line, and what was wrong with others: their number, and the first few in words."""

    sequences: tuple[tuple[str, ...], ...]
    kept_aside: int
    problems: tuple[str, ...]


def read(lines: Iterable[bytes]) -> Read:
    """The sequences of these lines. Empty lines are passed over; a line that cannot be used is kept aside."""
    found: list[tuple[str, ...]] = []
    problems: list[str] = []
    aside = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_items(line))
        except ValueError as error:
            aside += 1
            problems += [f"line {number}: {error}"] if len(problems) < _TOLD else []
    return Read(tuple(found), aside, tuple(problems))


def _items(line: bytes) -> tuple[str, ...]:
    if b"\0" in line:
        raise ValueError("has a NUL byte; it is not text")
    try:
        fields = line.decode("utf-8-sig").split()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    if len(fields) == 1 and any(mark in fields[0] for mark in ",;"):
        raise ValueError("is separated by commas or semicolons; separate by spaces: `user item item ...`")
    if len(fields) < 2:
        raise ValueError("names a user and no item")
    if max(map(len, fields)) > _LONGEST_ID:
        raise ValueError(f"has an id of more than {_LONGEST_ID} characters")
    return tuple(fields[1:])


def interactions(*parts: Sequence[Sequence[str]]) -> list[Interactions]:
    """Each part as interactions; all number the same products, in the order they first stand there."""
    numbers: dict[str, int] = {}
    told = [[[numbers.setdefault(item, len(numbers)) for item in row] for row in part] for part in parts]
    items = tuple(numbers)
    return [sequences(part, items) for part in told]
