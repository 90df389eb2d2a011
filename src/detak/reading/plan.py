"""The tracking plan: what a shop's events should say, and what is wrong with those that do not.

It covers the e-commerce spec v2 from the start; ``plan.toml`` in the store adds to it and overrides it. It is lenient:
real data is poor, so only an event that means nothing without what it lacks is put aside. All else is used and counted.

Every event is judged, so the plan judges shapes: the names and types of an event's properties, which repeat. What a
shape lacks is worked out once; of each event only its amounts and its empty texts are looked at.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec

from detak.errors import RowError, SettingsError
from detak.event_names import Names

_INF: Final = float("inf")
_SHAPES: Final = 8_192  # remembered; clients choose their shapes, so there may be no end of them
_PRODUCTS: Final = 5  # of an event that are looked at: what is wrong with a list is wrong with its first entries
_LISTED: Final = "products[]."
_DETAIL: Final = 160
_SHOWN: Final = 3  # of a group
_ACCEPTED: Final[dict[str, frozenset[type]]] = {
    "id": frozenset({str, int}),
    "text": frozenset({str}),
    "number": frozenset({int, float}),
    "integer": frozenset({int}),
    "boolean": frozenset({bool}),
    "list": frozenset({list}),
    "object": frozenset({dict}),
}
_CALLED: Final[dict[type, str]] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", list: "a list", dict: "an object",
}  # fmt: skip
_WANTED: Final = {
    "id": "text", "text": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
    "list": "a list", "object": "an object",
}  # fmt: skip

Group = tuple[str, ...]
"""Fields of which one is asked for."""


class Flaw(NamedTuple):
    """What is wrong with an event."""

    field: str
    problem: str
    aside: bool
    """Whether the event cannot be used."""

    @property
    def outcome(self) -> Literal["missing", "unfit"]:
        """What it is counted as."""
        return "missing" if self.problem == MISSING else "unfit"

    @property
    def detail(self) -> str:
        """What is counted: the field that is missing; the field and the problem."""
        return (self.field if self.problem == MISSING else f"{self.field}: {self.problem}")[:_DETAIL]


MISSING: Final = "is missing"


class FieldPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a field holds."""

    type: Literal["id", "text", "number", "integer", "boolean", "list", "object"]
    least: float | None = None
    most: float | None = None


class EventPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an event must and should say; ``a|b`` asks for one of them."""

    required: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class PlanFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole plan, as its file says it."""

    unknown_events: Literal["allow", "flag", "aside"] = "allow"
    fields: dict[str, FieldPlan] = {}
    events: dict[str, EventPlan] = {}


class _Asked(NamedTuple):
    """What is asked of an event, or of each of its products."""

    required: tuple[Group, ...]
    expected: tuple[Group, ...]
    products: "_Asked | None"


_NOTHING: Final = _Asked((), (), None)


_Texts = Callable[[Mapping[str, Any]], tuple[str, ...]]
_Bound = tuple[str, float, float]
_Shape = tuple[tuple[Flaw, ...], tuple[_Bound, ...], _Texts | None, _Asked | None]
"""What is known of all events of one shape: its flaws; the amounts to look at, and their bounds; the texts asked for,
of which an empty one is missing; what is asked of its products. A plain tuple: it is opened once an event."""


