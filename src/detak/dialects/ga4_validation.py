"""What Google's validation server would say of a Measurement Protocol body. Pure.

Source: Measurement Protocol (Google Analytics 4), "Validating events" and the limits of its reference.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from detak.dialects.body import decoded
from detak.errors import RowError

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_MOST_EVENTS: Final = 25
_MOST_PARAMETERS: Final = 25
_RESERVED: Final = ("google_", "ga_", "firebase_")


class Remark(msgspec.Struct, rename="camel", frozen=True):
    """One thing that is not as it should be."""

    field_path: str
    description: str
    validation_code: str


def remarks(body: bytes) -> list[Remark]:
    """What is wrong with a body; nothing: Google, and the way in, would take all of it."""
    try:
        told = decoded(body)
    except RowError as error:
        return [Remark("", f"The payload {error.reason}.", "VALUE_INVALID")]
    if not isinstance(told, dict):
        return [Remark("", "The payload is not an object.", "VALUE_INVALID")]
    return [*_of_person(told), *_of_events(told.get("events"))]


def _of_person(told: dict[str, Any]) -> Iterator[Remark]:
    if not (told.get("client_id") or told.get("app_instance_id")):
        yield Remark("client_id", "Measurement requires a client_id or an app_instance_id.", "VALUE_REQUIRED")
    yield from _of_time(told, "")


def _of_events(events: object) -> Iterator[Remark]:
    if not isinstance(events, list) or not events:
        yield Remark("events", "A list of one event or more is required.", "VALUE_REQUIRED")
        return
    if len(events) > _MOST_EVENTS:
        yield Remark("events", f"Has more than {_MOST_EVENTS} events.", "EXCEEDED_MAX_ENTITIES")
    for number, event in enumerate(events[:_MOST_EVENTS]):
        where = f"events[{number}]"
        if isinstance(event, dict):
            yield from _of_event(event, where)
        else:
            yield Remark(where, "Is not an object.", "VALUE_INVALID")


def _of_event(event: dict[str, Any], where: str) -> Iterator[Remark]:
    name = event.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield Remark(f"{where}.name", "At most 40 letters, digits and underscores, a letter first.", "NAME_INVALID")
    elif name.startswith(_RESERVED):
        yield Remark(f"{where}.name", f"Begins with {', '.join(_RESERVED)}: reserved.", "NAME_RESERVED")
    parameters = event.get("params", {})
    if not isinstance(parameters, dict):
        yield Remark(f"{where}.params", "Is not an object.", "VALUE_INVALID")
    elif len(parameters) > _MOST_PARAMETERS:
        yield Remark(f"{where}.params", f"Has more than {_MOST_PARAMETERS} parameters.", "EXCEEDED_MAX_ENTITIES")
    yield from _of_time(event, f"{where}.")


def _of_time(holder: dict[str, Any], where: str) -> Iterator[Remark]:
    micros = holder.get("timestamp_micros")
    if micros is not None and not str(micros).isdecimal():
        yield Remark(f"{where}timestamp_micros", "Is not a whole number of microseconds.", "VALUE_INVALID")
