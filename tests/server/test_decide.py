"""Decisions over HTTP: by the short way and the long one, from pages of other origins, and what is no question."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.serving import Running, served
from tests.shop import track

from detak.consent import Basis
from detak.settings import Settings, SourceSettings

ALL = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"), private_key=True)
QUESTION = {"userId": "ani", "placements": [{"name": "home", "k": 4}, {"name": "foot", "k": 2}]}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A served shop of eight products, some of which Ani looked at."""
    with served(tmp_path_factory.mktemp("store"), Settings(sources={"web": ALL})) as running:
        price = {"amount": 10_000, "currency": "IDR"}
        rows = [{"id": one, "name": f"Barang {one}", "price": price, "category": ["Toko", one]} for one in "abcdefgh"]
        running.engine.catalogue.put(rows, "api")
        views = [
            track("Product Viewed", f"{user}{one}", user=user, properties={"product_id": one})
            for user in ("ani", "budi", "citra") for one in ("ab" if user == "ani" else "abcd")
        ]  # fmt: skip
        running.post("/v1/batch", {"batch": views})
        running.engine.settle()
        running.engine.models.fit()
        yield running


def products(answer: httpx.Response) -> list[list[str]]:
    """The slates of an answer."""
    return [[slot["product_id"] for slot in one["slate"]] for one in answer.json()["decisions"]]


def test_one_call_answers_for_every_placement(shop: Running) -> None:
    answer = shop.post("/v1/decide", QUESTION)
    assert answer.status_code == 200
    first, second = answer.json()["decisions"]
    assert (first["placement"], second["placement"]) == ("home", "foot")
    assert len({first["decision_id"], second["decision_id"]}) == 2
    slates = products(answer)
    assert len({*slates[0], *slates[1]}) == len(slates[0]) + len(slates[1]) == 6
    assert {"variant", "propensity", "policy", "model", "time", "reasons", "promotion"} <= first.keys()


def test_the_long_way_answers_the_same(shop: Running) -> None:
    page = shop.http.post(
        "/v1/decide",
        content=json.dumps({**QUESTION, "writeKey": shop.key, "details": True}),
        headers={"Origin": "https://shop.test", "Content-Type": "text/plain"},
    )
    assert page.status_code == 200
    assert page.headers["access-control-allow-origin"] == "https://shop.test"
    assert page.headers["cache-control"] == "no-store"
    told = page.json()["products"]
    assert set(told) == {one for slate in products(page) for one in slate}
    assert told[products(page)[0][0]]["price"] == {"amount": 10000, "currency": "IDR", "decimals": 0}


@pytest.mark.parametrize(
    ("body", "field"),
    [(b"x", "body"), ({"placements": []}, "placements"), ({"placements": [{"name": "home", "k": 1000}]}, "k")],
)
def test_what_is_no_question_is_refused_in_words(shop: Running, body: Any, field: str) -> None:
    answer = shop.post("/v1/decide", body)
    assert answer.status_code == 400
    assert field in answer.json()["message"]


HOME = {"placements": [{"name": "home"}]}


@pytest.mark.parametrize(
    ("body", "where", "told"),
    [
        ({**HOME, "user_id": "ani"}, "body", "`user_id`; is `userId` meant?"),
        ({"placement": [{"name": "home"}]}, "body", "`placement`; is `placements` meant?"),
        (
            {"placements": [{"name": "a"}, {"name": "b", "limit": 4}]},
            "placements[1]",
            "`limit`; there are: name, k, product, products, exclude",
        ),
        ({**HOME, "contxt": {}}, "body", "`contxt`; is `context` meant?"),
        ({**HOME, "subject": {"userID": "ani"}}, "subject", "`userID`; is `userId` meant?"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"Origin": "https://shop.test"}], ids=["short", "long"])
def test_a_misspelt_name_is_told_with_the_one_that_is_meant(
    shop: Running, body: Any, where: str, told: str, headers: dict[str, str]
) -> None:
    answer = shop.http.post("/v1/decide", json=body, auth=(shop.key, ""), headers=headers)
    assert answer.status_code == 400
    assert answer.json()["message"] == f"{where}: Object contains unknown field {told}"


def test_a_context_may_say_more_than_is_asked_for(shop: Running) -> None:
    context = {"library": {"name": "analytics-python"}, "ip": "10.0.0.1", "page": {"title": "Beranda"}}
    assert shop.post("/v1/decide", {**QUESTION, "context": context}).status_code == 200


def test_a_stranger_to_the_engine_gets_nothing(shop: Running) -> None:
    assert shop.post("/v1/decide", QUESTION, auth=("wrong", "")).status_code == 401


def test_a_key_may_come_in_a_header_of_its_own(shop: Running) -> None:
    answers = [shop.http.post("/v1/decide", json=QUESTION, headers={"X-API-Key": one}) for one in (shop.key, "wrong")]
    assert [one.status_code for one in answers] == [200, 401]


def test_a_key_in_the_body_that_is_no_text_is_said(shop: Running) -> None:
    answer = shop.http.post("/v1/decide", json={**QUESTION, "writeKey": 5})
    assert (answer.status_code, answer.json()["message"]) == (400, "writeKey: Expected `str | null`, got `int`")


def test_events_join_to_the_decision_they_answer(shop: Running) -> None:
    found = shop.post("/v1/decide", QUESTION).json()["decisions"][0]
    clicked = {"product_id": found["slate"][0]["product_id"], "position": 1, "decision_id": found["decision_id"]}
    shop.post("/v1/track", track("Product Clicked", "click-1", user="ani", properties=clicked))
    assert found["decision_id"] in [row["decision_id"] for row in shop.facts("decision_id")]


def test_the_script_is_small_and_served_to_any_page(shop: Running) -> None:
    answer = shop.http.get("/detak.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(answer.content) < 16_000


def test_a_broken_rulebook_is_said_and_does_not_end_the_service(shop: Running) -> None:
    path = Path(shop.engine.folder) / "rules.toml"
    path.write_text("[guardrails]\nremoved_days = -1\n")
    shop.engine.decisions._looked = 0
    answer = shop.post("/v1/decide", QUESTION)
    path.unlink()
    assert answer.status_code == 200  # the rules before stand
    assert shop.engine.models.rules.trouble.startswith("rules.toml: guardrails")
    assert "New rules are not in force: rules.toml: guardrails" in shop.http.get("/?lang=en").text


def test_a_rule_of_no_product_is_said_on_the_first_page_unless_it_may_be_a_precaution(shop: Running) -> None:
    path = Path(shop.engine.folder) / "rules.toml"
    path.write_text('[placements.home.rules]\npin = [{product = "zz", at = 1}]\nhide = [{category = "Dewasa"}]\n')
    shop.engine.models.renew()
    page = shop.http.get("/?lang=id").text
    path.unlink()
    assert "tidak mengenai barang apa pun: placements.home.rules.pin[0]. Periksa" in page
