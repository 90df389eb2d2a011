"""Messages to a running engine over its HTTP API: in batches it takes, waiting when it says so, losing none."""

import time
from collections.abc import Iterator, Sequence
from typing import Final

import httpx

from detak.errors import DeniedError, StoreError

_BATCH_BYTES: Final = 450_000  # Segment's limit is 500 KB
_BATCH: Final = 1_000
_PATIENCE: Final = 60.0  # seconds in a row without being taken
_LONGEST_WAIT: Final = 30.0
_DECISION: Final = 1.0  # seconds that a shopper waits for a home page


class Sender:
    """Speaks to one engine with one write key. ``ask`` may be called from several threads."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=url, auth=(key, ""), trust_env=False, timeout=30, transport=transport,
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        self._url = url
        self.messages = 0
        self.waits = 0

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, lines: Sequence[bytes]) -> None:
        """Send messages, each a JSON object; comes back when the engine has taken all of them.

        Raises:
            StoreError: the engine does not take them.
            DeniedError: it does not know the key.
        """
        for batch in batches(lines):
            self._deliver(b'{"batch":[' + b",".join(batch) + b"]}")
            self.messages += len(batch)

    def ask(self, question: bytes) -> bytes | None:
        """A decision, or None where there is none in time: the shop goes on without."""
        try:
            answer = self._http.post("/v1/decide", content=question, timeout=_DECISION)
        except httpx.HTTPError:
            return None
        return answer.content if answer.is_success else None

    def _deliver(self, body: bytes) -> None:
        """The same body until it is taken: the engine knows each message by its id, so that none counts twice."""
        began = time.monotonic()
        while True:
            fault, wait = self._attempt(body)
            if not fault:
                return
            if time.monotonic() - began > _PATIENCE:
                raise StoreError(f"{self._url}: the engine does not take events: {fault}")
            self.waits += 1
            time.sleep(wait)

    def _attempt(self, body: bytes) -> tuple[str, float]:
        """What hindered it, and how long to wait; no hindrance: it is taken."""
        try:
            answer = self._http.post("/v1/batch", content=body)
        except httpx.TransportError as error:
            return type(error).__name__, 0.5
        if answer.is_success:
            return "", 0.0
        if answer.status_code in (401, 403):
            raise DeniedError(f"{self._url}: does not know the write key; `detak key web` prints it")
        if answer.status_code == 429 or answer.status_code >= 500:
            return f"it answers {answer.status_code}", retry_after(answer.headers.get("Retry-After"))
        raise StoreError(f"{self._url}: the engine refused a batch of simulated events ({answer.status_code})")


def retry_after(header: str | None) -> float:
    """Seconds to wait by the header; a second where it says nothing that is understood."""
    try:
        return min(max(float(header or 1), 0.05), _LONGEST_WAIT)
    except ValueError:
        return 1.0


def batches(lines: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The messages in batches that a collector accepts, in their order."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if batch and (size + len(line) > _BATCH_BYTES or len(batch) >= _BATCH):
            yield batch
            batch, size = [], 0
        batch.append(line.rstrip(b"\n"))
        size += len(line)
    if batch:
        yield batch
