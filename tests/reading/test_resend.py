"""A message kept to be sent again tells alone what it told in its batch, and is kept only where it may be."""

from concurrent.futures import Future
from typing import Any, NamedTuple

import msgspec
import pytest

from detak.consent import Basis
from detak.reading.outcomes import Outcome
from detak.reading.resend import Resent, named, send_again, sendable
from detak.reading.wire import moment
from detak.record import Meta
from detak.settings import Settings, SourceSettings

RECEIVED = moment("2026-11-23T05:00:00Z", "received")
META = Meta("web", RECEIVED)
CONSENT = Settings()
BASIS = Settings(sources={"web": SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))})
VIEW = {"type": "track", "event": "Product Viewed", "userId": "ani", "messageId": "m1"}


def said(**preferences: Any) -> dict[str, Any]:
    return {"context": {"consent": {"categoryPreferences": preferences}}}


def made(message: Any, settings: Settings = BASIS, **batch: Any) -> Any:
    raw = sendable(msgspec.json.encode(message), META, settings, **batch)
    return None if raw is None else msgspec.json.decode(raw)


def test_it_brings_what_its_batch_said_with_it() -> None:
    found = made(
        {**VIEW, "timestamp": "2026-11-23T04:00:00Z", "context": {"page": {"path": "/a"}}},
        sent_at="2026-11-23T04:30:00Z",
        context=b'{"page":{"path":"/b"},"locale":"id"}',
    )
    assert found["context"] == {"page": {"path": "/a"}, "locale": "id"}
    assert found["timestamp"] == "2026-11-23T04:30:00+00:00", "by the server's clock"
    assert found["messageId"] == "m1"


@pytest.mark.parametrize(
    ("stated", "sent", "timestamp"),
    [
        (None, None, "2026-11-23T05:00:00+00:00"),
        ("2026-11-20T01:00:00Z", None, "2026-11-20T01:00:00Z"),
        ("yesterday", "2026-11-23T04:30:00Z", "yesterday"),
        ("2026-11-20T01:00:00Z", "soon", "2026-11-20T01:00:00Z"),
        ("0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("2026-11-23T04:59:00+07:00", "2026-11-23T05:00:00+07:00", "2026-11-23T04:59:00+00:00"),
    ],
)
def test_its_time_does_not_depend_on_when_it_is_sent_again(stated: Any, sent: Any, timestamp: str) -> None:
    found = made({**VIEW, "timestamp": stated, "sentAt": sent})
    assert found["timestamp"] == timestamp
    assert "sentAt" not in found


def test_without_an_id_it_gets_one_that_stays() -> None:
    bare = {"type": "track", "event": "Product Viewed"}
    assert made(bare)["messageId"] == made(bare)["messageId"] != made({**bare, "x": 1})["messageId"]


@pytest.mark.parametrize(
    ("message", "settings", "may"),
    [
        (VIEW, CONSENT, False),
        (VIEW, BASIS, True),
        ({**VIEW, **said(Analytics=True)}, CONSENT, True),
        ({**VIEW, **said(Analytics="granted")}, CONSENT, True),
        ({**VIEW, **said(Analytics=False)}, CONSENT, False),
        ({**VIEW, **said(Analytics="denied")}, CONSENT, False),
        ({**VIEW, "event": "Order Completed"}, CONSENT, True),
        ({**VIEW, "type": "identify"}, CONSENT, False),
    ],
)
def test_it_is_kept_only_where_a_purpose_would_cover_it(message: Any, settings: Settings, may: bool) -> None:
    assert (made(message, settings) is not None) is may


def test_a_refusal_of_the_batch_counts_for_its_messages() -> None:
    context = msgspec.json.encode(said(Analytics=True)["context"])
    assert made(VIEW, CONSENT, context=context) is not None
    no = msgspec.json.encode(said(Analytics=False, Marketing=False)["context"])
    assert made(VIEW, Settings(sources={"web": SourceSettings(Basis.CONTRACT, ("analytics",))}), context=no) is None


@pytest.mark.parametrize("raw", [b"[]", b"{", b"\xff", b"7", b"[" * 5_000, b'{"a":"\xff"}'])
def test_what_is_no_message_is_not_kept(raw: bytes) -> None:
    assert sendable(raw, META, BASIS) is None


def test_odd_contexts_are_let_be() -> None:
    assert made({**VIEW, "context": "x"})["context"] == {}
    assert made({**VIEW, "context": {"consent": [1]}})["context"] == {"consent": [1]}


def test_it_is_named_by_its_event_or_its_type() -> None:
    assert [named(one) for one in (VIEW, {"type": "page"}, {"type": "track", "event": 7}, {})] == [
        "Product Viewed", "page", "", "",
    ]  # fmt: skip


class _Waiting(NamedTuple):
    source: str
    message: msgspec.Raw


def test_messages_are_sent_in_order_by_source_in_batches() -> None:
    taken: list[tuple[str, list[int]]] = []

    def take(source: str, body: bytes) -> "Future[list[Outcome]]":
        batch = msgspec.json.decode(body)["batch"]
        taken.append((source, batch))
        future: Future[list[Outcome]] = Future()
        future.set_result([Outcome("accepted" if one % 2 else "rejected") for one in batch])
        return future

    waiting = [_Waiting("web" if at < 1_200 else "app", msgspec.Raw(b"%d" % at)) for at in range(1_300)]
    assert send_again(waiting, take) == Resent(sent=1_300, accepted=650, rejected=650)
    assert [(source, len(batch)) for source, batch in taken] == [("web", 500), ("web", 500), ("web", 200), ("app", 100)]
    assert [one for _, batch in taken for one in batch] == list(range(1_300))
