"""What a report is asked about: a period, a place, a device, a channel, a source, a segment. Facts in, facts out.

An order belongs to the period in which it was placed and to the place that it states, with all that is told of it
later: a cancellation in July of an order of June is June's. A visit belongs to the period in which it began and to the
place and device that it began with. Every other event speaks for itself. An event whose time is unknown is in no
period.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.errors import UsageError, WordedError
from detak.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, ORDER_UPDATED
from detak.insights import few
from detak.insights.base import Facts, Shop
from detak.insights.period import Period
from detak.insights.rare import lines_of, rare_of
from detak.insights.stages import SEGMENTS, segment
from detak.insights.trail import Kept, in_turn, visits_of

ATTRIBUTES = ("province", "city", "country", "device", "channel", "source")
STATED = "stated"
LEFT = "left"
BESIDE = "beside"
_OF_PEOPLE = (
    "province",
    "city",
    "country",
    "device",
    "channel",
    "segment",
)  # the others tell where it was recorded, and when
_OF_ORDERS = (ORDER_COMPLETED, ORDER_UPDATED, ORDER_CANCELLED, ORDER_REFUNDED)
_KEY = ("source", "order_id")


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """What to look at. Attributes are compared without regard to case; several values are separated by commas."""

    start: date | None = None
    """The first day, in the shop's zone."""
    end: date | None = None
    """The last day."""
    days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] | None = None
    """So many days: from the first day, or until the last one, or until today."""
    province: str | None = None
    city: str | None = None
    country: str | None = None
    device: str | None = None
    channel: str | None = None
    source: str | None = None
    segment: str | None = None
    """Of ``stages.SEGMENTS``, as people stand at the end of the period."""

    def period(self, today: date) -> Period | None:
        """The days asked for; None: all.

        Raises:
            WordedError: the last day comes before the first, or all three are given.
        """
        if self.start is None and self.end is None and self.days is None:
            return None
        if self.start and self.end and self.days:
            raise WordedError("three_dates")
        span = timedelta(days=self.days - 1) if self.days else None
        last = self.end or (self.start + span if self.start and span is not None else today)
        first = self.start or (last - span if span is not None else None)
        if first is not None and first > last:
            raise WordedError("reversed", {"first": first, "last": last})
        return Period(first, last)


NAMES = tuple(field.encode_name for field in msgspec.structs.fields(Filters))
"""As they are asked for: ``from``, ``to``, ``days``, ``province`` and so on."""


def read(given: Mapping[str, str]) -> Filters:
    """Filters from text.

    Raises:
        WordedError: one of them cannot be read; the message says which.
    """
    try:
        filters: Filters = msgspec.convert(dict(given), Filters, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].strip("`")
        if name not in NAMES:
            raise UsageError(f"filters: {error}") from None
        key = "not_days" if name == "days" else "not_a_day"
        raise WordedError(key, {"name": name, "value": given.get(name, "")[:40]}) from None
    if filters.segment is not None and filters.segment not in SEGMENTS:
        raise WordedError("segment", {"value": filters.segment[:40], "known": ", ".join(SEGMENTS)})
    return filters


def counted(facts: Facts, narrow: Facts, filters: Filters, period: Period | None, shop: Shop) -> dict[str, ir.Table]:
    """What ``check`` weighs; nothing where nothing of people is asked for.

    ``stated``: name, value, people: how many state each value asked for; an event that nobody is known behind counts as
    a person of its own. ``left``: how many people are in ``narrow``, which is what the filters leave of the facts.
    ``beside``: name, value, small: of each value asked for, whether it is too few people, or the others are, among what
    the other filters leave.
    """
    wanted = [name for name in ATTRIBUTES if getattr(filters, name) is not None]
    each = [
        facts.events.filter(facts.events[name].lower().isin(_values(getattr(filters, name))))
        .group_by(value=ibis._[name].lower())
        .agg(name=ibis.literal(name), people=few.people(ibis._))
        for name in wanted
    ]
    found = {STATED: ibis.union(*each) if len(each) > 1 else each[0]} if each else {}
    of_people = [name for name in _OF_PEOPLE if getattr(filters, name) is not None]
    if not of_people:
        return found
    beside = [_beside(facts, narrow, filters, name, period, shop) for name in of_people]
    return {
        **found,
        LEFT: narrow.events.agg(people=few.people(narrow.events)),
        BESIDE: ibis.union(*beside) if len(beside) > 1 else beside[0],
    }


