"""Thousands of plain messages at once, column by column; those that are odd in any way are left to ``wire.arrive``.

Written for speed: it runs for every event of a shop. A list comprehension over one key costs a third of what a loop
over the events costs, and most keys do not occur in a chunk at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detak.amounts import CODE, Floats, Mask, floats, minors, plain
from detak.consent import NOTHING
from detak.errors import RowError
from detak.event import EVENT_NAME, NAMES, NULL, ORDER_COMPLETED, Context, clean_id, message_keys
from detak.money import LARGEST, exponent
from detak.place import city, province
from detak.reading.arrivals import AGENT, ARRIVALS, PIECES, table
from detak.reading.body import Plain as Message
from detak.reading.body import misspelt, together
from detak.reading.context import agent_device, path_of
from detak.reading.intake import Intake
from detak.reading.plain_items import pieces_of
from detak.reading.rows import COUNT, ID, NUMBER, TEXT, Rows, as_text, first
from detak.reading.wire import (
    AHEAD,
    COLUMNED,
    EARLIEST,
    LATE,
    OF_THE_PAGE,
    PRODUCT,
    SINGLE,
    TRACK,
    moment,
    remainder,
    single,
    traits_of,
)
from detak.record import Meta
from detak.scrub import scrub

_IDS: Final = ("order_id", "cart_id", "checkout_id", "decision_id", "coupon")
_TEXTS: Final = ("payment_method", "shipping_method", "province", "city", "country", "channel", "status", "currency")
_FREE: Final = ("query", "reason")  # what people type
_NUMBERS: Final = ("total", "revenue", "value", "shipping", "discount", "quantity", "price")
_COUNTS: Final = ("results", "line", "position")
_LONGEST: Final = 4096  # characters of a value that is plain
_LONGEST_REST: Final = 8192
_BRACKETS: Final = 60  # of traits that are plain
_BEYOND: Final = 2**31

_SILENT: Final = (NOTHING, NOTHING)
_NO_CONTEXT: Final = Context()
_DAY: Final = 86_400_000_000
_EMPTY: Final[dict[str, Any]] = {}


@dataclass
class Plain:
    """Messages decoded together, where each stands in the chunk, and the record it came in."""

    messages: list[Message]
    at: list[int]
    record: list[int]

    def add(self, messages: list[Message], at: int, record: int) -> None:
        """The messages of one record; the first of them stands ``at``."""
        self.messages += messages
        self.at += range(at, at + len(messages))
        self.record += [record] * len(messages)


def plain_tables(chunk: Plain, metas: Sequence[Meta], intake: Intake) -> tuple[tuple[pa.Table, pa.Table], list[int]]:
    """``ARRIVALS`` and ``PIECES`` of the plain messages, and which messages are not plain.

    Raises:
        ArrowException, OverflowError, ValueError, TypeError: a value fits no column; look at each message alone.
    """
    messages = chunk.messages
    if not messages:
        return (ARRIVALS.empty_table(), PIECES.empty_table()), []
    rows = Rows(len(messages), intake)
    told = [message.properties or _EMPTY for message in messages]
    keys: set[str] = set().union(*told)
    columns: dict[str, Any] = {"at": chunk.at, "record": chunk.record}
    columns |= _envelopes(messages, chunk.record, metas, rows)
    columns |= _people(messages, rows)
    columns |= _texts(told, keys, rows)
    columns |= _contexts(messages, told, intake, columns)
    columns |= _amounts(told, keys, columns, intake.currency, rows)
    own = [metas[at].imported for at in chunk.record]
    columns["flaws"] = _flaws(columns["event"], told, own, rows)
    for row, found in enumerate(map(misspelt, messages)):
        if found is not None and not own[row]:
            columns["flaws"][row] = together(columns["flaws"][row], found)
    sole = [message.type == TRACK for message in messages]
    columns["properties"] = _rests(told, sole, keys, rows)
    pieces = pieces_of(told, sole, keys, columns, rows)
    events = table(columns, ARRIVALS)
    _mark_long(events, rows)
    return _without_odd(events, table(pieces, PIECES) if pieces else PIECES.empty_table(), rows.odd)


def _envelopes(messages: list[Message], record: list[int], metas: Sequence[Meta], rows: Rows) -> dict[str, Any]:
    """Message, event, source and time."""
    events = [
        message.event[:EVENT_NAME] if message.type == "track" and message.event else NAMES.get(message.type)
        for message in messages
    ]
    rows.mark_where(event is None for event in events)
    ids = [message.message_id for message in messages]
    rows.mark_where(not one for one in ids)
    sources = [meta.source for meta in metas]
    where = np.array(record)
    received = np.array([meta.received for meta in metas], dtype=np.int64)[where]
    imported = np.array([meta.imported for meta in metas], dtype=np.bool_)[where]
    return {
        "id": message_keys((sources[at], one or "") for at, one in zip(record, ids, strict=True)),
        "type": [message.type for message in messages],
        "event": [event or "" for event in events],
        "source": pa.array(sources).take(pa.array(where)),
        "received": pa.array(received).cast(pa.timestamp("us")),
        **_times(messages, received, imported, rows),
    }


def _times(messages: list[Message], received: Any, imported: Mask, rows: Rows) -> dict[str, Any]:
    """When each happened, with the client's clock set right as Segment does, and whether that is late or ahead."""
    stated = _moments([message.timestamp or message.original_timestamp for message in messages], rows)
    sent = _moments([message.sent_at for message in messages], rows)
    silent = np.isnat(stated)
    micros = stated.astype(np.int64)
    skewed = ~silent & ~np.isnat(sent) & ~imported
    micros = np.where(skewed, received - (sent.astype(np.int64) - micros), micros)
    rows.mark(~silent & ((micros < EARLIEST) | (imported & (micros > received + _DAY))))
    ahead = ~silent & ~imported & (micros > received + rows.intake.ahead)
    late = ~silent & ~imported & (micros < received - rows.intake.late)
    micros = np.where(ahead | (silent & ~imported), received, micros)
    flags = [None] * len(messages) if not (ahead | late).any() else np.select([ahead, late], [AHEAD, LATE], "").tolist()
    unknown = silent & imported
    return {
        "time": pa.array(np.where(unknown, 0, micros), mask=unknown).cast(pa.timestamp("us")),
        "flag": [flag or None for flag in flags],
    }


