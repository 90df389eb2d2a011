"""What a shopper's own page says: what is kept of them, for which purposes, and whose word holds. Pure.

It is drawn from their own copy (``Engine.export``), so it holds nothing that the copy does not.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from detak.consent import REFUSABLE, Basis, Purpose
from detak.settings import Settings

ALLOWED, REFUSED, COVERED, UNSAID = "allowed", "refused", "covered", "unsaid"
_MOST: Final = 8
_LATEST: Final = 3
_ORDER: Final = "Order Completed"


class Use(msgspec.Struct, frozen=True):
    """One purpose, and whether it may use what is kept. ``since``: when the person said so, ISO 8601, UTC."""

    purpose: str
    state: str
    """``allowed`` or ``refused`` by their own word; ``covered`` by the shop's legal basis; ``unsaid``: not used."""
    in_force: bool
    since: str | None
    days: int | None
    """Facts older than this no longer serve it; null: as long as they are kept."""


class Put(msgspec.Struct, frozen=True):
    """A page that was put together for the person. ``time`` is UTC."""

    decision_id: str
    time: datetime
    placement: str


class Own(msgspec.Struct, frozen=True):
    """What is kept of a person, counted, and what it is used for."""

    identifiers: list[dict[str, str]]
    traits: list[str]
    """Which, not what they say: that is in the copy."""
    events: int
    kinds: dict[str, int]
    """The most frequent events."""
    orders: int
    products: int
    decisions: int
    latest: list[Put]
    """Of these the last, the latest first: each number is the key to its explanation."""
    set_aside: int
    """Messages that could not be used; what they say is in the copy."""
    first: datetime | None
    last: datetime | None
    uses: list[Use]

    @property
    def empty(self) -> bool:
        """Whether nothing is kept."""
        return not (self.identifiers or self.events or self.decisions or self.set_aside)


def own(copy: Mapping[str, Any] | None, settings: Settings) -> Own:
    """The page of whoever has this copy; None: nobody is known."""
    copy = copy or {}
    events: Sequence[Mapping[str, Any]] = copy.get("events", ())
    times = sorted(one["time"] or one["received"] for one in events)
    kinds = Counter(one["event"] for one in events)
    sources = {one["source"] for one in events}
    return Own(
        identifiers=list(copy.get("identifiers", ())),
        traits=sorted(copy.get("traits", ())),
        events=len(events),
        kinds=dict(kinds.most_common(_MOST)),
        orders=kinds[_ORDER],
        products=len({one["product_id"] for one in copy.get("items", ()) if one.get("product_id")}),
        decisions=len(copy.get("decisions", ())),
        latest=[
            Put(one["id"], one["time"], one["placement"]) for one in copy.get("decisions", ())[: -_LATEST - 1 : -1]
        ],
        set_aside=len(copy.get("set_aside", ())),
        first=times[0] if times else None,
        last=times[-1] if times else None,
        uses=[_use(one, copy.get("stands", ()), sources, settings) for one in REFUSABLE],
    )


def _use(purpose: Purpose, said: Sequence[Mapping[str, Any]], sources: set[str], settings: Settings) -> Use:
    name, days = purpose.label, settings.retention_days.get(purpose.label)
    for word in said:
        if word["purpose"] == name:
            return Use(name, ALLOWED if word["allowed"] else REFUSED, word["allowed"], word["time"].isoformat(), days)
    covered = any(_covers(settings, source, name) for source in sources)
    return Use(name, COVERED if covered else UNSAID, covered, None, days)


def _covers(settings: Settings, source: str, name: str) -> bool:
    found = settings.source(source)
    return found.basis != Basis.CONSENT and name in found.purposes
