"""Who is asking, and what may be known of them right now: the gate's memory. Only the gate asks it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from typing import Final, NamedTuple, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.clock import now_micros
from detak.consent import Purpose, Standing
from detak.event import ORDER_COMPLETED
from detak.settings import Settings
from detak.subject import Identifier
from detak.trust.histories import MOST, Histories
from detak.trust.passages import STRANGER, RunAll, Visitor, Who
from detak.trust.removals import Removals, taken_out
from detak.trust.touches import FOR, KINDS, NOTHING, Touches, arrived, with_session

Stands = Mapping[int, Standing | None]
"""Where each subject stands; None: they said nothing."""

_SHARE: Final = 4_000_000  # rows that are read at once
_DAY: Final = 24 * 3_600 * 1_000_000
_NONE: Final[frozenset[int]] = frozenset()


class People(Protocol):
    """The vault, as far as it has to be asked who somebody is and what they said."""

    def lookup(self, identifiers: Iterable[Identifier]) -> dict[Identifier, int]:
        """The subjects of those identifiers that are known."""
        ...

    def single(self, identifier: Identifier) -> tuple[int | None, Standing | None] | None:
        """Subject and standing of somebody with whom nobody is united; None: it takes the others to know."""
        ...

    def owners(self, subjects: Iterable[int]) -> dict[int, int]:
        """Whose each subject turned out to be; those that are nobody else's are absent."""
        ...

    def devices(self, owners: Iterable[int]) -> dict[int, set[int]]:
        """The subjects that turned out to be these people's."""
        ...

    def standing(self, subjects: Iterable[int]) -> dict[int, Standing]:
        """What each of these people last said of each purpose; those who said nothing are absent."""
        ...


class _Asked(NamedTuple):
    """Whom a question is about, of each of their subjects since when it counts, and whether they allowed it in so many
    words."""

    person: int | None
    since: dict[int, int]
    granted: bool


class Remembering:
    """The memory of one shop. Before ``recall`` it remembers nobody. The sink writes; any thread asks."""

    def __init__(self, people: People, settings: Settings) -> None:
        self._people = people
        self._histories: Histories | None = None
        self._removals = Removals()
        self._answered: Counter[int] = Counter()
        self._retention = {int(one): days for one in Purpose if (days := settings.retention_days.get(one.label))}
        self._counting = threading.Lock()

    @property
    def remembers(self) -> bool:
        """Whether ``recall`` was called."""
        return self._histories is not None

    def recall(self, items: Callable[[], ir.Table], run_all: RunAll) -> int:
        """Begin to remember, with what the facts (``event.ITEMS``) hold; how many people are remembered.

        ``items`` is called where something is to be compiled.
        """

        def run(key: str, build: Callable[[ir.Table], ir.Table]) -> pa.Table:
            return run_all(f"recall {key}", lambda: {"found": build(items())})["found"]

        found = Histories()
        rows = run("rows", lambda items: items.aggregate(rows=items.count()))["rows"][0].as_py()
        shares = rows // _SHARE + 1  # of the people, so that what is read at once stays small
        for share in range(shares):
            found.add(arrived(run(f"touched {share} {shares}", partial(touched, share=share, shares=shares))))
        removals, today = Removals(), datetime.now(UTC).date()
        removals.add(run(f"taken out {today}", partial(taken_out, today=today)))
        self._histories, self._removals = found, removals
        return found.people

    def add(self, items: pa.Table) -> None:
        """Touches among fresh facts, and what was taken out of carts."""
        if self._histories is not None:
            self._histories.add(arrived(items))
            self._removals.add(items)

    def drop(self, subjects: Iterable[int]) -> None:
        """Forget people."""
        if self._histories is not None:
            self._histories.drop(subjects)
            self._removals.drop(subjects)

    def answered(self) -> Counter[str]:
        """How often each purpose was answered since this was asked last."""
        with self._counting:
            counted, self._answered = self._answered, Counter()
        return Counter({Purpose(bits).label: asked for bits, asked in counted.items()})

    def recent(self, purpose: Purpose, asking: Sequence[Who]) -> list[Visitor]:
        """As ``Gate.recent``."""
        bits = int(purpose)  # flags of an enumeration cost too much where everybody is asked for
        with self._counting:
            self._answered[bits] += len(asking)
        now = now_micros()
        days = self._retention.get(bits)
        floor = 0 if days is None else now - days * _DAY
        asked = [self._asked(one, bits, floor) for one in asking]
        sinces = [{} if one is None else one.since for one in asked]
        told = self._histories.of(sinces, bits, now) if self._histories is not None else repeat((NOTHING, NOTHING))
        return [
            STRANGER if one is None else self._visitor(one, bits, theirs, with_session(theirs[0], who.session, now))
            for who, one, theirs in zip(asking, asked, told, strict=False)
        ]

    def _asked(self, who: Who, bits: int, floor: int) -> _Asked | None:
        """Whom it is about, as far as nobody of them refuses; None: they are to stay a stranger."""
        person, stands = self._who(who.identifiers, who.trusted)
        said = [one for one in stands.values() if one is not None]
        if said and any(one.refused & bits for one in said):
            return None
        if who.alone:
            person = self._device(who.identifiers)
            stands = {} if person is None else {person: stands.get(person)}
        granted = any(one.granted & bits for one in said)
        return _Asked(person, since_when(stands, bits, floor), granted)

    def _visitor(self, asked: _Asked, bits: int, told: tuple[Touches, Touches], touches: Touches) -> Visitor:
        willing = bool(len(told[0])) or asked.granted
        removed = self._removals.of(asked.since, bits) if asked.since else {}
        others = frozenset(asked.since) - {asked.person} if willing and len(asked.since) > 1 else _NONE
        return Visitor(asked.person if willing else None, touches, told[1], removed, others)

    def _device(self, identifiers: Sequence[Identifier]) -> int | None:
        """The device that is named, and nothing that is united with it."""
        return next(iter(self._people.lookup([one for one in identifiers if one[0] == "anonymous"]).values()), None)

    def _who(self, identifiers: Sequence[Identifier], trusted: bool) -> tuple[int | None, Stands]:
        """The person that is named, and where each of their subjects stands."""
        single = self._people.single(identifiers[0]) if len(identifiers) == 1 else None
        if single is not None:
            subject, standing = single
            if subject is None or not (trusted or identifiers[0][0] != "user"):
                return None, {}
            return subject, {subject: standing}
        person, subjects = self._whose(identifiers, trusted)
        standings = self._people.standing(subjects)
        return person, {one: standings.get(one) for one in subjects}

    def _whose(self, identifiers: Sequence[Identifier], trusted: bool) -> tuple[int | None, set[int]]:
        known = self._people.lookup(identifiers)
        owners = self._people.owners(known.values())
        person, subjects = whose(identifiers, known if trusted else believed(known, owners), owners)
        if person is not None:
            subjects.update(*self._people.devices([person]).values())
        return person, subjects


