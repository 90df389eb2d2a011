"""What does not fit where a message, a question or a file is read by its type: a misspelt key is told with the one
that is meant, or with those that there are."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from detak.words import knows, say

_STEP: Final = re.compile(r"\.(\w+)|\[(?:\d+|\.{3})\]")
_FORMS: Final = {
    "unknown": re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL),
    "missing": re.compile(r"Object missing required field `(?P<name>.*)`"),
    "kind": re.compile(r"Expected `(?P<wanted>\w+)(?: \| null)?`, got `(?P<got>\w+)`"),
    "least": re.compile(r"Expected `(?:int|float)` >= (?P<bound>\S+)"),
    "most": re.compile(r"Expected `(?:int|float)` <= (?P<bound>\S+)"),
    "above": re.compile(r"Expected `(?:int|float)` > (?P<bound>\S+)"),
    "empty": re.compile(r"Expected `str` of length >= 1"),
    "long": re.compile(r"Expected `str` of length <= (?P<bound>\d+)"),
    "choice": re.compile(r"Invalid enum value (?P<value>.*)", re.DOTALL),
    "day": re.compile(r"is no day such as .*"),
}
"""What msgspec says, and what ``span`` does, by the text that says it in other words."""
_NEAR: Final = 0.7
_LONGEST: Final = 64  # of a name that is repeated


class Misfit(NamedTuple):
    """What does not fit, and where."""

    path: str
    """As ``placements[0].k``; empty: the whole."""
    told: str
    """In English, as msgspec says it."""
    key: str = "other"
    values: Mapping[str, str] = MappingProxyType({})

    def said(self, language: str) -> str:
        """The same for whoever wrote a file and is no engineer, in their language."""
        return say(
            language,
            f"misfit.{self.key}",
            told=self.told,
            **{
                name: say(language, f"misfit_kind.{value}") if knows(language, f"misfit_kind.{value}") else value
                for name, value in self.values.items()
            },
        )


def misfit(error: msgspec.ValidationError, kind: Any) -> Misfit:
    """What does not fit.

    Args:
        error: as msgspec raised it.
        kind: the type by which was read.
    """
    told, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`").strip(".")
    key, values = next(
        ((key, found.groupdict()) for key, form in _FORMS.items() if (found := form.fullmatch(told))), ("other", {})
    )
    if key == "kind" and values["got"] == "float":
        values = {**values, "got": "decimal"}
    if key == "most" and float(values["bound"]) <= 1:
        key = "share"
    if key == "unknown":
        return unknown(values["name"], _fields(kind, path), path)
    if key == "choice":
        values = {**values, "known": ", ".join(_choices(kind, path))}
    return Misfit(path, told, key, values)


def unknown(name: str, known: Sequence[str], path: str = "") -> Misfit:
    """A name that there is not, among those that there are."""
    shown, near, listed = name[:_LONGEST], meant(name, known) or "", ", ".join(known)
    told = f"Object contains unknown field `{shown}`; {hint(name, known)}"
    return Misfit(path, told, "misspelt" if near else "unknown", {"name": shown, "near": near, "known": listed})


def hint(name: str, known: Sequence[str]) -> str:
    """What to write instead of a name that there is not."""
    near = meant(name, known)
    return f"is `{near}` meant?" if near else f"there are: {', '.join(known)}"


def meant(name: str, known: Iterable[str]) -> str | None:
    """The one that a misspelt name means, if it is like any: ``user_id`` is ``userId``, ``contxt`` is ``context``."""
    plain = {_plain(one): one for one in known}
    near = get_close_matches(_plain(name), plain, 1, _NEAR)
    return plain[near[0]] if near else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _fields(kind: Any, path: str) -> list[str]:
    """The names that an object may have there."""
    return [
        field.encode_name for one in _there(kind, path) if isinstance(one, inspect.StructType) for field in one.fields
    ]


def _choices(kind: Any, path: str) -> list[str]:
    """The values of which one may stand there."""
    return [str(value) for one in _there(kind, path) if isinstance(one, inspect.LiteralType) for value in one.values]


def _there(kind: Any, path: str) -> list[inspect.Type]:
    """What may stand there."""
    found = _each(inspect.type_info(kind))
    for step in _STEP.finditer(f".{path}" if path and path[0] != "[" else path):
        found = [inner for one in found for inner in _inside(one, step[1])]
    return found


def _each(info: inspect.Type) -> list[inspect.Type]:
    """The types of which something may be, each by itself."""
    if isinstance(info, inspect.Metadata):
        return _each(info.type)
    return [inner for one in info.types for inner in _each(one)] if isinstance(info, inspect.UnionType) else [info]


def _inside(info: inspect.Type, name: str | None) -> list[inspect.Type]:
    """What may stand one step further down."""
    if isinstance(info, inspect.DictType):
        return _each(info.value_type)
    if isinstance(info, inspect.StructType):
        return [inner for field in info.fields if field.encode_name == name for inner in _each(field.type)]
    return _each(info.item_type) if isinstance(info, inspect.ListType | inspect.VarTupleType) else []
