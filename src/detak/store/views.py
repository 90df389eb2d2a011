"""The facts of a moment as one view in DuckDB's SQL: the hot tail over the sealed files."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from detak.store.base import TABLES
from detak.store.parts import Part


def view(
    name: str, parts: Sequence[Part], path: Callable[[str], Path], before: datetime | None, since: datetime | None
) -> str:
    """Make the view of a table, over its tail (``tail_NAME``) and these parts.

    ``before``, ``since``: only what happened then, UTC; see ``Store.reader``. Of parts whose days lie all within, no
    row is asked when it happened: many questions then read no times at all.
    """
    happened = _happened(name, before, since)
    whole = [part for part in parts if not happened or _within(part, before, since)]
    others = [part for part in parts if part not in whole]
    asked = f"SELECT * FROM (FROM tail_{name}{_and_of(others, path)}){happened}"
    return f"CREATE TEMP VIEW {name} AS {asked}{_and_of(whole, path)}"


def quoted(path: Path) -> str:
    """As SQL has it."""
    return str(path).replace("'", "''")


def _and_of(parts: Sequence[Part], path: Callable[[str], Path]) -> str:
    listed = ", ".join(f"'{quoted(path(part.file))}'" for part in parts)
    return f" UNION ALL BY NAME FROM read_parquet([{listed}], union_by_name = true)" if listed else ""


def _within(part: Part, before: datetime | None, since: datetime | None) -> bool:
    if part.first_day is None or part.last_day is None:
        return False
    return (before is None or part.last_day < _day(before)) and (since is None or part.first_day > _day(since))


def _day(moment: datetime) -> int:
    return int(moment.timestamp() // 86_400)


def _happened(name: str, before: datetime | None, since: datetime | None) -> str:
    """The condition on the rows of a table; counts of messages happen to nobody."""
    bounds = {"<": before, ">=": since} if "subject" in TABLES[name].names else {}
    told = [f"coalesce(time, received) {sign} TIMESTAMP '{_utc(at)}'" for sign, at in bounds.items() if at is not None]
    return f" WHERE {' AND '.join(told)}" if told else ""


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
