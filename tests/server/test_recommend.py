"""Recommendations over HTTP: what is answered, and who may ask about whom."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import send
from tests.server.serving import Running, served
from tests.shop import track

from detak.consent import Basis
from detak.settings import Settings, SourceSettings

KNOWN = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
TRUSTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("personalisation",), private_key=True)


def view(product: str, key: str, **told: Any) -> dict[str, Any]:
    """Somebody looks at a product."""
    return track("Product Viewed", key, properties={"product_id": product}, **told)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A shop where a leads to b; ani is known on her phone, and looked at a."""
    folder: Path = tmp_path_factory.mktemp("shop")
    with served(folder, Settings(sources={"web": KNOWN, "server": TRUSTED})) as running:
        for number in range(4):
            path = [view(one, f"{number}{one}", user=f"u{number}") for one in "ab"]
            send(running.engine, *path, *(view(f"x{at}", f"{number}x{at}", user=f"w{number}") for at in range(9)))
        send(running.engine, view("a", "a1", user="ani", anonymousId="phone"), view("c", "c1", user="cut"))
        running.engine.models.fit()
        yield running


def asked(shop: Running, key: str | None = None, **body: Any) -> list[str]:
    """The products of an answer."""
    answer = shop.post("/v1/recommend", body, auth=(key or shop.key, ""))
    assert answer.status_code == 200, answer.text
    return [one["product_id"] for one in answer.json()["items"]]


def cold(shop: Running, key: str | None = None, **body: Any) -> bool:
    """Whether nothing of a person stood behind the answer."""
    found: bool = shop.post("/v1/recommend", body, auth=(key or shop.key, "")).json()["cold"]
    return found


def test_a_device_is_answered_by_what_was_done_on_it(shop: Running) -> None:
    answer = shop.post("/v1/recommend", {"anonymousId": "phone", "k": 1}).json()
    assert answer["items"][0]["product_id"] == "b"
    assert answer["items"][0]["because"] == "a"
    assert (answer["cold"], answer["model_version"]) == (False, shop.engine.models.version)


def test_a_key_that_lies_open_asks_for_no_user_by_name_alone(shop: Running) -> None:
    assert cold(shop, userId="ani")
    assert cold(shop, userId="cut", anonymousId="phone")
    assert cold(shop, userId="nobody", anonymousId="phone")
    assert not cold(shop, userId="ani", anonymousId="phone")
    assert not cold(shop, anonymousId="phone")


def test_a_key_of_the_shops_server_may_name_anybody(shop: Running) -> None:
    key = shop.engine.write_key("server")
    assert not cold(shop, key, userId="ani")
    assert not cold(shop, key, userId="cut")
    assert not cold(shop, shop.token, userId="ani")


def test_a_session_is_enough(shop: Running) -> None:
    assert asked(shop, session=["a"])[0] == "b"
    assert cold(shop)


def test_the_simple_way(shop: Running) -> None:
    where = f"/v1/recommend?anonymousId=phone&k=1&writeKey={shop.key}"
    assert [one["product_id"] for one in shop.http.get(where).json()["items"]] == ["b"]
    assert shop.http.get("/v1/recommend?k=0", auth=(shop.key, "")).status_code == 400


def test_a_misspelt_name_is_told_with_the_one_that_is_meant(shop: Running) -> None:
    for path, asked in (("/v1/recommend", {"user_id": "ani"}), ("/v1/rank", {"items": ["a"], "user_id": "ani"})):
        answer = shop.post(path, asked)
        assert (answer.status_code, answer.json()["message"].rpartition("; ")[2]) == (400, "is `userId` meant?")
    simply = shop.http.get("/v1/recommend?user_id=ani", auth=(shop.key, ""))
    told = (simply.status_code, simply.json()["message"])
    assert told == (400, "user_id: there is no such parameter; is `userId` meant?")


def test_the_key_may_stand_in_the_body_as_pages_send_it(shop: Running) -> None:
    body = {"anonymousId": "phone", "writeKey": shop.key}
    answer = shop.http.post("/v1/recommend", json=body, headers={"Origin": "https://shop.test"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.test"


def test_a_list_is_ranked_whole(shop: Running) -> None:
    sent = ["unheard", "x0", "b", "also unheard", "b"]
    answer = shop.post("/v1/rank", {"anonymousId": "phone", "items": sent}).json()
    found = [one["product_id"] for one in answer["items"]]
    assert found[0] == "b"
    assert found[-2:] == ["unheard", "also unheard"]
    assert sorted(found) == sorted(set(sent))


@pytest.mark.parametrize("path", ["/v1/recommend", "/v1/rank"])
@pytest.mark.parametrize("key", ["wrong", ""])
def test_without_a_key_nothing_is_said(shop: Running, path: str, key: str) -> None:
    assert shop.post(path, {"userId": "ani", "items": ["a"]}, auth=(key, "")).status_code == 401
    assert shop.post(path, b"{", auth=(key, "")).status_code == 401


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"\xff", {"k": 0}, {"k": "3"}, {"shelf": "top"}, {"usrId": "ani"}, {"session": ["x"] * 501}],
)
def test_what_cannot_be_asked_is_told_so(shop: Running, body: Any) -> None:
    answer = shop.post("/v1/recommend", body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_the_rules_of_a_placement_hold_where_it_is_named(shop: Running) -> None:
    rules = shop.engine.folder / "rules.toml"
    rules.write_text('[placements.home.rules]\npin = [{product = "c", at = 1}]\n')
    try:
        assert asked(shop, anonymousId="phone", k=2)[0] == "b"
        answer = shop.post("/v1/recommend", {"anonymousId": "phone", "k": 2, "placement": "home"}).json()
        assert [(one["product_id"], one["rules"]) for one in answer["items"]] == [("c", ["pin"]), ("b", [])]
    finally:
        rules.unlink()