def _moments(texts: list[str | None], rows: Rows) -> Any:
    """ISO 8601 as ``datetime64[us]``, UTC."""
    if not any(texts):
        return np.full(len(texts), np.datetime64("NaT"), dtype="datetime64[us]")
    try:
        return pa.array(texts, pa.string()).cast(pa.timestamp("us", "UTC")).to_numpy(zero_copy_only=False)
    except pa.ArrowException:  # another way to write a time in one of them, or none
        return np.array([_moment(text, row, rows) for row, text in enumerate(texts)], dtype="datetime64[us]")


def _moment(text: str | None, row: int, rows: Rows) -> Any:
    if not text:
        return np.datetime64("NaT")
    try:
        return np.datetime64(moment(text, ""), "us")
    except RowError:
        rows.odd[row] = True
        return np.datetime64("NaT")


def _people(messages: list[Message], rows: Rows) -> dict[str, Any]:
    """Whom the messages name, and what was said with them."""
    clean = cache(clean_id)
    said = [
        rows.intake.said(context.consent.category_preferences)
        if (context := message.context) and context.consent
        else _SILENT
        for message in messages
    ]
    users = [clean(message.user_id) for message in messages]
    traits = [_traits(message) if message.type == "identify" else None for message in messages]
    for row, one in enumerate(traits):
        if one is not None and not _shallow(one):
            rows.odd[row], traits[row] = True, None
    return {
        "user": users,
        "anonymous": [clean(message.anonymous_id) for message in messages],
        "previous": [
            clean(message.previous_id) if user and message.type == "alias" else None
            for message, user in zip(messages, users, strict=True)
        ],
        "granted": [granted for granted, _ in said],
        "refused": [refused for _, refused in said],
        "traits": [None if one is None else one.decode() for one in traits],
    }


