"""What is asked of an engine and what it answers, as values; and the reports there are.

A parameter of a report's own goes to it; what else is given narrows down what it looks at (``insights.filters``).
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from typing import NamedTuple

import msgspec

from detak.consent import Purpose
from detak.errors import UsageError, WordedError
from detak.insights.base import Insight
from detak.insights.filters import NAMES, Filters, read
from detak.plugins import member, members
from detak.store.registry import AuditRow

_SOURCE = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report that somebody asks for: its name, its parameters and filters as text, and the language to answer in."""

    name: str
    parameters: dict[str, str] = {}
    language: str | None = None
    bots: bool = False  # what programs did counts too
    compare: bool = False  # with as many days directly before
    people: str | None = None  # not the report, but who is behind the number with this key
    anew: bool = False  # however long it takes, and though it was answered a while ago


class Answer(msgspec.Struct, frozen=True):
    """A report, for a program and for a terminal."""

    report: msgspec.Raw
    text: str
    at: datetime
    """Of which moment it is, UTC: some time ago, where the answer takes long."""


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


def of_people(name: str) -> bool:
    """Whether a report is about what people did: it can be narrowed down, and compared with the period before."""
    kind = member("detak.insights", "insight", name, "report")
    return getattr(kind, "purpose", None) is not Purpose.ESSENTIAL


def report_parameters() -> dict[str, list[str]]:
    """The parameters of reports, each with the names of the reports that take it."""
    found: dict[str, list[str]] = {}
    for name, kind in members("detak.insights", "insight").items():
        for field in fields(kind):
            found.setdefault(field.name, []).append(name)
    return found


class Parameter(NamedTuple):
    """What a report can be asked: how it is called, what holds where nothing is said, and what can be said."""

    name: str
    usual: str
    """Empty: nothing, or it depends on the moment."""
    choices: tuple[str, ...]
    """Empty: anything."""
    number: bool


def parameters_of(name: str) -> list[Parameter]:
    """What the report can be asked besides the filters, in its own order; nothing of a report that is not there."""
    kind = members("detak.insights", "insight").get(name)
    choices: Mapping[str, tuple[str, ...]] = getattr(kind, "choices", {})
    return [
        Parameter(
            field.name,
            "" if field.default in (None, MISSING) else f"{field.default:g}" if number else str(field.default),
            tuple(choices.get(field.name, ())),
            number,
        )
        for field in (fields(kind) if kind else ())
        for number in [isinstance(field.default, int | float)]
    ]


def asked(question: Question) -> tuple[Insight, Filters]:
    """The insight that answers a question, and what it is to look at.

    Raises:
        UsageError: there is no such report, parameter or filter, or one cannot be read.
    """
    if question.name not in report_names():
        raise WordedError("report", {"name": question.name[:80], "known": ", ".join(report_names())})
    kind = member("detak.insights", "insight", question.name, "report")
    known = {field.name for field in fields(kind)}
    own = {name: value for name, value in question.parameters.items() if name in known}
    others = {name: value for name, value in question.parameters.items() if name not in known}
    if unknown := others.keys() - set(NAMES):
        told = {"report": question.name, "name": ", ".join(sorted(unknown))[:80], "filters": ", ".join(NAMES)}
        listed = ", ".join(sorted(known))
        raise WordedError("parameter", {**told, "own": listed}) if listed else WordedError("no_parameter", told)
    try:
        insight: Insight = msgspec.convert(own, kind, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].strip("`")
        key = "not_a_moment" if "datetime" in str(error) else "unreadable"
        raise WordedError(key, {"name": name, "value": own.get(name, "")[:40]}) from None
    if (others or question.compare) and insight.purpose is Purpose.ESSENTIAL:
        raise WordedError("counts_messages", {"report": question.name})
    return insight, read(others)
