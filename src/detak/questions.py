"""What is asked of an engine and what it answers, as values; and the reports there are."""

import re
from dataclasses import fields

import msgspec

from detak.errors import UsageError
from detak.insights.base import Insight
from detak.plugins import member, members
from detak.store.registry import AuditRow

_SOURCE = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")


class Question(msgspec.Struct, frozen=True):
    """A report that somebody asks for: its name, its parameters as text, and the language to answer in."""

    name: str
    parameters: dict[str, str] = {}
    language: str | None = None
    bots: bool = False  # what programs did counts too


class Answer(msgspec.Struct, frozen=True):
    """A report, for a program and for a terminal."""

    report: msgspec.Raw
    text: str


class Audit(msgspec.Struct, frozen=True):
    """The audit chain, and the first row that does not fit it (null: it holds)."""

    rows: list[AuditRow]
    broken_at: int | None


class Consent(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a person says of their data. Names are purposes, or categories of the shop's consent tool."""

    user_id: str | int | None = None
    anonymous_id: str | int | None = None
    category_preferences: dict[str, bool] = {}
    purposes: dict[str, bool] = {}


def source_name(name: str) -> str:
    """The name of a source, if one can be called so.

    Raises:
        UsageError: it is not 1 to 64 letters, digits, ``_``, ``.`` or ``-``, a letter or a digit first.
    """
    if not _SOURCE.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} cannot be the name of a source: take at most 64 letters, digits, '_', '.' and '-', "
            "a letter or a digit first"
        )
    return name


def report_names() -> list[str]:
    """The reports there are."""
    return list(members("detak.insights", "insight"))


def report_parameters() -> dict[str, list[str]]:
    """The parameters of reports, each with the names of the reports that take it."""
    found: dict[str, list[str]] = {}
    for name, kind in members("detak.insights", "insight").items():
        for field in fields(kind):
            found.setdefault(field.name, []).append(name)
    return found


def insight_of(question: Question) -> Insight:
    """The insight that answers a question.

    Raises:
        UsageError: there is no such report or parameter.
    """
    kind = member("detak.insights", "insight", question.name, "report")
    try:
        made: Insight = msgspec.convert(question.parameters, kind, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"{question.name}: {error}") from None
    known = {field.name for field in fields(kind)}
    unknown = set(question.parameters) - known
    if unknown:
        listed = ", ".join(sorted(known)) or "none"
        raise UsageError(f"{question.name} has no parameter {', '.join(sorted(unknown))}; it has: {listed}")
    return made