def _traits(message: Message) -> bytes | None:
    said = traits_of(message)
    return None if said == NULL else bytes(said)


def _shallow(traits: bytes) -> bool:
    """Whether traits are plainly not nested deeply, and can be read."""
    if traits.count(b"{") + traits.count(b"[") > _BRACKETS:
        return False
    try:
        msgspec.json.decode(traits)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


def _texts(told: list[dict[str, Any]], keys: set[str], rows: Rows) -> dict[str, Any]:
    """The properties that are texts and counts."""
    columns: dict[str, Any] = {}
    for name in keys.intersection(_IDS):
        columns[name] = as_text(rows.typed([one.get(name) for one in told], ID))
    for name in keys.intersection(_TEXTS):
        columns[name] = rows.typed([one.get(name) for one in told], TEXT)
    for name in keys.intersection(_FREE):
        columns[name] = [scrub(one) if one else one for one in rows.typed([one.get(name) for one in told], TEXT)]
    for name in keys.intersection(_COUNTS):
        values = rows.typed([one.get(name) for one in told], COUNT)
        if name != "position":
            rows.mark_where(value is not None and not 0 <= value < _BEYOND for value in values)
        columns[name] = values
    line = columns.get("line")
    columns["line"] = [value or 0 for value in line] if line else np.zeros(len(told), dtype=np.int32)
    columns["payment"] = columns.pop("payment_method", None)
    columns["shipping"] = columns.pop("shipping_method", None)
    columns.pop("position", None)
    return columns


def _contexts(
    messages: list[Message], told: list[dict[str, Any]], intake: Intake, columns: dict[str, Any]
) -> dict[str, Any]:
    """Where the messages came from: client, page, place."""
    contexts = [message.context or _NO_CONTEXT for message in messages]
    agents = [context.user_agent for context in contexts]
    kinds, bots = cache(agent_device), cache(intake.bot)
    places = [context.location for context in contexts]
    regions = first(columns.get("province"), [place.region if place else None for place in places])
    towns = first(columns.get("city"), [place.city if place else None for place in places])
    return {
        "agent": [agent[:AGENT] if agent else None for agent in agents],
        "bot": [bots(agent) for agent in agents],
        "device": [
            context.device.type[:32].lower() if context.device and context.device.type else kinds(agent)
            for context, agent in zip(contexts, agents, strict=True)
        ],
        "page": _pages(messages, told, contexts),
        "province": [province(region) if region else None for region in regions],
        "city": [city(town) if town else None for town in towns],
        "country": first(columns.get("country"), [place.country if place else None for place in places]),
    }


def _pages(messages: list[Message], told: list[dict[str, Any]], contexts: list[Context]) -> list[str | None]:
    found = []
    for message, properties, context in zip(messages, told, contexts, strict=True):
        seen = context.page
        path, url = (seen.path, seen.url) if seen else (None, None)
        if message.type in ("page", "screen"):
            own = properties.get("path"), properties.get("url")
            if (own[0] or own[1]) and TEXT.issuperset(map(type, own)):
                path, url = own
        found.append(path_of(path, url) if path or url else None)
    return found