class Plan:
    """A plan, ready to judge. Any thread may ask."""

    def __init__(self, told: PlanFile) -> None:
        self._fields = told.fields
        self._asked = {name: _asked(event) for name, event in told.events.items()}
        self._shapes: dict[tuple[object, ...], _Shape] = {}
        names = Names({name: event.aliases for name, event in told.events.items()})
        self._unknown: Callable[[str], tuple[Flaw, ...]] = lru_cache(_SHAPES)(
            lambda event: _stranger(names.meant(event), told.unknown_events)
        )

    def flaws(self, event: str, properties: Mapping[str, Any]) -> tuple[Flaw, ...]:
        """What is wrong with an event; nothing, if nothing is.

        Args:
            event: its name.
            properties: as decoded from JSON.
        """
        asked = self._asked.get(event)
        if asked is None:
            return self._unknown(event)
        return self._judge(event, asked, properties) if asked is not _NOTHING else ()

    def check(self, event: str, properties: Mapping[str, Any]) -> str | None:
        """What is counted of an event that is used all the same: ``outcome:detail``, one a line; None where nothing is.

        Raises:
            RowError: the event cannot be used.
        """
        flaws = self.flaws(event, properties)
        if not flaws:
            return None
        for flaw in flaws:
            if flaw.aside:
                raise RowError(flaw.field, flaw.problem)
        return "\n".join(f"{flaw.outcome}:{flaw.detail}" for flaw in flaws)

    def _judge(self, event: str, asked: _Asked, properties: Mapping[str, Any]) -> tuple[Flaw, ...]:
        key = (event, *properties, *map(type, properties.values()))
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._learn(key, asked, properties)
        flaws, bounded, texts, products = shape
        if texts is not None and not all(texts(properties)):
            return self._judge(event, asked, {name: value for name, value in properties.items() if value != ""})
        for field, least, most in bounded:
            if not least <= properties[field] <= most:
                flaws += (_beyond(field, least, most, properties[field]),)
        if products is not None:
            flaws += self._of_products(event, products, properties["products"])
        return flaws

    def _of_products(self, event: str, asked: _Asked, products: Iterable[Any]) -> tuple[Flaw, ...]:
        found: dict[Flaw, None] = {}
        for one in islice(products, _PRODUCTS):
            if type(one) is not dict:
                found[Flaw(_LISTED[:-1], "is not an object", aside=False)] = None
                continue
            for field, problem, _ in self._judge(_LISTED + event, asked, one):
                found[Flaw(_LISTED + field, problem, aside=False)] = None
        return tuple(found)

    def _learn(self, key: tuple[object, ...], asked: _Asked, properties: Mapping[str, Any]) -> _Shape:
        said = {name: type(value) for name, value in properties.items() if value is not None}
        flaws = (
            *(Flaw(_shown(group), MISSING, aside=True) for group in asked.required if said.keys().isdisjoint(group)),
            *(Flaw(_shown(group), MISSING, aside=False) for group in asked.expected if said.keys().isdisjoint(group)),
            *self._unfit(said),
        )
        wanted = {field for group in (*asked.required, *asked.expected) for field in group}
        texts = [name for name, kind in said.items() if kind is str and name in wanted]
        getter = itemgetter(*texts, texts[0]) if texts else None  # one twice: of a single name it makes no tuple
        shape: _Shape = (
            flaws,
            tuple(self._bounds(said)),
            getter,
            asked.products if said.get("products") is list else None,
        )
        if len(self._shapes) >= _SHAPES:
            self._shapes.clear()
        self._shapes[key] = shape
        return shape

    def _unfit(self, said: Mapping[str, type]) -> Iterator[Flaw]:
        for name, kind in said.items():
            plan = self._fields.get(name)
            if plan and kind not in _ACCEPTED[plan.type]:
                yield Flaw(name, f"is {_CALLED.get(kind, kind.__name__)}, not {_WANTED[plan.type]}", aside=False)

    def _bounds(self, said: Mapping[str, type]) -> Iterator[_Bound]:
        for name, kind in said.items():
            plan = self._fields.get(name)
            if plan and kind in _ACCEPTED["number"] and (plan.least is not None or plan.most is not None):
                yield name, -_INF if plan.least is None else plan.least, _INF if plan.most is None else plan.most


def load_plan(path: Path) -> Plan:
    """The plan of a store: the one that comes with Detak, and what the file adds to it, where there is one.

    Raises:
        SettingsError: the file says something that cannot be; the message names the key.
    """
    default = (files("detak") / "plans" / "ecommerce.toml").read_text(encoding="utf-8")
    try:
        own = path.read_text(encoding="utf-8") if path.exists() else ""
        return Plan(_merged(tomllib.loads(default), tomllib.loads(own)))
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from None


def _merged(default: dict[str, Any], own: dict[str, Any]) -> PlanFile:
    msgspec.convert(own, PlanFile)  # so that a mistake is told as the shop wrote it
    events = default["events"] | {
        name: default["events"].get(name, {}) | told for name, told in own.get("events", {}).items()
    }
    return msgspec.convert(
        {**default, **own, "events": events, "fields": default["fields"] | own.get("fields", {})}, PlanFile
    )


def _asked(event: EventPlan) -> _Asked:
    products = _Asked((), _groups(event.products), None) if event.products else None
    asked = _Asked(_groups(event.required), _groups(event.expected), products)
    return _NOTHING if asked == _NOTHING else asked


def _groups(told: Iterable[str]) -> tuple[Group, ...]:
    return tuple(tuple(one.strip() for one in group.split("|")) for group in told)


def _shown(group: Group) -> str:
    """The fields, the first of many."""
    return "|".join(group if len(group) <= _SHOWN else (*group[:_SHOWN], "…"))


def _beyond(field: str, least: float, most: float, value: float) -> Flaw:
    if value < 0 <= least:
        return Flaw(field, "is negative", aside=False)
    return Flaw(field, f"is below {least:g}" if value < least else f"is above {most:g}", aside=False)


def _stranger(meant: str | None, unknown: Literal["allow", "flag", "aside"]) -> tuple[Flaw, ...]:
    if meant is not None:
        return (Flaw("event", f"is called “{meant}” in the plan", aside=unknown == "aside"),)
    if unknown == "allow":
        return ()
    return (Flaw("event", "is not in the plan", aside=unknown == "aside"),)
