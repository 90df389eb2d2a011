"""The engine: one shop's store, put together. Collect, understand, and the verbs of the gate; and the beat.

The process that opens an engine holds the store's lock; other processes go through it (``client.py``).
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from detak.alerts import Alert
from detak.answer_files import AnswerFiles
from detak.beat import Beat, Ended, Task, never
from detak.bots import BotsReport, Rejudged
from detak.collecting import Collecting
from detak.consent import Purpose
from detak.deciding.deciding import Deciding
from detak.deciding.prepared import Ledger
from detak.errors import DeniedError, DetakError, StoreBusyError
from detak.habits import Habits
from detak.insights.base import Report, Shop
from detak.intentions import Intentions
from detak.learning import Learning
from detak.live import Live, Pulse
from detak.questions import Answer, Audit, Consent, Question, source_name
from detak.reading.outcomes import Outcome
from detak.reading.resend import Rejected, Resent, send_again
from detak.receipt import Receipt, Signer
from detak.recommending.everyone import Everyone
from detak.recommending.models import Models
from detak.settings import Settings, load
from detak.sink import Sink
from detak.store.catalogue import Catalogue
from detak.store.duckdb import DuckStore
from detak.store.lock import Address, StoreLock
from detak.store.log import Log
from detak.store.quarantine import Kept, Place, Quarantine
from detak.store.registry import Registry
from detak.store.rejects import Rejects
from detak.store.vault import Vault
from detak.subject import Identifier
from detak.told import Given
from detak.trust.gate import Gate
from detak.trust.passages import Identity, Person, Removed
from detak.understanding import Understanding
from detak.vitals import Vitals

_log = logging.getLogger("detak.engine")
_BEAT_SECONDS = 60
_REPLAY_SECONDS = 60


class Engine:
    """One shop's store, open. Use as a context manager; any thread may call it.

    Args:
        folder: the store; made if absent.
        settings: else ``detak.toml`` in the folder, else the defaults.
        wait: seconds to wait for another process to let go of the store.
        beats: whether what recurs is done; not where something is measured.

    Raises:
        StoreBusyError: another process holds the store.
        SettingsError, StoreError: the store says something that cannot be used.
    """

    def __init__(self, folder: Path, settings: Settings | None = None, *, wait: float = 0, beats: bool = True) -> None:
        self.settings = settings or load(folder / "detak.toml")
        self.folder = folder
        self._lock = StoreLock(folder)
        if not self._lock.acquire(wait):
            raise StoreBusyError(f"{folder}: another process is using this store")
        with ExitStack() as opened:  # whatever fails here leaves nothing held
            opened.callback(self._lock.release)
            self._store = DuckStore(folder / "facts", part_rows=self.settings.part_rows, memory=self.settings.memory)
            opened.callback(self._store.close)
            self._vault = Vault(folder / "vault.db")
            opened.callback(self._vault.close)
            self._store.relate(self._vault.persons(), afresh=True)
            self._registry = Registry(folder / "registry.db")
            opened.callback(self._registry.close)
            self.catalogue = Catalogue(folder / "catalogue.db", self.settings.currency)
            opened.callback(self.catalogue.close)
            self._log = Log(folder / "log", queue_bytes=self.settings.queue_bytes, start=self._store.sealed)
            opened.callback(self._log.close)
            self._left = self._log.end  # acknowledged by a process before this one
            self._quarantine = Quarantine(
                folder / "rejects", days=self.settings.quarantine_days, megabytes=self.settings.quarantine_megabytes
            )
            self._rejects = Rejects(folder / "rejects" / "live.jsonl", self._quarantine)
            self.gate = Gate(self._store, self._vault, self._registry, self.settings, Signer(folder / "signing.key"))
            given = Given(files=AnswerFiles(folder / "answers", self.gate.resumed))
            self.understanding = Understanding(self.gate, self.settings, self._replay, given)
            opened.callback(self.understanding.close)
            self._keys = self._registry.write_keys()
            self._live = Live()
            self.sink = Sink(self._log, self._store, self.gate, self._live, self._rejects, self.settings)
            self.sink.start()
            self._collecting = Collecting(self._log, self.sink, self.settings)
            opened.callback(self.sink.stop)
            opened.callback(self._log.close)  # first, so that the sink sees the end of it
            kept, reached = folder / "models.npz", lambda: self._store.offset
            self.models = Models(self.gate, self.catalogue, self.settings, kept, self.sink.call, reached)
            opened.callback(self.models.close)
            self.everyone = Everyone(self.gate, self.models)
            self.intent = Intentions(self.gate, folder / "intent.npz", self.sink.call)
            opened.callback(self.intent.close)
            ledger = Ledger(self._log.append_all, self._replay, self.sink.caught_up)
            self.decisions = Deciding(self.gate, self.models, self.settings, ledger, folder)
            opened.callback(self.decisions.keep)
            self._outlived: date | None = None  # when keys beyond the window were forgotten
            self._habits = Habits(self.gate, self._live.alerts, self.intent)
            self._learning = Learning(self.gate, self.catalogue, self.settings.currency, reached)
            self._finish()
            beat = Beat(self._recurring(), _BEAT_SECONDS)
            if beats:
                beat.start()
                opened.callback(beat.stop)
            self._opened = opened.pop_all()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Apply and seal what came in, then let go of the store."""
        self._opened.close()

    def announce(self, url: str, token: str) -> None:
        """Tell other processes on this machine where this engine answers."""
        self._lock.announce(url, token)

    # Collect

    def collect(self, source: str, body: bytes, done: Callable[[int | Exception], None]) -> None:
        """See ``Collecting``."""
        self._collecting.collect(source, body, done)

    def take(self, source: str, body: bytes, *, imported: bool) -> "Future[list[Outcome]]":
        """See ``Collecting``."""
        return self._collecting.take(source, body, imported=imported)

    def consent(self, said: Consent, source: str) -> Consent:
        """See ``Collecting``."""
        return self._collecting.consent(said, source)

    def audit_import(self, file: str, source: str, counts: dict[str, int]) -> None:
        """Leave in the audit chain what was imported, and on which legal basis."""
        settings = self.settings.source(source, imported=True)
        detail = {
            "file": file,
            "source": source,
            "basis": settings.basis,
            "purposes": list(settings.purposes),
            **counts,
        }
        self._registry.audit("admit", ",".join(settings.purposes), "import", detail)

    # Understand

    def shop(self, language: str | None = None) -> Shop:
        """What an insight must know of the shop."""
        return self.understanding.shop(language)

    def report(self, question: Question) -> Report:
        """A report on everything that its purpose may see."""
        return self.understanding.report(question)

    def answer(self, question: Question) -> Answer:
        """A report as JSON and as text."""
        return self.understanding.answer(question)

    def names(self, question: Question, limit: int) -> list[Person]:
        """The people behind a number themselves: for whoever may see a person's data."""
        return self.understanding.names(question, limit)

    def _replay(self) -> None:
        """Wait until what an interrupted process left in the log is among the facts; not for ever."""
        until = time.monotonic() + _REPLAY_SECONDS
        while self._store.offset < self._left and time.monotonic() < until:
            time.sleep(0.01)

    def pulse(self) -> Pulse:
        """What is happening right now."""
        return self._live.pulse(int(time.time()), unsealed=self._store.unsealed_rows, behind=self.sink.behind)

    def alerts(self) -> list[Alert]:
        """What is broken now: a reason to leave that jumped."""
        return self._live.alerts.now()

    def vitals(self) -> Vitals:
        """How the engine itself does."""
        return Vitals(
            messages=self._live.outcomes(),
            waiting_bytes=self.sink.behind,
            tail_rows=self._store.unsealed_rows,
            lag_seconds=self.sink.lag,
            seals=self.sink.seals,
            commits=self._log.commits.read(),
        )

    # The rights of a person, and the proof

    def export(self, identifiers: Sequence[Identifier], *, counted: bool = False) -> dict[str, Any]:
        """Everything kept of a person, and what was acknowledged a moment ago with it; see ``Gate.export``.

        ``set_aside`` is what they sent that could not be used, and why. It may be all that is kept of them.
        """
        self.sink.caught_up()
        try:
            found = self.gate.export(identifiers, counted=counted)
        except DeniedError:
            if not (aside := self._rejects.of(identifiers)):
                raise
            self._registry.audit("export", Purpose.ESSENTIAL.label, "a person's own copy", {"events": 0})
            found = {name: [] for name in ("consent", "stands", "united", "events", "items", "decisions")}
            named = [{"kind": kind, "value": value} for kind, value in identifiers]
            return {"identifiers": named, "traits": {}, **found, "set_aside": aside}
        whose = {(one["kind"], one["value"]) for one in found["identifiers"]}
        return {**found, "set_aside": self._rejects.of(whose)}

    def forget(self, identifiers: Sequence[Identifier], wish: str | None = None) -> Receipt:
        """Remove a person from the vault, the facts, the log and the models; a signed receipt.

        Whoever wishes it by a name of their own is given that receipt again, should it have got lost. What is
        interrupted is finished when the store is opened next.

        Raises:
            DeniedError: nobody is known under these identifiers.
        """

        def act() -> Removed:
            self.sink.catch_up()  # what was acknowledged before the wish is part of it
            try:
                return self.gate.forget(identifiers, let_go, wish)
            except DeniedError:
                if not self._rejects.of(identifiers):
                    raise
                let_go(set(), identifiers)  # all that is kept of them could not be used
                return self.gate.owing.begin(wish, (), 0)

        def let_go(subjects: set[int], theirs: Sequence[Identifier]) -> None:
            self.sink.settle()
            self.models.disown(subjects)
            self.decisions.drop(subjects)
            self.intent.forget()
            self._rejects.forget(value.encode() for _, value in theirs)

        try:
            with self.understanding.given.closed():
                removed = self.sink.call(act)
        except DeniedError:
            if wish is None or (done := self.gate.owing.receipt(wish)) is None:
                raise
            return done
        self.models.unlearn(removed.subjects)  # takes as long as fitting; events go on coming in meanwhile
        return self.gate.owing.certify(removed)

    def _finish(self) -> None:
        """Remove whom a process before this one did not get done with, and sign what it did not sign."""
        for removed, known in self.gate.owing.unfinished():
            try:
                if known:
                    self.forget(known, removed.wish)
                else:
                    self.gate.owing.certify(removed)
            except (DetakError, OSError) as error:
                _log.error("a wish to be forgotten is not finished yet: %s", type(error).__name__)

    def marks(self, whose: Identifier) -> Iterator[str]:
        """What somebody is known by until they are forgotten: their number, then messages that could not be used."""
        if (number := self.gate.number(whose)) is not None:
            yield str(number)
        for one in self._rejects.of([whose]):
            yield hashlib.sha256(msgspec.json.encode(one)).hexdigest()[:32]

    def identity(self, identifiers: Sequence[Identifier]) -> Identity:
        """Under which identifiers a person is known, and why."""
        self.sink.caught_up()
        return self.sink.call(lambda: self.gate.identity(identifiers))

    def unite(self, one: Sequence[Identifier], other: Sequence[Identifier], why: str) -> None:
        """Take two people for one from now on."""
        self.sink.call(lambda: self.gate.unite(one, other, why))
        self.models.doubt()

    def part(self, merge: int) -> None:
        """Take a merge back."""
        self.models.doubt()  # first: what is parted may be forgotten the moment after
        self.sink.call(lambda: self.gate.part(merge))

    # What is no person, and what could not be used

    def bots_report(self) -> BotsReport:
        """What was flagged as programs', by rule."""
        return self.gate.bots()

    def rejudge_bots(self) -> Rejudged:
        """Judge all facts again by the list of bots in force now."""
        with self.understanding.given.closed():
            return self.sink.call(self.gate.rejudge)

    def rejects_report(self) -> list[Rejected]:
        """Why live messages could not be used, the most frequent reason first."""
        return self._rejects.summary()

    def replay_rejects(self, source: str | None = None, event: str | None = None) -> Resent:
        """Send messages kept aside through the way in again; those that could be used are kept no longer."""

        def chosen() -> list[Kept]:
            wanted = ((source, "source"), (event, "event"))
            every = self._quarantine.read()
            return [one for one in every if all(want in (None, getattr(one, name)) for want, name in wanted)]

        kept = self.sink.call(chosen)
        became = send_again(kept, lambda of, body: self.take(of, body, imported=False))
        # What is refused again was kept again on its way.
        self.sink.call(lambda: self._quarantine.remove(Place(one.offset, one.nth) for one in kept))
        return became

    def audit(self) -> Audit:
        """The audit chain, and whether it holds."""
        return Audit(list(self._registry.audit_rows()), self._registry.audit_break())

    def write_key(self, source: str) -> str:
        """The write key of a source; made on first asking.

        Raises:
            UsageError: no source can be called so.
        """
        return self._registry.write_key(source_name(source))

    def revoke_key(self, source: str) -> None:
        """Take a source's write key back: nothing comes in with it any more. The next asking makes another.

        Raises:
            UsageError: the source has none.
        """
        self._registry.revoke(source_name(source))
        self._keys = self._registry.write_keys()

    def source_of(self, key: str) -> str | None:
        """The source that a write key belongs to."""
        if key not in self._keys:
            self._keys = self._registry.write_keys()
        return self._keys.get(key)

    def settle(self) -> None:
        """Apply everything acknowledged, and seal it."""
        end = self._log.end
        while self._store.offset < end:
            time.sleep(0.01)
        self.sink.call(self.sink.settle)

    def _recurring(self) -> dict[str, Task]:
        return {
            "compaction": self._compact,
            "learning": self._learning.renew,
            "usual": self._habits.renew,
            "deciding": lambda _: self.decisions.renew(),
            "preparing": self._prepare,
        }

    def _compact(self, ended: Ended = never) -> None:
        self.sink.call(self._store.compact)
        if ended():
            return
        self._quarantine.expire()
        today = datetime.now(UTC).date()
        if self.settings.dedupe_days and today != self._outlived:
            window = timedelta(days=self.settings.dedupe_days)
            self.sink.call(lambda: self._store.outlive(datetime.now(UTC) - window))
            self._outlived = today

    def _prepare(self, ended: Ended) -> None:
        """What reports need, and the reports that take long."""
        self.gate.renew(datetime.now(UTC), ended=ended)
        self.understanding.renew(ended=ended)


def owner(folder: Path) -> Address | None:
    """Where the process that holds a store answers; None where none holds it, or it does not say."""
    return StoreLock(folder).owner()
