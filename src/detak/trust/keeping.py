"""What can be made from people's events beforehand, for analytics, and how it stays right.

Kept is what the gate would have handed out at one moment. Whoever did something since, became one person with another
or changed their word is *dirty*: of them everything is made anew from their events, and what was kept is not looked at.
So a refusal holds at once here too, and refusal still equals absence. Removing or changing facts lets all of it go.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from detak.beat import Ended, never
from detak.consent import Purpose
from detak.insights import trail
from detak.insights.asked import outcomes
from detak.insights.filled import filled
from detak.insights.product_funnel import looked
from detak.insights.rare import lines, rare
from detak.insights.trail import PRODUCT_ADDED, Kept
from detak.insights.visit_steps import visit_steps
from detak.store.base import Reader, Store
from detak.store.kept import Look
from detak.trust.allowed import allowed
from detak.trust.passages import Standpoint, Subjects

PURPOSE: Final = Purpose.ANALYTICS
WORTH: Final = 300_000
"""Events; of fewer everything is made anew as quickly."""
_ORDERS: Final = {
    "trail": "event, subject, time",
    "firsts": "event, subject",
    "visits": "subject, start",
    "steps": "event, subject",
    "rare": "event, time",
    "lines": "time",
    "looked": "product, subject",
    "searches": "query, time",
    "filled": "subject, start",
}
_MOST_DIRTY: Final = 200_000
_FEW: Final = 1_000  # people dirty are worth no renewal
_RENEW: Final = 0.05  # of the people dirty: all is made again


class _Made(NamedTuple):
    """What held when it was made."""

    refusing: Mapping[int, int]
    ahead: Subjects  # people of events that lay in the future
    everybody: Subjects  # of whom there were facts, whatever they agreed to
    since: datetime | None
    people: int


class Offer(NamedTuple):
    """What a reader may take."""

    shape: str
    """What tells queries that were compiled for another offer apart."""
    names: tuple[str, ...]
    """Of what is ready."""
    dirty: bool
    """Whether there are people of whom everything is to be made anew: the reader's frame ``dirty``."""


NOTHING: Final = Offer("none", (), dirty=False)


class Keeping:
    """What is kept of one store.

    Args:
        store: holds it.
        refusing: who refuses analytics now.
    """

    def __init__(self, store: Store, refusing: Callable[[], Mapping[int, int]]) -> None:
        self._store = store
        self._refusing = refusing
        self._one = threading.Lock()
        self._counted: tuple[int, Subjects] | None = None

    def renew(
        self, before: datetime, since: datetime | None = None, *, least: int = WORTH, ended: Ended = never
    ) -> bool:
        """Make it, if that is worth it: if nothing is kept, or too much is dirty. Returns whether it was made.

        Args:
            before: now; UTC.
            since: older facts do not serve analytics; UTC.
            least: events that make it worth the while.
            ended: whether to leave off between two tables; what was kept before stays.
        """
        with self._one, self._store.reader(before=before, since=since) as reader:
            look = reader.kept
            dirty = len(look.touched) > max(_FEW, look.made.people * _RENEW) if look.tables else True
            if not dirty and look.made.since == since:
                return False
            refusing = self._refusing()  # first: who refuses from now on will be dirty
            related = self._store.related
            table = allowed(reader, PURPOSE, refusing, related=related, bots=False)
            usable = f"{bool(refusing)} {related}"

            def one(name: str, build: Callable[[ir.Table], ir.Table]) -> int:
                found = reader.run_all(f"kept {name} {usable}", lambda: {name: build(table("events"))})
                return int(found[name][0][0].as_py())

            if one("events", lambda events: events.aggregate(events=events.count())) < least:
                return False
            people = one("people", lambda events: events.aggregate(people=events.subject.nunique()))
            made = _Made(refusing, self._ahead(before), _everybody(reader), since, people)
            offer = self.offer(reader, since)

            def build() -> dict[str, ir.Table]:
                events, items = table("events"), table("items")
                return self._tables(reader, offer, events, items) or _made_of(events, items)

            return reader.keep(f"kept {usable} {offer.shape}", build, _ORDERS, made, ended)

    def everybody(self) -> Subjects:
        """Of whom there are facts, in order, that more than essential purposes cover. Those who came since the engine
        began may be missing: they are among the ``touched``."""
        look = self._store.look()
        if look.made is not None:
            found: Subjects = look.made.everybody
            return found
        if self._counted is None or self._counted[0] != look.mark.epoch:
            with self._store.reader() as reader:
                self._counted = (reader.kept.mark.epoch, _everybody(reader, ~int(Purpose.ESSENTIAL)))
        return self._counted[1]

    def offer(self, reader: Reader, since: datetime | None) -> Offer:
        """What a reader who looks back to ``since`` may take, and of whom everything is to be made anew."""
        if not reader.kept.tables or reader.kept.made.since != since:
            return NOTHING
        dirty = self._dirty(reader)
        if not len(dirty):
            return Offer("clean", tuple(reader.kept.tables), dirty=False)
        if len(dirty) > _MOST_DIRTY:
            return NOTHING
        reader.frame("dirty", pa.table({"subject": dirty}))
        return Offer("dirty", tuple(reader.kept.tables), dirty=True)

    def kept(self, reader: Reader, offer: Offer, events: ir.Table, items: ir.Table) -> Kept | None:
        """What was kept, and of those who are dirty made anew from ``events`` and ``items``, and what nobody is known
        behind; None: nothing is."""
        tables = self._tables(reader, offer, events, items)
        if not tables:
            return None
        nobody = {name: _of_nobody(reader.table(name)) for name in ("events", "items")}
        tables["rare"] = _joined(tables["rare"], rare(nobody["events"]))
        tables["lines"] = _joined(tables["lines"], lines(nobody["items"]))
        return Kept(**tables, nobody=nobody["events"], strangers=nobody["items"])

    def _tables(self, reader: Reader, offer: Offer, events: ir.Table, items: ir.Table) -> dict[str, ir.Table]:
        """Of known people."""
        tables = {name: reader.ready(name) for name in offer.names}
        if not offer.dirty:
            return tables
        dirty = self._whole(reader, reader.table("dirty"))
        anew = _made_of(events.semi_join(dirty, "subject"), items.semi_join(dirty, "subject"))
        return {name: _joined(table.anti_join(dirty, "subject"), anew[name]) for name, table in tables.items()}

    def _whole(self, reader: Reader, dirty: ir.Table) -> ir.Table:
        """Those, and who is one person with them."""
        if not self._store.related:
            return dirty
        persons = reader.table("persons")
        whose = persons.semi_join(dirty, "subject").select(subject=persons.person)
        return dirty.union(whose.cast(dirty.schema()), distinct=True)

    def _dirty(self, reader: Reader) -> Subjects:
        made: _Made = reader.kept.made
        return np.unique(np.concatenate([reader.kept.touched, made.ahead, _changed(made.refusing, self._refusing())]))

    def _ahead(self, before: datetime) -> Subjects:
        """People of events whose moment has not come yet."""

        def later(events: ir.Table) -> ir.Table:
            return events.filter(events.subject.notnull(), events.time.notnull()).select("subject").distinct()

        with self._store.reader(since=before) as reader:
            return _whose(reader.run_all("kept ahead", lambda: {"whose": later(reader.table("events"))}))


