"""Collection over HTTP: the real SDK unmodified, keys, limits, and bad input."""

import gzip
import json
import os
import time
from typing import Any

import pytest
import segment.analytics as analytics
from tests.server.serving import Running
from tests.shop import consenting, order, track

from detak.questions import report_names


def test_the_python_sdk_works_unmodified(running: Running) -> None:
    client = analytics.Client(running.key, host=running.url, gzip=False, on_error=lambda *why: pytest.fail(str(why)))
    client.identify("ani", {"email": "ani@example.com"})
    client.track("ani", "Order Completed", {"order_id": "O1", "total": 50_000, "currency": "IDR"})
    client.page("ani", "Catalogue", "Bowls", {"path": "/bowls"})
    client.screen("ani", "Cart")
    client.group("ani", "family")
    client.alias("device-1", "ani")
    client.flush()
    client.join()
    assert running.names() == ["Aliased", "Grouped", "Identified", "Order Completed", "Page Viewed", "Screen Viewed"]


def test_the_python_sdk_with_gzip_and_consent(running: Running) -> None:
    key = running.engine.write_key("strict")
    client = analytics.Client(key, host=running.url, gzip=True, on_error=lambda *why: pytest.fail(str(why)))
    client.track("ani", "Product Viewed", {"product_id": "P1"}, context=consenting(Analytics=True))
    client.track("budi", "Product Viewed", {"product_id": "P1"})
    client.flush()
    client.join()
    assert running.names() == ["Product Viewed"]


@pytest.mark.parametrize("kind", ["track", "identify", "page", "screen", "group", "alias"])
def test_each_call_has_its_path(running: Running, kind: str) -> None:
    body = {"userId": "ani", "event": "Product Viewed", "name": "Home", "groupId": "g", "previousId": "p"}
    answer = running.post(f"/v1/{kind}", body)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert len(running.names()) == 1


def test_three_ways_to_show_the_key(running: Running) -> None:
    ways = [
        {"auth": (running.key, "")},
        {"headers": {"Authorization": f"Bearer {running.key}"}, "auth": None},
    ]
    for number, way in enumerate(ways):
        assert running.post("/v1/track", track("A", f"{number}"), **way).status_code == 200
    in_body = {"batch": [track("A", "9")], "writeKey": running.key}
    assert running.post("/v1/batch", in_body, auth=None).status_code == 200
    assert len(running.names()) == 3


@pytest.mark.parametrize(
    ("value", "says"),
    [("[" * 5_000 + "]" * 5_000, "body: is nested too deeply"), ("nope", "body: is not well-formed JSON")],
)
def test_a_message_alone_that_cannot_be_read_is_no_batch(running: Running, value: str, says: str) -> None:
    alone = '{"type":"track","event":"A","userId":"ani","properties":{"a":' + value + "}}"
    for path, content in (("/v1/track", alone), ("/v1/batch", '{"batch":[' + alone + "]}")):
        answer = running.http.post(path, content=content, auth=(running.key, ""))
        assert (answer.status_code, answer.json()["message"]) == (400, says)


@pytest.mark.parametrize("auth", [None, ("wrong", ""), ("", "")])
def test_a_wrong_key_is_told_so(standing: Running, auth: Any) -> None:
    answer = standing.post("/v1/track", track("A", "1"), auth=auth)
    assert answer.status_code == 401
    assert "write key" in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b'{"batch":{}}', b'{"batch":"x"}', b"\xff\xfe\x00", b"[" * 100_000, b'{"batch":[1,2]'],
)
def test_what_is_no_batch_is_told_so(standing: Running, body: bytes) -> None:
    answer = standing.post("/v1/batch", body)
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert len(answer.json()["message"]) > 10


def test_a_batch_of_too_many_is_refused_whole(running: Running) -> None:
    answer = running.post("/v1/batch", b'{"batch":[' + b",".join([b"0"] * 100_000) + b"]}")
    assert answer.status_code == 400
    assert "more than 2,500 messages" in answer.json()["message"]
    assert not (running.engine.folder / "rejects" / "live.jsonl").exists()


