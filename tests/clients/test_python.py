"""The Python libraries that shops run, unmodified, against a server: every event once, sent again or not."""

from pathlib import Path
from typing import Any

import pytest
from tests.clients.front import BUSY, LOST, front
from tests.clients.shop import STORY, check, names, opened, when

segment = pytest.importorskip("segment.analytics.client", reason="segment-analytics-python is not installed")
rudder = pytest.importorskip("rudderstack.analytics.client", reason="rudder-sdk-python is not installed")
customerio = pytest.importorskip("customerio.analytics.client", reason="customerio-cdp-analytics is not installed")

CLIENTS = {"segment": segment.Client, "rudderstack": rudder.Client, "customerio": customerio.Client}
WORDS = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id", "previousId": "previous_id"}


def tell(kind: str, url: str, key: str, errors: list[Exception], **options: Any) -> None:
    """Send the story; returns when the client has nothing left to send."""
    client = CLIENTS[kind](key, host=url, on_error=lambda error, _: errors.append(error), **options)
    for number, one in enumerate(STORY):
        said = {WORDS.get(name, name): value for name, value in one.items() if name != "type"}
        if kind == "customerio" and one["type"] == "group":
            said.setdefault("user_id", one["userId"])
        getattr(client, one["type"])(**said, timestamp=when(number), message_id=f"m-{number}")
    client.flush()
    client.join()


@pytest.mark.parametrize("kind", CLIENTS)
def test_every_call_arrives(tmp_path: Path, kind: str) -> None:
    errors: list[Exception] = []
    with opened(tmp_path) as shop:
        tell(kind, shop.url, shop.key, errors, gzip=True)
        # RudderStack's puts traits in the context alone.
        check(shop, traits=kind != "rudderstack")
    assert errors == []


@pytest.mark.parametrize("kind", CLIENTS)
def test_what_is_sent_again_counts_once(tmp_path: Path, kind: str) -> None:
    errors: list[Exception] = []
    with opened(tmp_path) as shop:
        with front(shop.url, BUSY, LOST) as flaky:
            tell(kind, flaky.url, shop.key, errors, gzip=False)
        assert [status for _, _, status in flaky.answered][:3] == [429, 503, 200]
        check(shop, traits=kind != "rudderstack")
    assert errors == []


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_wrong_key_is_reported_and_not_tried_again(tmp_path: Path, kind: str) -> None:
    errors: list[Exception] = []
    with opened(tmp_path) as shop:
        with front(shop.url) as plain:
            tell(kind, plain.url, "wrong", errors, upload_size=100)
        assert [status for _, _, status in plain.answered] == [401]
        assert names(shop) == []
    assert len(errors) == 1
    assert "write key" in str(errors[0])