def _made_of(events: ir.Table, items: ir.Table) -> dict[str, ir.Table]:
    """What is kept, of these facts of known people."""
    every = trail.trail(events)
    return {
        "trail": every,
        "firsts": trail.firsts(every),
        "visits": trail.visits(events),
        "steps": visit_steps(events),
        "rare": rare(events.filter(events.subject.notnull())),
        "lines": lines(items.filter(items.subject.notnull())),
        "looked": looked(items),
        "searches": outcomes(events, items),
        "filled": filled(events, items, _who_did(every, PRODUCT_ADDED)),
    }


def _who_did(trail: ir.Table, event: str) -> ir.Table:
    return trail.filter(trail.event == event).select("subject").distinct()


def _of_nobody(facts: ir.Table) -> ir.Table:
    """What nobody is known behind, as far as it serves the purpose: nobody can refuse it, or become somebody."""
    return facts.filter(facts.subject.isnull(), (facts.purposes & int(PURPOSE)) != 0, facts.bot.isnull())


def standpoint(look: Look, refusing: Mapping[int, int], since: datetime | None) -> Standpoint:
    """What a reader looks at."""
    if not look.tables:
        return Standpoint(look.mark.epoch, refusing, since, (look.touched,), others=True)
    return Standpoint(look.mark.epoch, refusing, since, (look.made.everybody, look.made.ahead, look.touched))


def stands(then: Standpoint, now: Standpoint, everybody: Callable[[], Subjects]) -> bool:
    """Whether everybody whose facts were looked at then may still be: nobody's word changed, nothing was removed.

    What came in since changes nothing: an answer from then is older, not wrong. ``everybody``: of whom there are facts,
    asked only where that has to be known.
    """
    if (then.epoch, then.since) != (now.epoch, now.since):
        return False
    changed = _changed(then.refusing, now.refusing)
    if not len(changed):
        return True
    return not any(_any_of(changed, who) for who in (*then.who, *([everybody()] if then.others else [])))


def _any_of(some: Subjects, everybody: Subjects) -> bool:
    """Whether any of them is there; ``everybody`` is in order."""
    places = np.searchsorted(everybody, some)
    there = places < len(everybody)
    return bool((everybody[places[there]] == some[there]).any())


def _everybody(reader: Reader, purposes: int = -1) -> Subjects:
    """Of whom there are facts that one of the purposes covers, or any at all."""

    def build() -> dict[str, ir.Table]:
        every = [reader.table(name) for name in ("events", "decisions")]
        if purposes != -1:
            every = [one.filter((one.purposes & purposes) != 0) for one in every]
        events, decisions = (one.select("subject") for one in every)
        whose = events.union(decisions.cast(events.schema()), distinct=True)
        return {"whose": whose.filter(whose.subject.notnull())}

    return _whose(reader.run_all(f"kept everybody {purposes}", build))


def _whose(found: Mapping[str, pa.Table]) -> Subjects:
    return np.unique(np.asarray(found["whose"]["subject"].to_numpy(), dtype=np.int64))


def _changed(then: Mapping[int, int], now: Mapping[int, int]) -> Subjects:
    """Whose word is not what it was."""
    found = [] if then == now else [one for one in then.keys() | now.keys() if then.get(one) != now.get(one)]
    return np.array(found, dtype=np.int64)


def _joined(kept: ir.Table, anew: ir.Table) -> ir.Table:
    return kept.union(anew.select(*kept.columns).cast(kept.schema()))