def test_a_batch_of_rubbish_leaves_few_lines(running: Running) -> None:
    assert running.post("/v1/batch", b'{"batch":[' + b"0," * 2500 + b"0]}").status_code == 400
    assert running.post("/v1/batch", b'{"batch":[' + b"0," * 2499 + b"0]}").status_code == 200
    assert running.names() == []
    rejects = (running.engine.folder / "rejects" / "live.jsonl").read_bytes()
    assert rejects.count(b"\n") == 101


BAD_TEXT = [b'{"writeKey":"\xff"}', b'{"userId":"\xff"}', b"[" * 5000, b'{"purposes":' * 2000, b'{"a":"\xff"}', b""]


@pytest.mark.parametrize("body", BAD_TEXT)
@pytest.mark.parametrize("call", ["POST /v1/batch", "POST /v1/track", "PUT /v1/consent"])
@pytest.mark.parametrize("keyed", [True, False])
def test_bytes_that_are_no_text_are_told_so(standing: Running, call: str, body: bytes, keyed: bool) -> None:
    method, path = call.split()
    answer = standing.http.request(method, path, content=body, auth=(standing.key, "") if keyed else None)
    # One bad event alone is no bad batch: it is set aside. Without a key none of these says whose it is.
    taken = keyed and path == "/v1/track" and body.startswith(b"{") and body.endswith(b"}")
    assert answer.status_code in ({200} if taken else {400} if keyed else {400, 401})


@pytest.mark.parametrize("kind", ["userId", "anonymousId"])
def test_a_person_may_be_a_number(running: Running, kind: str) -> None:
    running.post("/v1/track", {"event": "A", "messageId": "1", kind: 42})
    assert running.names() == ["A"]
    body = {kind: 42, "purposes": {"analytics": False}}
    answer = running.http.put("/v1/consent", json=body, auth=(running.key, ""))
    assert (answer.status_code, answer.json()["purposes"]) == (200, {"analytics": False})
    assert running.names() == []


def test_ten_megabytes_of_garbage(running: Running) -> None:
    answer = running.post("/v1/batch", os.urandom(10_000_000))
    assert answer.status_code == 400
    assert "larger than 500 KB" in answer.json()["message"]
    assert running.post("/v1/track", track("A", "1")).status_code == 200


def test_a_gzip_bomb_is_stopped(running: Running) -> None:
    bomb = gzip.compress(b'{"batch":[' + b" " * 50_000_000 + b"]}")
    assert len(bomb) < 500_000
    answer = running.post("/v1/batch", bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 400
    assert "unpacked" in answer.json()["message"]
    broken = gzip.compress(b"{}")[:-5]
    assert running.post("/v1/batch", broken, headers={"Content-Encoding": "gzip"}).status_code == 400


def test_one_bad_event_does_not_cost_its_neighbours(running: Running) -> None:
    batch = [
        order(1, "1", user="ani"),
        order(2, "2", user="ani", products=[{"product_id": "P", "price": -5}]),
        track("Order Completed", "3", properties={"total": "a lot"}),
        {"type": "track", "messageId": "4"},
        {"type": "dance", "event": "A"},
        "nonsense",
        {**track("Late", "5"), "timestamp": "2026-13-45T00:00:00Z"},
        {**order(6, "6", user="ani"), "timestamp": "2999-01-01T00:00:00Z"},
        track("Order Completed", "8", properties={"coupon": "HEMAT"}),
        order(7, "7", user="ani", total="25000"),
    ]
    assert running.post("/v1/batch", {"batch": batch}).status_code == 200
    assert running.names() == ["Order Completed"] * 3
    lines = [json.loads(line) for line in (running.engine.folder / "rejects" / "live.jsonl").read_text().splitlines()]
    assert [line["field"] for line in lines] == [
        "products[0].price",
        "total",
        "event",
        "type",
        "",
        "timestamp",
        "order_id|checkout_id|products|…",
    ]
    assert "ani" not in json.dumps(lines)


def test_consent_is_in_force_when_the_answer_comes(running: Running) -> None:
    running.post("/v1/batch", {"batch": [order(1, "1", user="ani"), order(2, "2", user="budi")]})
    assert running.names() == ["Order Completed", "Order Completed"]
    body = {"userId": "ani", "categoryPreferences": {"Analytics": False}}
    answer = running.http.put("/v1/consent", json=body, auth=(running.key, ""))
    assert answer.status_code == 200
    assert answer.json()["purposes"] == {"analytics": False}
    assert running.names() == ["Order Completed"]


def test_a_page_sends_a_persons_word_with_the_key_in_the_body(running: Running) -> None:
    running.post("/v1/batch", {"batch": [order(1, "1", user="ani")]})
    said = {"Analytics": False, "Confetti": True, " MARKETING ": False}
    body = {"userId": "ani", "categoryPreferences": said, "writeKey": running.key}
    answer = running.http.put("/v1/consent", json=body)
    assert answer.status_code == 200
    assert answer.json()["purposes"] == {"analytics": False, "marketing": False}
    assert answer.json()["ignored"] == ["Confetti"]
    assert running.names() == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "whose consent"),
        ({"userId": "ani"}, "nothing was said"),
        ({"userId": "ani", "purposes": {"essential": False}}, "can be refused; there are: analytics, personalisation"),
        ({"userId": "ani", "purposes": {"fun": True}}, "there is no purpose"),
        ({"userId": "ani", "categoryPreferences": {"Nonsense": True}}, "`consent_categories` in detak.toml says"),
        ({"userId": "ani", "color": "red"}, "color"),
        ({"userId": "ani", "purposes": {"analytics": "maybe"}}, "bool"),
    ],
)
def test_an_unclear_word_changes_nothing(standing: Running, body: Any, says: str) -> None:
    answer = standing.http.put("/v1/consent", json=body, auth=(standing.key, ""))
    assert answer.status_code == 400
    assert says in answer.json()["message"]


