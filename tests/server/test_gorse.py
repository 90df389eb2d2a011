"""Gorse's writing half over HTTP: what a write key may do, and what only the admin token may."""

from typing import Any

import httpx
import pytest
from tests.server.serving import Running

READ = {"FeedbackType": "read", "UserId": "ani", "ItemId": "S1", "Timestamp": "2026-11-01T10:00:00Z"}


def ask(running: Running, method: str, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
    """As Gorse's clients ask: with the write key, unless another is given."""
    headers = {"X-API-Key": running.key if key is None else key}
    return running.http.request(method, f"/api/{path}", json=body, headers=headers)


def test_feedback_is_kept_once(running: Running) -> None:
    assert ask(running, "POST", "feedback", [READ, {**READ, "ItemId": "S2"}]).json() == {"RowAffected": 2}
    assert ask(running, "POST", "feedback", [{**READ, "Timestamp": "2026-11-02T10:00:00Z"}]).json() == {
        "RowAffected": 1
    }
    assert running.items("event", "product_id") == [
        {"event": "Product Viewed", "product_id": "S1"},
        {"event": "Product Viewed", "product_id": "S2"},
    ]


def test_feedback_is_overwritten(running: Running) -> None:
    for value in (1, 1, 2):
        assert ask(running, "PUT", "feedback", [{**READ, "Value": value}]).json() == {"RowAffected": 1}
    assert len(running.names()) == 2


def test_a_purchase_of_two_items_is_one_order_of_two_lines(running: Running) -> None:
    bought = [{**READ, "FeedbackType": "purchase", "ItemId": item} for item in ("S1", "S2")]
    ask(running, "POST", "feedback", bought)
    assert len({row["order_id"] for row in running.facts("order_id")}) == 1
    assert {row["product_id"] for row in running.items("product_id")} == {"S1", "S2"}


@pytest.mark.parametrize("key", ["wrong", ""])
@pytest.mark.parametrize(
    "call",
    ["POST feedback", "PUT feedback", "POST user", "POST users", "POST item", "POST items", "PATCH item/S1",
     "PATCH user/a",
     "GET item/S1", "GET items", "GET user/ani", "GET user/ani/feedback", "DELETE user/ani", "DELETE item/S1"],
)  # fmt: skip
def test_a_wrong_key_is_told_so(standing: Running, call: str, key: str) -> None:
    method, path = call.split()
    assert ask(standing, method, path, {} if method in ("POST", "PUT", "PATCH") else None, key).status_code == 401


@pytest.mark.parametrize("call", ["GET user/ani", "GET user/ani/feedback", "DELETE user/ani", "DELETE item/S1"])
def test_a_write_key_neither_reads_people_nor_removes_anything(standing: Running, call: str) -> None:
    answer = ask(standing, *call.split())
    assert answer.status_code == 401
    assert "admin token" in answer.json()["message"]


def test_a_user_comes_in_and_the_admin_reads_and_forgets(running: Running) -> None:
    assert ask(running, "POST", "user", {"UserId": "ani", "Labels": ["gold"]}).json() == {"RowAffected": 1}
    assert ask(running, "POST", "users", [{"UserId": "budi"}, {"UserId": "citra"}]).json() == {"RowAffected": 2}
    assert ask(running, "PATCH", "user/ani", {"Comment": "vip"}).json() == {"RowAffected": 1}
    ask(running, "POST", "feedback", [READ, {**READ, "FeedbackType": "star"}])
    running.engine.settle()
    assert ask(running, "GET", "user/ani", key=running.token).json() == {
        "UserId": "ani",
        "Labels": ["gold"],
        "Comment": "vip",
    }
    found = ask(running, "GET", "user/ani/feedback", key=running.token).json()
    assert sorted(one["FeedbackType"] for one in found) == ["read", "star"]
    assert ask(running, "GET", "user/ani/feedback/read", key=running.token).json() == [READ]
    assert ask(running, "DELETE", "user/ani", key=running.token).json() == {"RowAffected": 1}
    assert ask(running, "DELETE", "user/ani", key=running.token).json() == {"RowAffected": 0}
    assert ask(running, "GET", "user/ani", key=running.token).status_code == 404


def test_items_come_in_and_are_read(running: Running) -> None:
    item = {
        "ItemId": "S1",
        "IsHidden": False,
        "Categories": ["Dapur"],
        "Timestamp": "2026-11-01T10:00:00Z",
        "Labels": ["biru"],
        "Comment": "Mangkok",
    }
    assert ask(running, "POST", "item", item).json() == {"RowAffected": 1}
    assert ask(running, "POST", "items", [{"ItemId": "S2"}, {"ItemId": "S3"}]).json() == {"RowAffected": 2}
    assert ask(running, "GET", "item/S1").json() == item
    assert ask(running, "PATCH", "item/S1", {"IsHidden": True}).json() == {"RowAffected": 1}
    assert ask(running, "GET", "item/S1").json() == {**item, "IsHidden": True}
    first = ask(running, "GET", "items?n=2").json()
    rest = ask(running, "GET", f"items?n=2&cursor={first['Cursor']}").json()
    assert [one["ItemId"] for one in first["Items"] + rest["Items"]] == ["S1", "S2", "S3"]
    assert rest["Cursor"] == ""
    assert ask(running, "DELETE", "item/S1", key=running.token).json() == {"RowAffected": 1}
    assert ask(running, "GET", "item/S1").status_code == 404


def test_a_write_key_does_not_go_before_the_shops_own_word(running: Running) -> None:
    ask(running, "POST", "item", {"ItemId": "S1", "Comment": "Ours"}, running.token)
    ask(running, "POST", "item", {"ItemId": "S1", "Comment": "Theirs", "Labels": ["new"]})
    found = ask(running, "GET", "item/S1").json()
    assert (found["Comment"], found["Labels"]) == ("Ours", ["new"])


@pytest.mark.parametrize("key", ["write", "admin"])
def test_one_bad_item_is_named(running: Running, key: str) -> None:
    secret = running.token if key == "admin" else running.key
    answer = ask(running, "POST", "items", [{"ItemId": "S1"}, {"ItemId": ""}], secret)
    assert (answer.status_code, answer.json()["message"]) == (400, "[1].id: is empty")
    assert ask(running, "GET", "items").json()["Items"] == []


@pytest.mark.parametrize("body", [b"", b"{", b'"x"', b"7", b"null", b"\xff"])
def test_what_is_no_list_is_told_so(standing: Running, body: bytes) -> None:
    for path in ("feedback", "users", "items"):
        answer = standing.http.post(f"/api/{path}", content=body, headers={"X-API-Key": standing.key})
        assert answer.status_code == 400


def test_bad_feedback_does_not_cost_its_neighbours(running: Running) -> None:
    told = [{**READ, "FeedbackType": None}, {**READ, "Timestamp": "soon"}, "odd", READ]
    assert ask(running, "POST", "feedback", told).json() == {"RowAffected": 4}
    assert running.names() == ["Product Viewed"]
    assert len(running.rejects()) == 3