def _amounts(
    told: list[dict[str, Any]], keys: set[str], columns: dict[str, Any], default: str, rows: Rows
) -> dict[str, Any]:
    """The money of each event as a whole."""
    given = {name: _numbers(told, name, keys, rows) for name in _NUMBERS}
    rows.mark(~plain(given["price"], given["quantity"], given["total"]))
    completed = np.array([event == ORDER_COMPLETED for event in columns["event"]])
    for name in ("total", "revenue", "value"):
        rows.mark(completed & (given[name] < 0))
    stated = columns.pop("currency", None)
    codes = [(one or default).upper() for one in stated] if stated else [default.upper()] * len(told)
    wrong = {code for code in set(codes) if not CODE.fullmatch(code)}
    if wrong:
        rows.mark_where(code in wrong for code in codes)
    scales = _scales(codes, wrong)
    total = np.where(np.isnan(given["total"]), given["revenue"], given["total"])
    total = np.where(np.isnan(total), given["value"], total)
    money = {
        "amount": total * scales,
        "shipping_cost": given["shipping"] * scales,
        "discount": given["discount"] * scales,
    }
    for values in money.values():
        rows.mark(np.abs(values) > LARGEST)
    silent = np.logical_and.reduce([np.isnan(values) for values in money.values()])
    return {
        **{name: minors(np.where(rows.odd, np.nan, values)) for name, values in money.items()},
        "quantity": pa.array(given["quantity"], from_pandas=True),
        "currency": pa.array(np.array(codes, dtype=object), pa.string(), mask=silent),
        "codes": codes,
        "scales": scales,
    }


def _numbers(told: list[dict[str, Any]], name: str, keys: set[str], rows: Rows) -> Floats:
    if name not in keys:
        return np.full(len(told), np.nan)
    return floats(rows.typed([one.get(name) for one in told], NUMBER))


def _scales(codes: list[str], wrong: set[str]) -> Floats:
    if len(set(codes)) == 1 and not wrong:
        return np.full(len(codes), 10.0 ** exponent(codes[0]))
    known = {code: 1.0 if code in wrong else 10.0 ** exponent(code) for code in set(codes)}
    return np.array([known[code] for code in codes])


def _flaws(events: list[str], told: list[dict[str, Any]], imported: list[bool], rows: Rows) -> list[str | None]:
    """What the tracking plan finds. What a shop imports is its own record, and is not held against a plan."""
    found: list[str | None] = []
    check = rows.intake.flaws
    for row, (event, properties, own) in enumerate(zip(events, told, imported, strict=True)):
        try:
            found.append(None if own else check(event, properties))
        except RowError:
            rows.odd[row] = True
            found.append(None)
    return found


def _rests(told: list[dict[str, Any]], sole: list[bool], keys: set[str], rows: Rows) -> list[str | None] | None:
    """What has no column; of most events nothing."""
    described = keys & SINGLE
    if keys <= COLUMNED | OF_THE_PAGE and not described and "products" not in keys:
        return None
    ordinary = COLUMNED | OF_THE_PAGE
    whole = ordinary | SINGLE
    found: list[str | None] = []
    for row, (one, tracked) in enumerate(zip(told, sole, strict=True)):
        listed = one.get("products")
        if listed is None:
            if one.keys() <= (whole if tracked and single(one) else ordinary):
                found.append(None)
                continue
        elif (
            tracked
            and one.keys() <= ordinary
            and type(listed) is list
            and all(type(p) is dict and p.keys() <= PRODUCT for p in listed)
        ):
            found.append(None)
            continue
        try:
            found.append(remainder(one, sole=tracked))
        except RecursionError:
            rows.odd[row] = True
            found.append(None)
    return found


def _mark_long(events: pa.Table, rows: Rows) -> None:
    for name in ARRIVALS.names:
        if events[name].type != pa.string():
            continue
        limit = _LONGEST_REST if name in ("properties", "traits") else _LONGEST
        longest = pc.max(pc.binary_length(events[name])).as_py()
        if longest is not None and longest > limit:
            rows.mark(pc.fill_null(pc.greater(pc.binary_length(events[name]), limit), False).to_numpy())


def _without_odd(events: pa.Table, pieces: pa.Table, odd: Mask) -> tuple[tuple[pa.Table, pa.Table], list[int]]:
    if not odd.any():
        return (events, pieces), []
    place = np.cumsum(~odd) - 1
    parents = pieces["parent"].to_numpy()
    stays = ~odd[parents]
    pieces = pieces.filter(pa.array(stays))
    where = pieces.schema.get_field_index("parent")
    pieces = pieces.set_column(where, PIECES.field("parent"), pa.array(place[parents[stays]], pa.int32()))
    return (events.filter(pa.array(~odd)), pieces), np.flatnonzero(odd).tolist()
