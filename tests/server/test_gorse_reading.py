"""Gorse's reading half over HTTP: who may ask, and in which form it is answered."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import send
from tests.server.serving import Running, served
from tests.shop import track

from detak.consent import Basis
from detak.settings import Settings, SourceSettings

KNOWN = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
PRIVATE = SourceSettings(Basis.LEGITIMATE_INTEREST, ("personalisation",), private_key=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A shop where a leads to b, and c is what most look at."""
    settings = Settings(sources={"web": KNOWN, "server": PRIVATE})
    with served(tmp_path_factory.mktemp("shop"), settings) as running:
        looks = [(f"u{at}", "ab") for at in range(3)] + [(f"w{at}", "c") for at in range(6)] + [("ani", "a")]
        for user, products in looks:
            told = [
                track("Product Viewed", f"{user}{one}", user=user, properties={"product_id": one}) for one in products
            ]
            send(running.engine, *told)
        running.engine.catalogue.put([{"id": one, "category": "Piring" if one == "c" else "Gelas"} for one in "abc"])
        running.engine.models.fit()
        yield running


def ask(shop: Running, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """The answer, asked with a key of the shop's server."""
    key = {"X-API-Key": shop.engine.write_key("server"), **headers}
    answer = shop.http.request(method, f"/api/{path}", json=body, headers=key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_recommendations_in_both_versions(shop: Running) -> None:
    assert ask(shop, "GET", "recommend/ani?n=1") == ["b"]
    assert ask(shop, "GET", "recommend/ani/?n=1", **{"X-API-Version": "2"}) == [{"Id": "b", "Score": 1.0}]
    assert ask(shop, "GET", "recommend/ani?n=5&offset=1") == ["c"]
    assert ask(shop, "GET", "recommend/ani/Piring?n=5") == ["c"]
    assert ask(shop, "GET", "recommend/stranger?n=1") == ["c"]
    assert ask(shop, "GET", "recommend/ani?n=0") == []


def test_neighbours_popular_latest_and_sessions(shop: Running) -> None:
    assert ask(shop, "GET", "item/a/neighbors?n=1") == [{"Id": "b", "Score": 1.0}]
    assert ask(shop, "GET", "item/unheard/neighbors") == []
    assert ask(shop, "GET", "popular?n=1")[0]["Id"] == "c"
    assert [one["Id"] for one in ask(shop, "GET", "popular/Gelas")] == ["a", "b"]
    assert [one["Id"] for one in ask(shop, "GET", "latest")] == ["a", "b", "c"]
    session = [
        {"FeedbackType": "read", "UserId": "x", "ItemId": item, "Timestamp": when}
        for item, when in (("a", "2026-11-02T10:00:00Z"), ("c", "2026-11-01T10:00:00Z"))
    ]
    assert ask(shop, "POST", "session/recommend?n=1", session) == [{"Id": "b", "Score": 1.0}]


def test_a_key_that_lies_open_asks_about_no_user(shop: Running) -> None:
    refused = shop.http.get("/api/recommend/ani", headers={"X-API-Key": shop.key})
    assert refused.status_code == 401
    assert "private_key" in refused.json()["message"]
    assert shop.http.get("/api/popular", headers={"X-API-Key": shop.key}).status_code == 200
    assert shop.http.get("/api/recommend/ani", headers={"X-API-Key": shop.token}).status_code == 200


@pytest.mark.parametrize("path", ["recommend/ani", "popular", "latest", "item/a/neighbors"])
def test_a_wrong_key_is_told_so(shop: Running, path: str) -> None:
    assert shop.http.get(f"/api/{path}", headers={"X-API-Key": "wrong"}).status_code == 401


def test_a_session_that_is_none_is_told_so(shop: Running) -> None:
    answer = shop.http.post("/api/session/recommend", json={"a": 1}, headers={"X-API-Key": shop.key})
    assert answer.status_code == 400
