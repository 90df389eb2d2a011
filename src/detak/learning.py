"""What the beat learns: products from events, into the catalogue; and what is usual, for alerts."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, Protocol

from detak.alerts import Of, Usual
from detak.beat import Ended, never
from detak.catalogue import Statement
from detak.clock import from_micros, to_micros
from detak.consent import Purpose
from detak.insights import seen_products
from detak.insights.usual import reduce_usual
from detak.trust.gate import Gate
from detak.trust.passages import Granted

_OVERLAP: Final = timedelta(minutes=10)  # what was received so long before may have become a fact only since
_AT_ONCE: Final = 5_000_000  # events: what is learnt of more takes memory that reports need
_USUAL: Final = timedelta(days=28)


class Shelf(Protocol):
    """The catalogue, as far as learning needs it."""

    @property
    def learnt(self) -> int:
        """Until when events have told what they know: received, microseconds since 1970, UTC."""
        ...

    def learn(self, said: Iterable[Statement], until: int) -> int:
        """Take statements in; how many products changed."""
        ...


class Learning:
    """What the beat learns of products. Where nothing came in, there is nothing to learn.

    Args:
        gate: the only door to the facts.
        shelf: the catalogue.
        currency: of prices that name none.
        reached: how far the log has become facts.
    """

    def __init__(self, gate: Gate, shelf: Shelf, currency: str, reached: Callable[[], int]) -> None:
        self._gate = gate
        self._shelf = shelf
        self._currency = currency
        self._reached = reached
        self._until = -1

    def renew(self, ended: Ended = never) -> None:
        """Put into the catalogue what events say of products, if any came in."""
        reached = self._reached()
        if reached != self._until:
            learn_products(self._gate, self._shelf, self._currency, ended)
            self._until = reached


def learn_products(gate: Gate, shelf: Shelf, currency: str, ended: Ended = never) -> int:
    """Ask the events received since the last time what they say of products; how many products changed.

    Asked as analytics, so that people who refuse it teach nothing; what leaves the gate is a row a product. Of many
    events some are asked after the others: a product may change more than once then, and once it has ``ended`` the next
    process goes on from there.
    """
    now, learnt = datetime.now(UTC), from_micros(shelf.learnt)
    since = from_micros(max(0, shelf.learnt - _OVERLAP // timedelta(microseconds=1)))
    changed = 0
    with gate.events(Purpose.ANALYTICS, before=now, why="catalogue") as granted:
        if not len(granted.run(seen_products.later(granted.facts, learnt))):
            return 0  # what was received before is not read again and again
        for begin, end in pairwise([since, *_cuts(granted, since), None]):
            if ended():
                break
            reduced = seen_products.reduce(granted.facts, begin or since, end)
            found = {name: granted.run(table) for name, table in reduced.items()}
            until = seen_products.until(found)
            if until is not None:
                said = seen_products.statements(found, currency)
                changed += shelf.learn(said, max(shelf.learnt, to_micros(until)))
    return changed


def _cuts(granted: Granted, since: datetime) -> list[datetime]:
    """Moments between which about ``_AT_ONCE`` events were received, UTC."""
    (events,) = granted.run(seen_products.count(granted.facts, since))["events"].to_pylist()
    parts = -(-events // _AT_ONCE)
    if parts < 2:
        return []
    (seconds,) = granted.run(seen_products.cuts(granted.facts, since, parts))["second"].to_pylist()
    return [datetime.fromtimestamp(int(one), UTC) for one in sorted(set(seconds))]


def learn_usual(gate: Gate) -> dict[Of, Usual]:
    """How often what is watched for alerts has failed in the last four weeks; asked as analytics, sums alone."""
    now = datetime.now(UTC)
    with gate.events(Purpose.ANALYTICS, before=now, why="alerts") as granted:
        events = granted.facts.events
        recent = replace(granted.facts, events=events.filter(events.time >= (now - _USUAL).replace(tzinfo=None)))
        rows = granted.run(reduce_usual(recent)).to_pylist()
    return {(row["reason"], row["of"]): Usual(row["tries"], row["fails"]) for row in rows}
