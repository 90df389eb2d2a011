"""What does not fit where a message, a question or a file is read by its type: a misspelt key is told with the one
that is meant, or with those that there are."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final

import msgspec
from msgspec import inspect

_STEP: Final = re.compile(r"\.(\w+)|\[(?:\d+|\.{3})\]")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_NEAR: Final = 0.7
_LONGEST: Final = 64  # of a name that is repeated


def misfit(error: msgspec.ValidationError, kind: Any) -> tuple[str, str]:
    """Where something does not fit (``placements[0].k``; empty: the whole), and what.

    Args:
        error: as msgspec raised it.
        kind: the type by which was read.
    """
    told, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`").strip(".")
    unknown = _UNKNOWN.fullmatch(told)
    if unknown is None:
        return path, told
    name = unknown["name"]
    known = _fields(kind, path)
    return path, f"Object contains unknown field `{name[:_LONGEST]}`; {hint(name, known)}"


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
    found = [inspect.type_info(kind)]
    for step in _STEP.finditer(f".{path}" if path and path[0] != "[" else path):
        found = [inner for one in found for inner in _inside(_bare(one), step[1])]
    return [field.encode_name for one in found for field in _named(_bare(one))]


def _bare(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _inside(info: inspect.Type, name: str | None) -> list[inspect.Type]:
    """What may stand one step further down."""
    if isinstance(info, inspect.UnionType):
        return [inner for one in info.types for inner in _inside(_bare(one), name)]
    if isinstance(info, inspect.DictType):
        return [info.value_type]
    if isinstance(info, inspect.StructType):
        return [field.type for field in info.fields if field.encode_name == name]
    return [info.item_type] if isinstance(info, inspect.ListType | inspect.VarTupleType) else []


def _named(info: inspect.Type) -> list[inspect.Field]:
    if isinstance(info, inspect.UnionType):
        return [field for one in info.types for field in _named(_bare(one))]
    return list(info.fields) if isinstance(info, inspect.StructType) else []
