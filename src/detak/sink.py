"""The sink: from the log, through the gate, into the facts, exactly once in effect.

It reads the log in order, drops what is already among the facts, and appends the rest together with the offset it
reached. Facts that are not sealed yet are made again from the log after a crash, so nothing acknowledged is lost and
nothing counts twice. One thread runs it; what must not happen meanwhile (sealing, forgetting) runs in the same thread.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from detak.columns import Admitted, events_table, items_table, volumes_table
from detak.errors import RowError, StoreError
from detak.gate import Gate
from detak.live import Live
from detak.settings import Settings
from detak.store.base import Batch, Store, empty
from detak.store.log import Log, Record
from detak.store.rejects import Rejects
from detak.wire import Arrival, Origin, Refusal, arrive, open_batch

_READ_BYTES: Final = 4 * 1024 * 1024
_IDLE: Final = 0.25
# What data of an unforeseen shape raises; a full disk or a locked file raises something else, and is waited out.
_UNUSABLE: Final = (ValueError, TypeError, KeyError, ArithmeticError, RecursionError)
_log = logging.getLogger("detak.sink")

ACCEPTED, DUPLICATE, REJECTED, WITHHELD = "accepted", "duplicate", "rejected", "withheld"

T = TypeVar("T")


class Outcome(NamedTuple):
    """What became of one message; ``field`` and ``reason`` say why it was rejected."""

    what: str
    field: str = ""
    reason: str = ""


Waiter = Callable[[list[Outcome] | Exception], None]


class _Opened(NamedTuple):
    record: Record
    messages: list[Arrival | Refusal]


class Sink:
    """Follows one log into one store."""

    def __init__(self, log: Log, store: Store, gate: Gate, live: Live, rejects: Rejects, settings: Settings) -> None:
        self._log = log
        self._store = store
        self._gate = gate
        self._live = live
        self._rejects = rejects
        self._settings = settings
        self._waiters: dict[int, Waiter] = {}
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._calling = threading.Lock()
        self._ended = False
        self._stop = threading.Event()
        self._first_unsealed: float | None = None
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

    @property
    def behind(self) -> int:
        """Bytes acknowledged but not yet applied."""
        return self._log.end - self._store.offset

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

    def catch_up(self) -> None:
        """Apply everything acknowledged so far. Runs in the sink's thread."""
        end = self._log.end
        while self._store.offset < end and self._step(wait=False):
            pass

    def settle(self) -> None:
        """Seal what is in the tail and let the log go of it. Runs in the sink's thread."""
        self._store.seal()
        self._gate.flush()
        self._log.drop(self._store.sealed)
        self._first_unsealed = None

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
                moved = self._step(wait=not stopping)
                if self._due(stopping=stopping and not moved):
                    self.settle()
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
        records = self._log.read(offset, _READ_BYTES)
        if not records:
            return False
        try:
            self.apply(records)
        except _UNUSABLE:
            self._apply_one_by_one(records)
        if self._first_unsealed is None:
            self._first_unsealed = time.monotonic()
        return True

    def _due(self, *, stopping: bool) -> bool:
        if self._store.offset == self._store.sealed:
            return False
        aged = (
            self._first_unsealed is not None and time.monotonic() - self._first_unsealed > self._settings.seal_seconds
        )
        return stopping or aged or self._store.unsealed_rows >= self._settings.seal_rows

    def _answer_calls(self) -> None:
        while not self._calls.empty():
            action, future = self._calls.get()
            try:
                future.set_result(action())
            except Exception as error:  # the caller gets it
                future.set_exception(error)

    def apply(self, records: Sequence[Record]) -> None:
        """Make records part of the facts, all of them with the offset behind the last."""
        opened = [_Opened(record, _open(record, self._settings.currency)) for record in records]
        arrivals = [one for each in opened for one in each.messages if isinstance(one, Arrival)]
        fresh = _first_of_each(arrivals, self._store)
        admitted = dict(zip(fresh, self._gate.admit([arrivals[at] for at in fresh]), strict=True))
        told = _tell(opened, [_outcome(admitted, at) for at in range(len(arrivals))])
        kept = [one for one in admitted.values() if one is not None]
        counts = [(*_of(message, record), outcome.what) for record, message, outcome in told]
        events = events_table(kept)
        batch = Batch(events, items_table(kept, events), volumes_table(counts), records[-1].end)
        # Before the facts: should the disk be full here, the records pass again, and each line is written once.
        self._rejects.add(
            (record.end, record.meta.source, record.meta.received, message.event, outcome)
            for record, message, outcome in told
            if outcome.what == REJECTED and not record.meta.imported
        )
        self._store.append(batch)
        self._live.apply(
            (*_of(message, record), outcome.what) for record, message, outcome in told if not record.meta.imported
        )
        self._notify(told)

    def _notify(self, told: Sequence[tuple[Record, Arrival | Refusal, Outcome]]) -> None:
        by_ticket: dict[int, list[Outcome]] = {}
        for record, _, outcome in told:
            if record.meta.ticket in self._waiters:
                by_ticket.setdefault(record.meta.ticket, []).append(outcome)
        for ticket, outcomes in by_ticket.items():
            self._tell_waiter(ticket, outcomes)

    def _tell_waiter(self, ticket: int, became: list[Outcome] | Exception) -> None:
        waiter = self._waiters.pop(ticket, None)
        if waiter is None:  # forsaken meanwhile
            return
        try:
            waiter(became)
        except Exception as error:  # one who gave up waiting holds up neither the facts nor the others
            _log.warning("nobody heard what became of a record: %s", type(error).__name__)

    def _apply_one_by_one(self, records: Sequence[Record]) -> None:
        """After a record that breaks something: the others go in, that one is kept aside with what it broke."""
        for record in records:
            try:
                self.apply([record])
            except _UNUSABLE as error:
                _log.error("the record before offset %d was kept aside: %s", record.end, type(error).__name__)
                self._rejects.keep_aside(record.end, record.body)
                outcome = Outcome(REJECTED, "", "could not be applied; it is kept aside")
                self._store.append(Batch(empty("events"), empty("items"), empty("volumes"), record.end))
                refused = (record, Refusal("", "", outcome.reason), outcome)
                self._notify([refused] * len(open_batch(record.body).batch))