def check(filters: Filters, sums: dict[str, pa.Table], least: int) -> None:
    """See to what ``counted`` found, and take it out of ``sums``.

    What is misspelt would leave nothing; and of a few people nothing is shown, nor what tells them by the difference
    between two reports: each value alone must leave enough, all filters together, and whatever is left of all values of
    one of them without those that may be asked for.

    Raises:
        WordedError: no event states one of the values, or fewer than ``least`` people are behind one, are left, or
            would be told by what is left out.
    """
    found = sums.pop(STATED, None)
    people = {(row["name"], row["value"]): row["people"] for row in found.to_pylist()} if found is not None else {}
    for name in ATTRIBUTES:
        for value in _values(getattr(filters, name) or ""):
            if (name, value) not in people:
                raise WordedError("not_stated", {"name": name, "value": value[:40]})
            if name in _OF_PEOPLE and people[name, value] < least:
                raise WordedError("few_state", {"name": name, "value": value[:40], "least": least})
    left, beside = sums.pop(LEFT, None), sums.pop(BESIDE, None)
    if left is not None and few.few(left["people"][0].as_py(), least):
        raise WordedError("few_left", {"least": least})
    for row in beside.to_pylist() if beside is not None else ():
        if row["small"]:
            raise WordedError("few_beside", {"name": row["name"], "value": row["value"][:40], "least": least})


def _beside(facts: Facts, narrow: Facts, filters: Filters, name: str, period: Period | None, shop: Shop) -> ir.Table:
    """``name, value, small``: as a report that is split by it would name the values, or not (``few.folded``)."""
    around = narrowed(facts, msgspec.structs.replace(filters, **{name: None}), period, shop).events
    value = getattr(filters, name)
    if name == "segment":
        others = around.anti_join(narrow.events.filter(narrow.events.subject.notnull()), "subject")
        counted = others.agg(people=few.people(others))
        small = (counted.people > 0) & (counted.people < shop.min_group)
        return counted.select(name=ibis.literal(name), value=ibis.literal(value), small=small)
    stated = _stated(around, name)
    levels = few.folded(stated.group_by("level").agg(people=few.people(stated)), shop.min_group)
    asked = levels.filter(levels.level.isin(_values(value)))
    return asked.select(name=ibis.literal(name), value=asked.level, small=asked.small)


def _stated(events: ir.Table, name: str) -> ir.Table:
    """``subject, level``: the value under which the filter keeps each event; of an order what was told of it last."""
    of_orders = events.event.isin(_OF_ORDERS) & events.order_id.notnull()
    others, about = events.filter(~of_orders), events.filter(of_orders)
    last = about.group_by(list(_KEY)).agg(level=about[name].argmax(about.received, where=about[name].notnull()))
    told = about.left_join(last, list(_KEY)).select("subject", level=ibis._.level.lower())
    return others.select("subject", level=others[name].lower()).union(told)


def narrowed(facts: Facts, filters: Filters, period: Period | None, shop: Shop) -> Facts:
    """The facts that the filters leave. ``period`` comes from ``filters.period``, or is what it is compared with.

    Decisions are left by the period and the segment alone: they state no place.
    """
    events, decisions = facts.events, facts.decisions
    wanted = {name: _values(value) for name in ATTRIBUTES if (value := getattr(filters, name)) is not None}
    start, end = (None, None) if period is None else period.bounds(shop.zone)
    if filters.segment is not None and not wanted and period is None:
        return _of(facts, segment(facts, filters.segment, None))
    if wanted or period is not None:
        events = _kept(events, wanted, start, end)
    if period is not None:
        decisions = decisions.filter(*_within(decisions.time, start, end))
    visits = _visits(facts, wanted, start, end)
    rare = facts.kept.rare if facts.kept else None
    if rare is not None and (wanted or period is not None):
        rare = _kept(rare, wanted, start, end)
    items = _items(facts, events, wanted, start, end) if wanted or period is not None else facts.items
    if filters.segment is not None:
        people = segment(facts, filters.segment, end)
        narrow = (table.semi_join(people, "subject") for table in (events, items, decisions, visits))
        events, items, decisions, visits = narrow
        rare = None if rare is None else rare.semi_join(people, "subject")
    if events is facts.events:
        return facts
    lines = None if rare is None else lines_of(facts).semi_join(rare.select(event_id=rare.id), "event_id")
    return replace(facts, events=events, items=items, decisions=decisions, kept=Kept(visits, rare=rare, lines=lines))


