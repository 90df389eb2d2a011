"""The sink: from the log, through the gate, into the facts, exactly once in effect.

It reads the log in order, drops what is already among the facts, and appends the rest together with the offset it
reached. Facts that are not sealed yet are made again from the log after a crash, so nothing acknowledged is lost and
nothing counts twice. One thread runs it; what must not happen meanwhile (sealing, forgetting) runs in the same thread.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa

from detak.amounts import Mask
from detak.decoding import Decoder
from detak.errors import StoreError
from detak.live import Live
from detak.reading.body import open_batch
from detak.reading.columns import events_table, items_table, volumes_table
from detak.reading.decided import Told, Verdict, decisions_table
from detak.reading.decode import Decoded, Head, decode, heads
from detak.reading.intake import PLAN, Intake
from detak.reading.judging import live_pace, pace_tally, with_bots
from detak.reading.outcomes import REJECTED, Outcome, outcomes_of, tally
from detak.reading.resend import sendable
from detak.record import Record
from detak.settings import Settings
from detak.store.base import Batch, Sealed, Sealing, Store, empty
from detak.store.log import Log
from detak.store.parts import Keys
from detak.store.rejects import Refused, Rejects
from detak.trust.gate import Gate

_READ_BYTES: Final = 4 * 1024 * 1024
_HAND_OVER: Final = 512 * 1024  # bytes behind; with less it is not worth the way to another process and back
_SOME_DECISIONS: Final = 64 * 1024  # of decisions: they are slow to read, and nobody waits for them
_IDLE: Final = 0.25  # seconds; so long decisions wait for others, since nobody waits for them
# Seconds that events wait for others, where decisions come in beside them and nobody waits for an outcome.
_GATHER: Final = 0.05
_FEW_ASKERS: Final = 64  # are looked at in one go
_BREATH: Final = 0.002  # seconds between two of those
# What data of an unforeseen shape raises; a full disk or a locked file raises something else, and is waited out.
_UNUSABLE: Final = (ValueError, TypeError, KeyError, ArithmeticError, RecursionError)
_log = logging.getLogger("detak.sink")

T = TypeVar("T")


Waiter = Callable[[list[Outcome] | Exception], None]


class Sink:
    """Follows one log into one store."""

    def __init__(self, log: Log, store: Store, gate: Gate, live: Live, rejects: Rejects, settings: Settings) -> None:
        self._log = log
        self._store = store
        self._gate = gate
        self._live = live
        self._rejects = rejects
        self._settings = settings
        self.intake = Intake(settings, log.folder.parent / PLAN)
        """How bodies are read."""
        self._decoder = Decoder(log.folder, settings)
        self._waiters: dict[int, Waiter] = {}
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._calling = threading.Lock()
        self._ended = False
        self._stop = threading.Event()
        self._first_unsealed: float | None = None
        self._reached = 0  # when what was applied last came in
        self._deciding = False  # whether there were decisions among what was applied last
        self.seals = 0
        """How often the tail was sealed since the start."""
        self._sealing: tuple[Sealing, Future[Sealed]] | None = None
        self._sealer = ThreadPoolExecutor(1, "detak-sealer")
        self._thread = threading.Thread(target=self._run, name="detak-sink", daemon=True)

    def start(self) -> None:
        """Begin to follow the log, and let it go of what a crash kept it from deleting.

        Raises:
            OSError: the disk does not take it.
        """
        self._log.drop(self._store.sealed)
        self._thread.start()

    def stop(self) -> None:
        """Apply what is in the log, seal it, and end."""
        self._stop.set()
        self._log.wake()
        if self._thread.is_alive():
            self._thread.join()
        self._sealer.shutdown()
        self._decoder.close()

    @property
    def behind(self) -> int:
        """Bytes acknowledged but not yet applied."""
        return self._log.end - self._store.offset

    @property
    def lag(self) -> float:
        """How many seconds ago what was applied last came in; 0 where nothing waits."""
        return max(0.0, time.time() - self._reached / 1e6) if self.behind and self._reached else 0.0

    def expect(self, ticket: int, waiter: Waiter) -> None:
        """Have ``waiter`` called with what became of the messages of the record with this ticket."""
        self._waiters[ticket] = waiter

    def forsake(self, ticket: int) -> None:
        """Stop expecting it: it was not accepted."""
        self._waiters.pop(ticket, None)

    def call(self, action: Callable[[], T]) -> T:
        """Run ``action`` between two batches, where nothing else changes the facts; its result or its exception.

        Raises:
            StoreError: the sink has ended.
        """
        future: Future[T] = Future()
        with self._calling:
            if self._ended:
                raise StoreError("the store is closed")
            self._calls.put((action, future))
        self._log.wake()
        return future.result()

    def caught_up(self) -> None:
        """Return once everything acknowledged so far is among the facts. Any thread but the sink's.

        Raises:
            StoreError: the sink has ended.
        """
        if self.behind:
            self.call(self.catch_up)

    def catch_up(self) -> None:
        """Apply everything acknowledged so far. Runs in the sink's thread."""
        end = self._log.end
        while self._store.offset < end and self._step(wait=False):
            pass

    def settle(self) -> None:
        """Seal what is in the tail and let the log go of it. Runs in the sink's thread."""
        self._finish_sealing(wait=True)
        self._begin_sealing()
        self._finish_sealing(wait=True)
        self._gate.flush()
        self._log.drop(self._store.sealed)

    def _begin_sealing(self) -> None:
        """Have another thread write what is in the tail, while this one goes on."""
        self._first_unsealed = None
        sealing = self._store.begin_seal()
        if sealing is not None:
            self._sealing = sealing, self._sealer.submit(self._write, sealing)

    def _write(self, sealing: Sealing) -> Sealed:
        """What was learnt of people first: no sealed fact may speak of somebody the vault does not know."""
        self._gate.keep()
        return self._store.write_seal(sealing)

    def _finish_sealing(self, *, wait: bool) -> None:
        """Show what was written, once it is; then the log may let go of it."""
        if self._sealing is None or not (wait or self._sealing[1].done()):
            return
        (sealing, written), self._sealing = self._sealing, None
        try:
            self._store.end_seal(sealing, written.result())
        except BaseException:
            self._first_unsealed = 0.0  # not sealed after all: as soon as possible
            raise
        self.seals += 1
        self._gate.flush()
        self._log.drop(self._store.sealed)

    def _run(self) -> None:
        try:
            self._follow()
        finally:
            with self._calling:
                self._ended = True
            self._answer_calls()
            for ticket in list(self._waiters):
                self._tell_waiter(ticket, StoreError("the store was closed; what it took in is applied when it opens"))

    def _follow(self) -> None:
        while True:
            self._answer_calls()
            stopping = self._stop.is_set()
            try:
                self._finish_sealing(wait=False)
                moved = self._step(wait=not stopping)
                if self._due(stopping=stopping and not moved):
                    self._begin_sealing()
                if stopping and not moved:
                    self._finish_sealing(wait=True)
            except Exception as error:
                # A full disk, a damaged file: nothing is lost, the log holds it. Try again, and say so.
                _log.error("the sink is held up: %s", error)
                if stopping:
                    return
                self._stop.wait(2)
                continue
            if stopping and not moved:
                return

    def _step(self, *, wait: bool) -> bool:
        offset = self._store.offset
        if wait and not self._log.wait(offset, _IDLE):
            return False
        if wait and self._deciding and not self._waiters:
            self._stop.wait(_GATHER)
        if self._log.end - offset >= self._enough(offset) or self._decoder.asked == offset:
            handed = self._handed_over(offset)
            if handed is not None:
                self._apply_all(*handed)
                return True
        records = self._log.read(offset, _READ_BYTES)
        if not records:
            return False
        self._apply_all(heads(records), None, records)
        return True

    def _enough(self, offset: int) -> int:
        """How many bytes behind there are worth the way to the other process."""
        return _SOME_DECISIONS if self._deciding or self._log.pressing <= offset else _HAND_OVER

    def _handed_over(self, offset: int) -> tuple[list[Head], Decoded] | None:
        """The next records as the other process decoded them, which goes on with what follows; none: it cannot."""
        try:
            if self._decoder.asked is not None and self._decoder.asked != offset:
                self._decoder.close()
            if self._decoder.asked is None:
                self._ask(offset)
            told, decoded = self._decoder.answer()
            if self._log.end - told[-1].end >= _HAND_OVER:
                self._ask(told[-1].end)
        except (OSError, EOFError, ValueError, IndexError) as error:
            _log.warning("the process that decodes is gone: %s", type(error).__name__)
            self._decoder.close()
            return None
        return told, decoded

    def _ask(self, offset: int) -> None:
        end = self._log.end
        self._decoder.ask(offset, min(end, offset + _READ_BYTES), end)

    def _apply_all(self, told: Sequence[Head], decoded: Decoded | None, records: Sequence[Record] = ()) -> None:
        try:
            self._apply(told, decode(records, self.intake) if decoded is None else decoded)
        except _UNUSABLE:
            self._decoder.close()
            self._apply_one_by_one(records or self._log.read(self._store.offset, told[-1].end - self._store.offset))
        self._deciding = any(head.meta.decided for head in told)
        if self._first_unsealed is None:
            self._first_unsealed = time.monotonic()

    def _due(self, *, stopping: bool) -> bool:
        if self._sealing is not None or self._store.offset == self._store.sealed:
            return False
        aged = (
            self._first_unsealed is not None and time.monotonic() - self._first_unsealed > self._settings.seal_seconds
        )
        return stopping or aged or self._store.unsealed_rows >= self._settings.seal_rows

    def _answer_calls(self) -> None:
        while not self._calls.empty():
            action, future = self._calls.get()
            try:
                self._finish_sealing(wait=True)
                future.set_result(action())
            except Exception as error:  # the caller gets it
                future.set_exception(error)

    def apply(self, records: Sequence[Record]) -> None:
        """Make records part of the facts, all of them with the offset behind the last."""
        self._apply(heads(records), decode(records, self.intake))

    def _apply(self, told: Sequence[Head], decoded: Decoded) -> None:
        metas = [head.meta for head in told]
        if all(meta.decided for meta in metas):
            self._apply_decisions(told, decoded)
            return
        fresh = _first_of_each(decoded.events["id"].to_numpy(), self._store)
        arrivals, items = decoded.events, decoded.items
        if not fresh.all():
            arrivals, items = _only(arrivals, items, fresh)
        admission = self._gate.admit(arrivals, metas)
        fast = live_pace(arrivals, metas, admission.subjects, self._settings.bots.pace)
        if fast.any():
            arrivals, items = with_bots(arrivals, items, fast)
        events = events_table(arrivals, *admission)
        counted = list(tally(decoded, metas, fresh, admission.kept))
        counted += pace_tally(arrivals, metas, fast & admission.kept)
        decisions = decisions_table(decoded.decided, self._gate.weigh(decoded.decided.askers))
        products = items_table(items, arrivals, *admission)
        batch = Batch(events, products, volumes_table(counted), told[-1].end, decisions)
        # Before the facts: should the disk be full here, the records pass again, and each line is written once.
        self._rejects.add(self._refused(told, decoded))
        self._store.append(batch)
        self._reached = told[-1].meta.received
        self._after("what people touch", lambda: self._gate.remember(products))
        self._after("the pulse", lambda: self._live.apply(tally(decoded, metas, fresh, admission.kept, imported=False)))
        self._after("alerts", lambda: self._live.hear(events))
        self._after("outcomes", lambda: self._notify(told, decoded, fresh, admission.kept))

    def _after(self, what: str, step: Callable[[], None]) -> None:
        """Tell others of what is among the facts now. Who cannot hear it must not have it appended once more."""
        try:
            step()
        except Exception as error:
            _log.error("%s did not hear of what came in: %s", what, type(error).__name__)

    def _apply_decisions(self, told: Sequence[Head], decoded: Decoded) -> None:
        """Where nothing else came in, as on a page that is asked for again and again."""
        end = told[-1].end
        decisions = self._admitted(decoded.decided, end)
        self._store.append(Batch(empty("events"), empty("items"), empty("volumes"), end, decisions))
        self._reached = told[-1].meta.received

    def _admitted(self, told: Told, end: int) -> pa.Table:
        """Decisions as they may be kept, a few at a time, so that answers are given meanwhile; ``end``: behind them."""
        verdicts: list[Verdict] = []
        for first in range(0, len(told.askers), _FEW_ASKERS):
            if first and self._log.pressing <= end:
                self._stop.wait(_BREATH)
            verdicts += self._gate.weigh(told.askers[first : first + _FEW_ASKERS])
        return decisions_table(told, verdicts)

    def _refused(self, told: Sequence[Head], decoded: Decoded) -> Iterator[Refused]:
        """What live clients sent and cannot be used, as it may be kept."""
        for one in decoded.refused:
            end, meta = told[one.record]
            if not meta.imported:
                again = sendable(one.raw, meta, self._settings, sent_at=one.sent_at, context=one.context)
                yield end, meta.source, meta.received, one.refusal.event, one.refusal, again

    def _notify(self, told: Sequence[Head], decoded: Decoded, fresh: Mask, kept: Mask) -> None:
        if not self._waiters:
            return
        outcomes = outcomes_of(decoded, fresh, kept)
        first = 0
        for head, count in zip(told, decoded.messages, strict=True):
            if head.meta.ticket in self._waiters:
                self._tell_waiter(head.meta.ticket, outcomes[first : first + count])
            first += count

    def _tell_waiter(self, ticket: int, became: list[Outcome] | Exception) -> None:
        waiter = self._waiters.pop(ticket, None)
        if waiter is None:  # forsaken meanwhile
            return
        try:
            waiter(became)
        except Exception as error:  # one who gave up waiting holds up neither the facts nor the others
            _log.warning("nobody heard what became of a record: %s", type(error).__name__)

    def _apply_one_by_one(self, records: Sequence[Record]) -> None:
        """After a record that breaks something: the others go in, that one is kept aside with what it broke. Those that
        are among the facts already stay as they are."""
        for record in records:
            if record.end <= self._store.offset:
                continue
            try:
                self.apply([record])
            except _UNUSABLE as error:
                _log.error("the record before offset %d was kept aside: %s", record.end, type(error).__name__)
                self._rejects.keep_aside(record.end, record.body)
                outcome = Outcome(REJECTED, "", "could not be applied; it is kept aside")
                self._store.append(Batch(empty("events"), empty("items"), empty("volumes"), record.end))
                count = 0 if record.meta.decided else max(1, len(open_batch(record.body).batch))
                self._tell_waiter(record.meta.ticket, [outcome] * count)


def _first_of_each(keys: Keys, store: Store) -> Mask:
    """Which messages are new: not among the facts, and the first of their key here."""
    _, first = np.unique(keys, return_index=True)
    fresh = np.zeros(len(keys), dtype=np.bool_)
    fresh[first[~store.known(keys[first])]] = True
    return fresh


def _only(arrivals: pa.Table, items: pa.Table, fresh: Mask) -> tuple[pa.Table, pa.Table]:
    """The new arrivals, and their products, which point to the rows they have now."""
    place = np.cumsum(fresh) - 1
    parents = items["parent"].to_numpy()
    stays = fresh[parents]
    where = items.schema.get_field_index("parent")
    moved = pa.array(place[parents[stays]], pa.int32())
    return arrivals.filter(pa.array(fresh)), items.filter(pa.array(stays)).set_column(
        where, items.field("parent"), moved
    )