def test_a_full_way_in_says_when_to_come_back(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    full = running.engine.settings.queue_bytes + 1
    monkeypatch.setattr(type(running.engine.sink), "behind", property(lambda _: full))
    answer = running.post("/v1/track", track("A", "1"))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    monkeypatch.undo()
    assert running.post("/v1/track", track("A", "1")).status_code == 200
    assert running.names() == ["A"]


def test_an_acknowledged_event_is_in_a_report_soon(running: Running) -> None:
    running.post("/v1/batch", {"batch": [order(1, "1", user="ani")]})
    began = time.monotonic()
    while running.http.get("/v1/pulse").json()["outcomes"].get("accepted") != 1:
        assert time.monotonic() - began < 30
        time.sleep(0.02)
    answer = running.http.get("/v1/reports/timing?lang=en").json()
    assert sum(cell["orders"] for cell in answer["cells"]) == 1


def test_reports_are_open_to_this_machine_only(running: Running) -> None:
    assert running.http.get("/v1/reports").json() == report_names()
    assert running.http.get("/v1/reports/timing", headers={"Host": "evil.example"}).status_code == 401
    assert running.http.get("/v1/reports/timing", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 401
    proxied = {"X-Forwarded-For": "10.0.0.9", "Authorization": f"Bearer {running.token}"}
    assert running.http.get("/v1/reports/timing", headers=proxied).status_code == 200
    assert running.http.get("/v1/reports/nonsense").status_code == 400
    assert "it has: by" in running.http.get("/v1/reports/timing?colour=red").json()["message"]


@pytest.mark.parametrize("path", ["export", "forget"])
def test_what_is_about_a_person_needs_the_token(standing: Running, path: str) -> None:
    standing.post("/v1/batch", {"batch": [order(1, "1", user="ani")]})
    standing.names()
    body = {"userId": "ani"}
    assert standing.http.post(f"/v1/admin/{path}", json=body).status_code == 401
    assert standing.http.post(f"/v1/admin/{path}", json=body, auth=(standing.key, "")).status_code == 401
    held = {"Authorization": f"Bearer {standing.token}"}
    assert standing.http.post(f"/v1/admin/{path}", json=body, headers=held).status_code == 200
    assert standing.http.post(f"/v1/admin/{path}", json={"userId": "x"}, headers=held).status_code == 404
