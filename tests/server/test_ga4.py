"""The Measurement Protocol over HTTP: always yes, counted once, set aside where it cannot be used."""

import time
from datetime import UTC
from typing import Any

import pytest
from tests.server.serving import Running

BUY = {
    "client_id": "c.1",
    "user_id": "ani",
    "events": [
        {
            "name": "purchase",
            "params": {
                "transaction_id": "T1",
                "currency": "IDR",
                "value": 25_000,
                "items": [{"item_id": "S1", "item_name": "Mangkok", "price": 12_500, "quantity": 2}],
            },
        }
    ],
}


def send(running: Running, body: Any, secret: str | None = None, path: str = "/mp/collect") -> Any:
    """Post as Google's clients do."""
    query = {"measurement_id": "G-1", "api_secret": running.key if secret is None else secret}
    return running.post(path, body, params=query, auth=None)


def test_a_purchase_is_counted_once(running: Running) -> None:
    for _ in range(3):
        assert send(running, BUY).status_code == 204
    assert running.facts("event", "order_id", "amount") == [
        {"event": "Order Completed", "order_id": "T1", "amount": 25_000}
    ]
    assert running.items("product_id", "name", "quantity", "amount") == [
        {"product_id": "S1", "name": "Mangkok", "quantity": 2.0, "amount": 25_000}
    ]


def test_the_time_is_the_events_own(running: Running) -> None:
    micros = time.time_ns() // 1000 - 3_600_000_000
    send(running, {"client_id": "c", "events": [{"name": "search", "timestamp_micros": micros}]})
    (row,) = running.facts("event", "time")
    assert row["event"] == "Products Searched"
    assert row["time"].replace(tzinfo=UTC).timestamp() == pytest.approx(micros / 10**6, abs=1e-5)


@pytest.mark.parametrize("body", [b"", b"{", b'{"events":3}', b"x" * 600_000, {"client_id": "c", "events": [{}]}])
def test_what_cannot_be_used_is_a_yes_and_a_reject(running: Running, body: Any) -> None:
    assert send(running, body).status_code == 204
    assert running.names() == []
    assert len(running.rejects()) == 1


def test_a_wrong_secret_is_a_yes_and_nothing_else(running: Running) -> None:
    assert send(running, BUY, secret="wrong").status_code == 204
    assert running.post("/mp/collect", BUY, auth=None).status_code == 204
    assert running.names() == []


def test_too_many_events_are_set_aside_as_one(running: Running) -> None:
    assert send(running, {"client_id": "c", "events": [{"name": "a"}] * 3000}).status_code == 204
    assert running.names() == []
    assert len(running.rejects()) == 1


def test_a_full_way_in_is_the_one_thing_worth_sending_again(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(running.engine.sink), "behind", property(lambda _: 2**40))
    answer = send(running, BUY)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    monkeypatch.undo()
    assert send(running, BUY).status_code == 204
    assert running.names() == ["Order Completed"]


def test_a_refusal_keeps_a_person_out_of_a_purpose(running: Running) -> None:
    asked = {"analytics_storage": "DENIED", "ad_user_data": "GRANTED"}
    send(running, {"client_id": "c", "consent": asked, "events": [{"name": "search"}]})
    assert running.names() == []


def test_the_debug_path_says_what_is_wrong_and_keeps_nothing(running: Running) -> None:
    path = "/debug/mp/collect"
    assert send(running, BUY, path=path).json() == {"validationMessages": []}
    told = send(running, {"events": [{"name": "a b"}]}, secret="wrong", path=path).json()["validationMessages"]
    assert [one["fieldPath"] for one in told] == ["api_secret", "client_id", "events[0].name"]
    assert running.names() == []
