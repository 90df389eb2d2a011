"""Metarank's API over HTTP: what comes in becomes facts, and counts in what is answered."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.server.serving import Running, served

from detak.consent import Basis
from detak.settings import Settings, SourceSettings

KNOWN = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"), private_key=True)
WHEN = 1_764_000_000_000


def interaction(user: str, item: str, kind: str = "click") -> dict[str, Any]:
    """A visitor does something with an item."""
    return {"event": "interaction", "id": f"{user}-{item}-{kind}", "timestamp": str(WHEN), "user": user,
            "session": f"{user}-s", "type": kind, "item": item}  # fmt: skip


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A shop that Metarank's events came into: a leads to b."""
    with served(tmp_path_factory.mktemp("shop"), Settings(sources={"web": KNOWN})) as running:
        told = [interaction(f"u{at}", item) for at in range(3) for item in "ab"]
        told += [interaction(f"w{at}", "c") for at in range(6)]
        assert running.post("/feedback", told).json()["accepted"] == len(told)
        running.engine.settle()
        running.engine.models.fit()
        yield running


def ranked(shop: Running, model: str, **asked: Any) -> list[str]:
    """The items of an answer, and that their scores fall."""
    answer = shop.post(f"/{model}", asked)
    assert answer.status_code == 200, answer.text
    scores = [one["score"] for one in answer.json()["items"]]
    assert scores == sorted(scores, reverse=True)
    return [one["item"] for one in answer.json()["items"]]


def test_events_become_facts_and_count(shop: Running) -> None:
    more = [
        interaction("ani", "a"),
        {"event": "ranking", "id": "r", "timestamp": WHEN, "user": "ani", "items": [{"id": "c"}, {"id": "a"}]},
        {"event": "user", "id": "x", "timestamp": WHEN, "user": "ani", "fields": [{"name": "plan", "value": "gold"}]},
        {"event": "item", "id": "y", "timestamp": WHEN, "item": "a", "fields": [{"name": "title", "value": "Mangkok"}]},
        interaction("ani", "a", "purchase"),
    ]
    answer = shop.post("/feedback", more).json()
    assert (answer["accepted"], answer["status"], answer["updated"]) == (5, "ok", 0)
    shop.engine.settle()
    known = shop.engine.export([("user", "ani")])
    events = sorted(one["event"] for one in known["events"])
    assert events == ["Identified", "Order Completed", "Product Clicked", "Product List Viewed"]
    assert known["traits"] == {"plan": "gold"}
    found = shop.engine.catalogue.get("a")
    assert found is not None
    assert found.product.name == "Mangkok"
    shop.engine.models.renew()
    assert ranked(shop, "rank/xgboost", user="ani", items=[{"id": "new"}, {"id": "c"}, {"id": "b"}]) == [
        "b",
        "c",
        "new",
    ]


def test_recommendations(shop: Running) -> None:
    assert ranked(shop, "recommend/similar-items", count=1, items=["a"]) == ["b"]
    assert ranked(shop, "recommend/trending", count=1) == ["c"]


def test_what_cannot_be_used_is_told_so(shop: Running) -> None:
    for body in ([1], b"{"):
        assert shop.post("/feedback", body).status_code == 400
    assert shop.post("/rank/x", {"items": []}).status_code == 400
    for path in ("/feedback", "/rank/x", "/recommend/x"):
        assert shop.post(path, {"items": [{"id": "a"}]}, auth=("wrong", "")).status_code == 401


def test_good_events_go_in_beside_bad_ones(shop: Running) -> None:
    before = len(shop.rejects())
    told = [
        {"event": "noise", "id": "1", "timestamp": WHEN, "user": "ani"},
        interaction("joko", "a"),
        {"event": "item", "id": "2", "timestamp": WHEN},
        {"event": "item", "id": "3", "timestamp": WHEN, "item": "z", "fields": [{"name": "title", "value": "Piring"}]},
        {"event": "interaction", "id": "4", "timestamp": WHEN, "user": "joko", "item": "a"},
        {**interaction("joko", "b"), "timestamp": "long ago"},
        {**interaction("joko", "c"), "user": ["joko"]},
    ]
    answer = shop.post("/feedback", told).json()
    assert (answer["accepted"], answer["status"]) == (2, "ok")
    assert [(one["index"], one["field"]) for one in answer["rejected"]] == [
        (0, "event"), (2, "item"), (4, "type"), (5, "timestamp"), (6, "user")
    ]  # fmt: skip
    assert answer["rejected"][0]["reason"] == "is none of interaction, ranking, user, item"
    assert len(shop.rejects()) == before + 4
    shop.engine.settle()
    assert [one["event"] for one in shop.engine.export([("user", "joko")])["events"]] == ["Product Clicked"]
    found = shop.engine.catalogue.get("z")
    assert found is not None
    assert found.product.name == "Piring"
