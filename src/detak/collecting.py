"""Collecting: batches and consents taken in, each answered once it is on the disk or among the facts."""

import secrets
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

import msgspec

from detak.clock import now_micros
from detak.consent import REFUSABLE, Purpose, purpose, read_preferences
from detak.errors import BusyError, DetakError, RowError, UsageError
from detak.event import CONSENT_UPDATED, clean_id
from detak.questions import Consent, source_name
from detak.reading.body import open_batch
from detak.reading.outcomes import REJECTED, Outcome
from detak.record import Meta
from detak.settings import PURPOSE_PREFIX, Settings
from detak.sink import Sink
from detak.store.log import Log

_MOST_MESSAGES: Final = 2_500  # of a live batch: as many as 500 KB of real events hold


class Collecting:
    """The way in of one shop. Any thread may call it."""

    def __init__(self, log: Log, sink: Sink, settings: Settings) -> None:
        self._log = log
        self._sink = sink
        self._settings = settings

    def collect(self, source: str, body: bytes, done: Callable[[int | Exception], None]) -> None:
        """Take a batch body in; ``done`` is called once it is on the disk.

        Raises:
            RowError: it is not a batch.
            BusyError: too much is waiting to be written or applied.
        """
        if len(open_batch(body).batch) > _MOST_MESSAGES:
            raise RowError("batch", f"has more than {_MOST_MESSAGES:,} messages; send them in several")
        if self._sink.behind > self._settings.queue_bytes:
            raise BusyError("the way in is full: events come in faster than they can be applied")
        self._log.append(Meta(source, now_micros()), body, done)

    def take(self, source: str, body: bytes, *, imported: bool) -> "Future[list[Outcome]]":
        """Take a batch body in, and say what became of each of its messages once they are among the facts.

        Raises:
            RowError: it is not a batch.
            UsageError: no source can be called so.
        """
        source_name(source)
        future: Future[list[Outcome]] = Future()
        future.set_running_or_notify_cancel()  # whoever stops waiting must not trip the sink
        if not open_batch(body).batch:
            future.set_result([])
            return future
        ticket = secrets.randbits(62)

        def done(result: int | Exception) -> None:
            if isinstance(result, Exception):
                self._sink.forsake(ticket)
                future.set_exception(result)

        def landed(became: list[Outcome] | Exception) -> None:
            if isinstance(became, Exception):
                future.set_exception(became)
            else:
                future.set_result(became)

        self._sink.expect(ticket, landed)
        try:
            self._log.append(Meta(source, now_micros(), imported, ticket), body, done)
        except DetakError:
            self._sink.forsake(ticket)
            raise
        return future

    def consent(self, said: Consent, source: str) -> Consent:
        """Put a person's word into force. When this returns, the gate goes by it.

        Raises:
            UsageError: nobody, or nothing, is named.
        """
        if not (clean_id(said.user_id) or clean_id(said.anonymous_id)):
            raise UsageError("userId or anonymousId: say whose consent this is")
        named = {f"{PURPOSE_PREFIX}{purpose(name).label}": yes for name, yes in said.purposes.items()}
        preferences = {**said.category_preferences, **named}
        granted, refused = read_preferences(preferences, self._settings.categories)
        if not granted | refused:
            known = ", ".join(one.label for one in REFUSABLE)
            other = "what other names of categories mean, `consent_categories` in detak.toml says"
            raise UsageError(f"nothing was said of any purpose that can be refused; there are: {known}; {other}")
        message = {
            "type": "track",
            "event": CONSENT_UPDATED,
            "messageId": f"consent-{secrets.token_hex(16)}",
            "userId": said.user_id,
            "anonymousId": said.anonymous_id,
            "context": {"consent": {"categoryPreferences": preferences}},
        }
        (outcome,) = self.take(source, msgspec.json.encode({"batch": [message]}), imported=False).result()
        if outcome.what == REJECTED:
            raise RowError(outcome.field, outcome.reason)
        agreed = {one.label: bool(one & granted) for one in Purpose if one & (granted | refused)}
        return Consent(said.user_id, said.anonymous_id, purposes=agreed)
