"""The only door to personal data. What no purpose covers does not come in; what a person refuses does not come out.

For a purpose that a person refuses, the gate answers as if their events did not exist: *refusal equals absence*. No
other code asks whether consent is given. Every passage leaves a row in the audit chain.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from detak.amounts import Mask
from detak.beat import Ended, never
from detak.bots import BotRule, Bots, BotsReport, Rejudged
from detak.clock import from_micros, to_micros
from detak.consent import Purpose, Standing
from detak.errors import NobodyError, UsageError
from detak.insights.base import Facts
from detak.reading.decided import Asker, Verdict, identifiers, look_up, weighed
from detak.reading.judging import Judge
from detak.receipt import Signer
from detak.record import Meta
from detak.settings import Settings
from detak.store.base import Reader, Store
from detak.store.registry import Registry
from detak.store.vault import BY_HAND, Vault
from detak.subject import Identifier
from detak.trust.admission import Batch, Guard
from detak.trust.allowed import COUNTED, allowed
from detak.trust.entrance import Admission, Entrance
from detak.trust.keeping import NOTHING, PURPOSE, WORTH, Keeping, standpoint, stands
from detak.trust.owing import Owing
from detak.trust.passages import (
    Granted,
    Identity,
    Known,
    Member,
    Person,
    Profile,
    Removed,
    Standpoint,
    United,
    Visitor,
    Who,
)
from detak.trust.recounting import Recounting
from detak.trust.remembering import Remembering

LetGo = Callable[[set[int], list[Identifier]], None]


class Gate:
    """The gate over one store."""

    def __init__(self, store: Store, vault: Vault, registry: Registry, settings: Settings, signer: Signer) -> None:
        self._store = store
        self._vault = vault
        self._registry = registry
        self._settings = settings
        self._keeping = Keeping(store, lambda: vault.refusing(PURPOSE))
        self._admitted = {"admitted": 0, "withheld": 0}
        self._counting = threading.Lock()
        self._remembering = Remembering(vault, settings)
        self.owing = Owing(registry, vault, signer)
        self.decided = Recounting(store, vault, registry)
        """What was decided, for whoever it is owed to."""

    def admit(self, arrivals: pa.Table, metas: Sequence[Meta]) -> Admission:
        """For each arrival (``arrivals.ARRIVALS``), what may be kept of it: the event under a pseudonym, or nothing.

        Identifiers, traits and merges go to the vault, and are in force when this returns. Until ``keep`` the log holds
        what they came from, as it does for the facts: after a crash both are made again from it.
        """
        entrance = Entrance(arrivals, metas, self._settings)
        known = self._vault.lookup(identifier for group in entrance.groups for identifier in group.identifiers)
        users = [subject for (kind, _), subject in known.items() if kind == "user"]
        owners = dict(zip(users, users, strict=True)) | self._vault.owners(known.values())
        devices = self._vault.devices(owners.values())
        people = set(known.values()).union(owners.values(), *devices.values())
        guard = Guard(self._settings.shared, self._settings.most_devices, self._vault.apart())
        batch = Batch(known, self._vault.standing(people), owners, devices, guard)
        admission = entrance.weigh(batch)
        self._vault.write(batch.fresh, batch.traits, batch.proofs, batch.renewed, batch.merges)
        self._store.relate({merge.subject: merge.person for merge in batch.merges})
        self._count(admission.kept)
        return admission

    def weigh(self, askers: Sequence[Asker]) -> list[Verdict]:
        """Whose the decisions of each answer may be, and for what: kept under a pseudonym, or with nobody in them."""
        return weighed(askers, look_up(self._vault, identifiers(askers)), self._settings)

    @contextmanager
    def events(self, purpose: Purpose, *, before: datetime, why: str, bots: bool = False) -> Iterator[Granted]:
        """The facts that ``purpose`` may use, as of ``before`` (UTC): later ones are not there, nor refusing people's.

        What programs did is left out, unless ``bots``.

        An event without a time counts as of when it came in. ``why`` goes into the audit: what it is asked for.
        """
        since = self._since(purpose, before)
        with self._store.reader(before=before, since=since) as reader:
            # The facts are pinned first: whoever refuses from now on is already left out of them.
            refusing = self._vault.refusing(purpose)
            detail = {"before": before.isoformat(), "left_out": len(refusing)}
            self._registry.audit("events", purpose.label, why, detail)
            yield self._hand_out(reader, purpose, refusing, since, bots=bots)

    def stands(self, purpose: Purpose, then: Standpoint, *, why: str) -> bool:
        """Whether what was drawn from the facts of that standpoint may be given again: it is old, but holds nobody who
        refuses now or was removed since. The audit tells of it as of any passage."""
        held = self.holds(purpose, then)
        if held:
            self._registry.audit("events", purpose.label, why, {"again": True, "left_out": len(then.refusing)})
        return held

    def holds(self, purpose: Purpose, then: Standpoint) -> bool:
        """Whether what was drawn from that standpoint might be given again, where it is not given."""
        since = self._since(purpose, datetime.now(UTC))
        now = standpoint(self._store.look(), self._vault.refusing(purpose), since)
        return stands(then, now, self._keeping.everybody)

    def resumed(self, refusing: Mapping[int, int], since: datetime | None) -> Standpoint:
        """The standpoint of what an earlier process drew from the facts, none of which was removed since."""
        return Standpoint(self._store.look().mark.epoch, refusing, since, (), others=True)

    def renew(self, before: datetime, *, least: int = WORTH, ended: Ended = never) -> bool:
        """Make anew what is kept for analytics, if that is worth it."""
        return self._keeping.renew(before, self._since(PURPOSE, before), least=least, ended=ended)

    @property
    def keeps(self) -> bool:
        """Whether anything is kept beforehand."""
        return bool(self._store.look().tables)

    @property
    def repeats(self) -> bool:
        """Whether answers may be given again, while they ``stand``: of few facts each is made anew as quickly."""
        return self.keeps or self._store.rows >= WORTH

    def _since(self, purpose: Purpose, before: datetime) -> datetime | None:
        """The beginning of the first day (UTC) of which all facts are young enough for the purpose; None: all are."""
        days = self._settings.retention_days.get(purpose.label)
        if days is None:
            return None
        oldest = before.astimezone(UTC) - timedelta(days=days)
        midnight = oldest.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight if midnight == oldest else midnight + timedelta(days=1)

    def _hand_out(
        self, reader: Reader, purpose: Purpose, refusing: Mapping[int, int], since: datetime | None, *, bots: bool
    ) -> Granted:
        related = self._store.related
        table = allowed(reader, purpose, refusing, related=related, bots=bots)
        offer = self._keeping.offer(reader, since) if purpose is PURPOSE and not bots else NOTHING

        def build() -> Facts:
            events, items = table("events"), table("items")
            kept = self._keeping.kept(reader, offer, events, items)
            return Facts(events, items, reader.table("volumes"), table("decisions"), kept)

        shape = f"{purpose.label} {bots} {bool(refusing)} {related} {offer.shape}"
        point = standpoint(reader.kept, refusing, since) if self.repeats else None
        return Granted(build, reader.run, lambda key, made: reader.run_all(f"{shape} {key}", made), point)

    def profile(self, purpose: Purpose, identifiers: Sequence[Identifier], *, before: datetime) -> Profile | None:
        """What ``purpose`` may know of a person; None for one who refuses, exactly as for a stranger."""
        subjects = self._vault.linked(self._vault.lookup(identifiers).values())
        with self.events(purpose, before=before, why="profile") as granted:
            events = granted.facts.events
            theirs = events.filter(events.subject.isin(sorted(subjects) or [0]))
            summary = theirs.aggregate(
                events=theirs.count(),
                orders=(theirs.event == "Order Completed").cast("int64").sum(),
                first=theirs.time.min(),
                last=theirs.time.max(),
            )
            row = granted.run(summary).to_pylist()[0]
        if not row["events"]:
            return None
        return Profile(row["events"], row["orders"] or 0, _utc(row["first"]), _utc(row["last"]))

    @property
    def remembers(self) -> bool:
        """Whether what people touch is remembered: since ``recall``."""
        return self._remembering.remembers

    def recall(self) -> None:
        """Remember what people touch from now on, and what they did before. Must run where nothing is appended."""
        with self._store.reader() as reader:
            people = self._remembering.recall(lambda: reader.table("items"), reader.run_all)
        self._registry.audit("recall", Purpose.PERSONALISATION.label, "live histories", {"people": people})

    def remember(self, items: pa.Table) -> None:
        """Remember what just became facts (``event.ITEMS``), as far as a purpose covers it."""
        self._remembering.add(items)

    def recent(self, purpose: Purpose, asking: Sequence[Who]) -> list[Visitor]:
        """What ``purpose`` may know right now of each who is asking, from memory; of one who refuses, nothing.

        The audit counts these passages, and says so at each seal.
        """
        return self._remembering.recent(purpose, asking)

    def audience(self, purpose: Purpose, subjects: Sequence[int], *, why: str) -> list[Member]:
        """Those of the people who said yes to ``purpose``, with what is needed to reach them."""
        standing = self._vault.standing(subjects)
        willing = [subject for subject in subjects if standing.get(subject, Standing()).granted & purpose]
        self._registry.audit("audience", purpose.label, why, {"asked": len(subjects), "reached": len(willing)})
        people = self._vault.people(willing)
        return [Member(subject, *people[subject]) for subject in willing if subject in people]

    def people(self, purpose: Purpose, subjects: Sequence[int], *, why: str) -> list[Person]:
        """Who these people are, as ``purpose`` found them: every identifier of each."""
        self._registry.audit("people", purpose.label, why, {"people": len(subjects)})
        linked = {subject: sorted(self._vault.linked([subject])) for subject in subjects}
        known = self._vault.people({one for theirs in linked.values() for one in theirs})
        return [
            Person(str(subject), [Known(*named) for one in theirs if one in known for named in known[one][0]])
            for subject, theirs in linked.items()
        ]

    def number(self, identifier: Identifier) -> int | None:
        """The pseudonym of an identifier, until its person is forgotten; None: it has none."""
        return self._vault.lookup([identifier]).get(identifier)

    def export(self, identifiers: Sequence[Identifier], *, counted: bool = False) -> dict[str, Any]:
        """What is kept of a person, for them (UU PDP art. 7, 13; GDPR art. 15, 20); ``counted``: facts as ``COUNTED``.

        Raises:
            NobodyError: nobody is known under these identifiers.
        """
        subjects = self._subjects(identifiers)
        with self._store.reader() as reader:
            found = {}
            for name in ("events", "items", "decisions"):
                table = reader.table(name)
                theirs = table.filter(table.subject.isin(sorted(subjects))).order_by("received")
                shown = theirs.select(*COUNTED[name]) if counted else theirs.drop("subject", "purposes")
                found[name] = reader.run(shown).to_pylist()
        self._registry.audit("export", Purpose.ESSENTIAL.label, "a person's own copy", {"events": len(found["events"])})
        people = self._vault.people(subjects).values()
        stands = Standing.together(self._vault.standing(subjects).values()).words.items()
        return {
            "identifiers": [{"kind": kind, "value": value} for known, _ in people for kind, value in known],
            "traits": {key: value for _, traits in people for key, value in traits.items()},
            "consent": [
                {
                    "time": said.time,
                    "granted": [one.label for one in Purpose if one & said.granted],
                    "refused": [one.label for one in Purpose if one & said.refused],
                }
                for said in self._vault.history(subjects)
            ],
            "stands": [
                {"purpose": Purpose(purpose).label, "allowed": word.yes, "time": from_micros(word.time)}
                for purpose, word in sorted(stands)
            ],
            "united": [
                {"evidence": one.evidence, "time": one.time, "undone": one.undone}
                for one in self._vault.merges(subjects)
            ],
            **found,
        }

    def forget(self, identifiers: Sequence[Identifier], let_go: LetGo, wish: str | None = None) -> Removed:
        """Remove a person: facts, log, vault, and every byte of them in the store's files.

        Must run where nothing is appended meanwhile. ``let_go`` is given every subject and identifier of the person and
        removes what lies outside the facts: the sealed log, bodies kept aside, models on the disk. The vault comes
        last, so that whoever is interrupted can be asked for again. ``owing.certify`` it once nothing is left anywhere.

        Raises:
            NobodyError: nobody is known under these identifiers.
        """
        subjects = self._subjects(identifiers)
        self.keep()
        with self._store.reader() as reader:
            theirs = reader.table("events").subject.isin(sorted(subjects)).sum().fill_null(0).as_table()
            removed = self.owing.begin(wish, subjects, reader.run(theirs)[0][0].as_py())
        self._store.erase(subjects)
        self._remembering.drop(subjects)
        let_go(subjects, [one for known, _ in self._vault.people(subjects).values() for one in known])
        self._vault.forget(subjects)
        self._store.relate(self._vault.persons(), afresh=True)
        return removed

    def keep(self) -> None:
        """Put what was learnt of people onto the disk. Comes before the facts that speak of them are sealed."""
        self._vault.flush()

    def identity(self, identifiers: Sequence[Identifier]) -> Identity:
        """Under which identifiers a person is known, and why those are taken for one person.

        Raises:
            NobodyError: nobody is known under these identifiers.
        """
        subjects = self._subjects(identifiers)
        merges = self._vault.merges(subjects)
        people = self._vault.people(subjects | {one for merge in merges for one in (merge.subject, merge.person)})
        self._registry.audit("identity", Purpose.ESSENTIAL.label, "who is one person", {"merges": len(merges)})

        def named(subject: int) -> list[Known]:
            return [Known(*one) for one in people[subject][0]] if subject in people else []

        return Identity(
            [known for subject in sorted(subjects) for known in named(subject)],
            [
                United(one.number, named(one.subject), named(one.person), one.evidence, one.time, one.undone)
                for one in merges
            ],
        )

    def unite(self, one: Sequence[Identifier], other: Sequence[Identifier], why: str) -> None:
        """Take two people for one from now on; ``part`` takes it back. Must run where nothing is appended meanwhile.

        Raises:
            NobodyError: nobody is known under one of them.
            UsageError: they are one person already.
        """
        ours, theirs = self._subjects(one), self._subjects(other)
        if ours & theirs:
            raise UsageError("these are taken for one person already")
        row = self._registry.audit("unite", Purpose.ESSENTIAL.label, why, {"subjects": len(ours) + len(theirs)})
        head = next(iter(self._vault.owners(theirs).values()), min(theirs))
        self._vault.unite(ours, head, f"{BY_HAND}{why} (audit {row.number})", to_micros(datetime.now(UTC)))
        self._agree(ours | theirs)
        self._store.relate(self._vault.persons(), afresh=True)

    def part(self, merge: int) -> None:
        """Take a merge back: the two are not one person any more, and do not become one again by themselves.

        Must run where nothing is appended meanwhile.

        Raises:
            DeniedError: there is no such merge, or it was taken back already.
        """
        self._vault.part(merge, to_micros(datetime.now(UTC)))
        self._registry.audit("part", Purpose.ESSENTIAL.label, "two who are not one person", {"merge": merge})
        self._store.relate(self._vault.persons(), afresh=True)

    def _agree(self, subjects: set[int]) -> None:
        """What one of them said, all of them said."""
        said = Standing.together(self._vault.standing(subjects).values())
        if said.words:
            self._vault.write({}, {}, [], dict.fromkeys(subjects, said))

    def bots(self) -> BotsReport:
        """What was flagged as programs', by rule: counts only, whatever people agreed to."""
        with self._store.reader() as reader:
            events = reader.table("events")
            found = events.group_by("bot").aggregate(
                events=events.count(), first=events.received.min(), last=events.received.max()
            )
            rows = reader.run(found).to_pylist()
        rules = [
            BotRule(row["bot"], row["events"], row["first"].replace(tzinfo=UTC), row["last"].replace(tzinfo=UTC))
            for row in rows
            if row["bot"] is not None
        ]
        self._registry.audit("events", Purpose.ESSENTIAL.label, "bots", {"rules": len(rules)})
        source = Bots(self._settings.bots).source
        return BotsReport(source, sum(row["events"] for row in rows), sorted(rules, key=lambda one: -one.events))

    def rejudge(self) -> Rejudged:
        """Judge all facts again by the list of bots in force now. Must run where nothing is appended meanwhile."""
        judge = Judge(Bots(self._settings.bots), self._settings.bots.pace)
        self.keep()
        self._store.rewrite({"events": judge.events, "items": judge.items})
        if self.remembers:
            self.recall()
        self._registry.audit("rejudge", Purpose.ESSENTIAL.label, "bots", {"flagged": judge.done.flagged})
        return judge.done

    def flush(self) -> None:
        """Write into the audit how much was admitted and withheld since the last time."""
        with self._counting:
            counted, self._admitted = self._admitted, {"admitted": 0, "withheld": 0}
        if any(counted.values()):
            self._registry.audit("admit", "all", "collection", dict(counted))
        for purpose, asked in self._remembering.answered().items():
            self._registry.audit("recent", purpose, "answers", {"asked": asked})

    def _subjects(self, identifiers: Sequence[Identifier]) -> set[int]:
        subjects = self._vault.linked(self._vault.lookup(identifiers).values())
        if not subjects:
            raise NobodyError("nobody")
        return subjects

    def _count(self, kept: Mask) -> None:
        admitted = int(kept.sum())
        with self._counting:
            self._admitted["withheld"] += len(kept) - admitted
            self._admitted["admitted"] += admitted


def _utc(naive: datetime | None) -> datetime | None:
    return naive.replace(tzinfo=UTC) if naive else None