def _of(message: Arrival | Refusal, record: Record) -> tuple[int, str, str]:
    return record.meta.received, record.meta.source, message.event


def _outcome(admitted: dict[int, Admitted | None], at: int) -> Outcome:
    if at not in admitted:
        return Outcome(DUPLICATE)
    return Outcome(WITHHELD if admitted[at] is None else ACCEPTED)


def _open(record: Record, currency: str) -> list[Arrival | Refusal]:
    meta = record.meta
    origin = Origin(meta.source, meta.received, meta.imported, currency)
    try:
        envelope = open_batch(record.body)
    except RowError as error:
        return [Refusal("", error.field, error.reason)]
    messages: list[Arrival | Refusal] = []
    for raw in envelope.batch:
        try:
            messages.append(arrive(raw, origin, envelope))
        except RowError as error:
            messages.append(Refusal("", error.field, error.reason))
    return messages


def _first_of_each(arrivals: Sequence[Arrival], store: Store) -> list[int]:
    """The arrivals whose message is new: not among the facts, and the first of its key here."""
    if not arrivals:
        return []
    keys = np.fromiter((one.key for one in arrivals), dtype=np.int64, count=len(arrivals))
    _, first = np.unique(keys, return_index=True)
    first.sort()
    return [int(at) for at in first[~store.known(keys[first])]]


def _tell(opened: Sequence[_Opened], outcomes: Sequence[Outcome]) -> list[tuple[Record, Arrival | Refusal, Outcome]]:
    """Every message of every record with what became of it, in order."""
    rest = iter(outcomes)
    return [
        (each.record, message, next(rest) if isinstance(message, Arrival) else _rejected(message))
        for each in opened
        for message in each.messages
    ]


def _rejected(refusal: Refusal) -> Outcome:
    return Outcome(REJECTED, refusal.field, refusal.reason)