def whose(
    identifiers: Sequence[Identifier], known: Mapping[Identifier, int], owners: Mapping[int, int]
) -> tuple[int | None, set[int]]:
    """The person that identifiers name, and their subjects as far as they are named here.

    The first that is known says who it is. A device that is somebody else's adds nothing to that, and says nothing at
    all beside a user whom nobody knows.
    """
    person: int | None = None
    theirs: set[int] = set()
    unknown_user = any(one[0] == "user" and one not in known for one in identifiers)
    for one in identifiers:
        subject = known.get(one)
        if subject is None:
            continue
        owner = owners.get(subject, subject if one[0] == "user" else None)
        if owner is not None and (unknown_user if person is None else owner != person):
            continue
        theirs |= {subject} if owner is None else {subject, owner}
        if person is None:
            person = subject if owner is None else owner
    return person, theirs


def believed(known: Mapping[Identifier, int], owners: Mapping[int, int]) -> dict[Identifier, int]:
    """What counts of identifiers that anybody may have sent: devices, and a user beside a device that is theirs.

    An anonymousId is long and random, and only its own device knows it; a userId may be anybody's guess.
    """
    proven = {owners.get(subject) for (kind, _), subject in known.items() if kind != "user"}
    return {one: subject for one, subject in known.items() if one[0] != "user" or subject in proven}


def since_when(stands: Stands, purpose: int, floor: int) -> dict[int, int]:
    """Of each subject, until when nothing counts: their last no, or ``floor`` where that is later."""
    found = {}
    for one, standing in stands.items():
        word = None if standing is None else standing.words.get(purpose)
        found[one] = floor if word is None or word.no is None else max(floor, word.no)
    return found


def touched(items: ir.Table, *, share: int, shares: int) -> ir.Table:
    """The last touches of one of so many shares of the people and their last purchases, oldest first, as
    ``event.ITEMS``."""
    happened = ibis.least(ibis.coalesce(items.time, items.received), items.received)
    wanted = items.filter(
        items.event.isin(sorted(KINDS)),
        (items.purposes & FOR) != 0,
        items.bot.isnull(),
        items.subject.notnull(),
        items.product_id.notnull(),
    ).mutate(happened=happened, bought=items.event == ORDER_COMPLETED)
    latest = [ibis.desc(wanted[name]) for name in ("happened", "received", "event_id", "line")]
    ranked = wanted.mutate(
        nth=ibis.row_number().over(ibis.window(group_by=wanted.subject, order_by=latest)),
        purchase=ibis.row_number().over(ibis.window(group_by=[wanted.subject, wanted.bought], order_by=latest)),
    )
    kept = ranked.filter((ranked.nth < MOST) | (ranked.bought & (ranked.purchase < MOST)))
    some = kept.filter(kept.subject % shares == share) if shares > 1 else kept
    return some.order_by("happened", "received", "event_id", "line").select(*items.columns)