def _of(facts: Facts, people: ir.Table) -> Facts:
    """What these people did, all of it: no row of what was kept depends on anybody else's."""

    def theirs(table: ir.Table) -> ir.Table:
        return table.semi_join(people, "subject")

    kept = facts.kept and Kept(*(one if one is None else theirs(one) for one in facts.kept))
    return Facts(theirs(facts.events), theirs(facts.items), facts.volumes, theirs(facts.decisions), kept)


def _visits(facts: Facts, wanted: Mapping[str, list[str]], start: datetime | None, end: datetime | None) -> ir.Table:
    visits = visits_of(facts)
    stated = [visits[name].lower().isin(values) for name, values in wanted.items()]
    kept = [*_within(visits.start, start, end), *stated]
    return in_turn(visits.filter(*kept).drop("first", "previous")) if kept else visits


def _kept(events: ir.Table, wanted: Mapping[str, list[str]], start: datetime | None, end: datetime | None) -> ir.Table:
    """The events that have the attributes, within ``[start, end)``; of an order all or nothing."""
    of_orders = events.event.isin(_OF_ORDERS) & events.order_id.notnull()
    others = events.filter(~of_orders, *_within(events.time, start, end))
    for name, values in wanted.items():
        others = others.filter(others[name].lower().isin(values))
    return others.union(_orders(events.filter(of_orders), wanted, start, end).cast(others.schema()))


def _items(
    facts: Facts, events: ir.Table, wanted: Mapping[str, list[str]], start: datetime | None, end: datetime | None
) -> ir.Table:
    """The products of the events that are left. They state when and where from themselves, and no place."""
    if wanted.keys() - {"source"}:
        return facts.items.semi_join(events.select(event_id=events.id), "event_id")
    told, lines = rare_of(facts, *_OF_ORDERS), lines_of(facts)
    orders = _orders(told.filter(told.order_id.notnull()), wanted, start, end)
    of_orders = facts.items.event.isin(_OF_ORDERS) & facts.items.order_id.notnull()
    others = facts.items.filter(~of_orders, *_within(facts.items.time, start, end))
    if "source" in wanted:
        others = others.filter(others.source.lower().isin(wanted["source"]))
    return others.union(lines.semi_join(orders.select(event_id=orders.id), "event_id").cast(others.schema()))


def _orders(about: ir.Table, wanted: Mapping[str, list[str]], start: datetime | None, end: datetime | None) -> ir.Table:
    stated = [name for name in wanted if name != "source"]  # of an order every event has the same source
    each = about.group_by(*_KEY).agg(
        placed=about.time.min(where=about.event != ORDER_CANCELLED),
        told=about.time.min(),
        **{name: about[name].argmax(about.received, where=about[name].notnull()) for name in stated},
    )
    kept = each.filter(*_within(ibis.coalesce(each.placed, each.told), start, end)) if start or end else each
    for name, values in wanted.items():
        kept = kept.filter(kept[name].lower().isin(values))
    return about.semi_join(kept, list(_KEY))


def _within(moment: ir.TimestampValue, start: datetime | None, end: datetime | None) -> list[ir.BooleanValue]:
    kept = [] if end is None else [moment < end]
    return kept if start is None else [*kept, moment >= start]


def _values(text: str) -> list[str]:
    return [value.strip().lower() for value in text.split(",") if value.strip()]
