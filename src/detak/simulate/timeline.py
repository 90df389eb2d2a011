"""From what happens in visits to Segment messages: when each thing happens, and its JSON, column by column."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from detak.simulate.config import Floats, Ints
from detak.simulate.pieces import instants, join, number, pick, quoted, texts, where


class Kind(NamedTuple):
    """A kind of message."""

    type: str
    name: str
    seconds: float
    """The usual time since what came before it in the visit."""


KINDS: Final = {
    "home": Kind("page", "Home", 1),
    "list": Kind("track", "Product List Viewed", 2),
    "filter": Kind("track", "Product List Filtered", 15),
    "search": Kind("track", "Products Searched", 14),
    "click": Kind("track", "Product Clicked", 9),
    "view": Kind("track", "Product Viewed", 1.2),
    "guide": Kind("track", "Size Guide Viewed", 14),
    "chat": Kind("track", "Chat Opened", 20),
    "wish": Kind("track", "Product Added to Wishlist", 12),
    "add": Kind("track", "Product Added", 25),
    "remove": Kind("track", "Product Removed", 12),
    "cart": Kind("track", "Cart Viewed", 12),
    "sign_in": Kind("track", "Signed In", 25),
    "identify": Kind("identify", "", 0.3),
    "start": Kind("track", "Checkout Started", 9),
    "step": Kind("track", "Checkout Step Viewed", 2),
    "done": Kind("track", "Checkout Step Completed", 22),
    "error": Kind("track", "Page Error", 8),
    "coupon": Kind("track", "Coupon Entered", 14),
    "denied": Kind("track", "Coupon Denied", 1),
    "applied": Kind("track", "Coupon Applied", 1),
    "pay": Kind("track", "Payment Info Entered", 25),
    "failed": Kind("track", "Payment Failed", 12),
    "order": Kind("track", "Order Completed", 18),
    "return": Kind("page", "Product", 5_400),
    "again": Kind("track", "Product Viewed", 2),
    "consent": Kind("track", "Segment Consent Preference Updated", 1),
    "delivered": Kind("track", "Email Delivered", 1),
    "opened": Kind("track", "Email Opened", 1),
    "link": Kind("track", "Email Link Clicked", 8),
    "cancelled": Kind("track", "Order Cancelled", 1),
    "refunded": Kind("track", "Order Refunded", 1),
    "review": Kind("track", "Product Reviewed", 1),
    "product_page": Kind("page", "Product", 1),
}
_NUMBER: Final = {name: index for index, name in enumerate(KINDS)}
_SECONDS: Final = np.array([kind.seconds for kind in KINDS.values()])


def _head(kind: Kind) -> str:
    named = {"track": f',"event":{quoted(kind.name)}', "page": f',"name":{quoted(kind.name)}'}.get(kind.type, "")
    return f'{{"type":"{kind.type}"{named},"messageId":"'


_HEADS: Final = texts([_head(kind) for kind in KINDS.values()])
_EVENTS: Final = texts([kind.name for kind in KINDS.values()])
_TYPES: Final = texts([kind.type for kind in KINDS.values()])
_BODIES: Final = texts([',"traits":{' if kind.type == "identify" else ',"properties":{' for kind in KINDS.values()])


class Draft(NamedTuple):
    """Messages of one kind, without their time. Arrays by message."""

    kind: str
    visit: Ints
    order: Ints
    """Where in the visit: what is lower happens before."""
    properties: pa.Array
    """JSON without the braces; never empty."""
    path: "pa.Array | str"
    """Of the page."""


@dataclass(frozen=True)
class Senders:
    """Who sends, by visit."""

    anonymous: pa.Array
    """Text."""
    user: pa.Array
    """Text."""
    known_from: Ints
    """The order in the visit from which on the user is known."""
    context: pa.Array
    """JSON without braces; without the page."""
    mark: "pa.Array | str"
    """What every property list ends with: empty, or ``,"decision_id":"..."``."""
    start: Ints
    """Milliseconds since 1970, UTC."""
    pace: Floats


@dataclass(frozen=True)
class Messages:
    """Segment messages in order of time, in columns."""

    time: Ints
    """Milliseconds since 1970, UTC."""
    visit: Ints
    line: pa.Array
    """Each message as JSON, with a line feed: their bytes one after another are a JSONL file."""
    message_id: pa.Array
    kind: Ints
    anonymous: pa.Array
    user: pa.Array
    context: pa.Array
    properties: pa.Array

    def __len__(self) -> int:
        return len(self.line)

    def jsonl(self) -> memoryview:
        """All lines."""
        return text_of(self.line)

    def table(self) -> pa.Table:
        """The messages as columns: identifiers, ``timestamp``, and ``context`` and ``properties`` as JSON."""
        stamps = pa.array(self.time).cast(pa.timestamp("ms")).cast(pa.timestamp("us", "UTC"))
        return pa.table(
            {
                "messageId": self.message_id,
                "type": pick(_TYPES, self.kind),
                "event": pick(_EVENTS, self.kind),
                "anonymousId": self.anonymous,
                "userId": self.user,
                "timestamp": stamps,
                "context": self.context,
                "properties": self.properties,
            }
        )


def text_of(lines: pa.Array) -> memoryview:
    """The bytes of all texts, one after another."""
    _, offsets, data = lines.buffers()
    if data is None or not len(lines):
        return memoryview(b"")
    bounds = np.frombuffer(offsets, np.int32)
    return memoryview(data)[int(bounds[lines.offset]) : int(bounds[lines.offset + len(lines)])]


def compose(drafts: Sequence[Draft], senders: Senders, unit: str, rng: np.random.Generator) -> Messages:
    """The messages of all drafts in order of time; ``unit`` makes their ids unique in the world."""
    kept = [draft for draft in drafts if len(draft.visit)]
    visit = np.concatenate([np.zeros(0, np.int64), *(draft.visit for draft in kept)])
    order = np.concatenate([np.zeros(0, np.int64), *(draft.order for draft in kept)])
    kind = np.concatenate([np.zeros(0, np.int64), *(np.full(len(d.visit), _NUMBER[d.kind]) for d in kept)])
    time, turn = _times(visit, order, kind, senders, rng)
    properties = _concat([draft.properties for draft in kept]).take(pa.array(turn))
    path = _concat([_column(draft.path, len(draft.visit)) for draft in kept]).take(pa.array(turn))
    visit, order, kind = visit[turn], order[turn], kind[turn]
    return _encode(Rows(time, visit, order, kind, path, properties), senders, unit)


def _times(visit: Ints, order: Ints, kind: Ints, senders: Senders, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """When each happens, in order of time, and which of the given it is."""
    walk = np.lexsort((order, visit))
    whose = visit[walk]
    first = np.r_[True, whose[1:] != whose[:-1]] if len(whose) else np.zeros(0, np.bool_)
    gap = 1_000 * _SECONDS[kind[walk]] * np.exp(0.6 * rng.standard_normal(len(walk))) * senders.pace[whose]
    since = np.cumsum(np.where(first, 0.0, np.maximum(gap, 40.0)))
    begun = since[first][np.cumsum(first) - 1] if len(whose) else since
    time = senders.start[whose] + (since - begun).astype(np.int64)
    turn = np.argsort(time, kind="stable")
    return time[turn], walk[turn]


class Rows(NamedTuple):
    """Messages in order of time, before their envelope. Arrays by message."""

    time: Ints
    visit: Ints
    order: Ints
    kind: Ints
    path: pa.Array
    properties: pa.Array


def _encode(rows: Rows, senders: Senders, unit: str) -> Messages:
    at = pa.array(rows.visit)
    ids = join(f"{unit}-", number(np.arange(len(rows.visit))))
    anonymous = senders.anonymous.take(at)
    known = rows.order >= senders.known_from[rows.visit]
    user = senders.user.take(at)
    context = join(senders.context.take(at), ',"page":{"path":"', rows.path, '"}')
    mark = (
        senders.mark
        if isinstance(senders.mark, str)
        else where(rows.kind != _NUMBER["identify"], senders.mark.take(at))
    )
    properties = join(rows.properties, mark)
    line = join(
        pick(_HEADS, rows.kind), ids, '","anonymousId":"', anonymous,
        where(known, join('","userId":"', user)), '","timestamp":"', instants(rows.time),
        '","context":{', context, "}", pick(_BODIES, rows.kind), properties, "}}\n",
    )  # fmt: skip
    named = pa.compute.if_else(pa.array(known), user, pa.scalar(None, pa.string()))
    return Messages(
        rows.time, rows.visit, line, ids, rows.kind, anonymous, named,
        join("{", context, "}"), join("{", properties, "}"),
    )  # fmt: skip


def _column(value: "pa.Array | str", length: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), length) if isinstance(value, str) else value


def _concat(arrays: list[pa.Array]) -> pa.Array:
    return pa.concat_arrays(arrays) if arrays else texts([])
