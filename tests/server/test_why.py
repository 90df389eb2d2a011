"""Why something was shown: by its number, as a page, with a switch that works at once; two shoppers side by side."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.server.serving import Running, served
from tests.shop import track

from detak.clock import to_micros
from detak.consent import Basis
from detak.decision import Reason
from detak.decision_words import reason_text
from detak.settings import Settings, SourceSettings

ALL = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"), private_key=True)
RULES = (
    '[offers]\nbudget = 1000000\ntrial = 0.9\nholdout = 0.1\noffer = [{name = "hemat", discount = 0.1, code = "H10"}]\n'
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A served shop; Ani and Budi look at different things."""
    folder = tmp_path_factory.mktemp("store")
    (folder / "rules.toml").write_text(RULES)
    with served(folder, Settings(sources={"web": ALL})) as running:
        cost = {"amount": 9_000, "currency": "IDR"}
        rows = [{"id": one, "name": f"Barang {one}", "category": ["Toko", one], "price": cost} for one in "abcdefgh"]
        running.engine.catalogue.put(rows, "api")
        paths = {"ani": "ab", "budi": "gh", "u1": "abcd", "u2": "abcd", "u3": "efgh", "u4": "efgh"}
        views = [
            track("Product Viewed", f"{user}{one}", user=user, properties={"product_id": one})
            for user, path in paths.items() for one in path
        ]  # fmt: skip
        running.post("/v1/batch", {"batch": views})
        running.engine.settle()
        running.engine.models.fit()
        yield running


def decided(shop: Running, user: str | None) -> dict[str, Any]:
    """A decision for somebody, among the facts."""
    body = {"userId": user, "placements": [{"name": "home", "k": 8}]}
    found: dict[str, Any] = shop.post("/v1/decide", body).json()["decisions"][0]
    shop.engine.settle()
    return found


def test_whoever_has_the_number_is_told_why_in_words(shop: Running) -> None:
    found = decided(shop, "ani")
    told = shop.http.get(f"/v1/decisions/{found['decision_id']}?lang=en").json()
    personal = ("You looked at this a short while ago", "Because you looked at Barang b", "Goes with Barang b")
    assert told["products"][0]["why"] in personal, "by the shelf that was drawn to come first"
    assert 1 <= len(told["reasons"]) <= 3
    assert told["personal"]
    assert datetime.fromisoformat(told["time"]).timestamp() * 1e6 == pytest.approx(found["time"], abs=1)
    indonesian = shop.http.get(f"/v1/decisions/{found['decision_id']}?lang=id").json()
    assert indonesian["reasons"] != told["reasons"]


@pytest.mark.parametrize("number", ["x", "0" * 32, "f" * 32])
def test_a_number_that_is_none_tells_nothing(shop: Running, number: str) -> None:
    assert shop.http.get(f"/v1/decisions/{number}").status_code == 404
    assert shop.http.get(f"/why/{number}").status_code == 404


def test_the_switch_works_at_once(shop: Running) -> None:
    shop.post("/v1/track", track("Product Viewed", "rini-a", user="rini", properties={"product_id": "a"}))
    shop.engine.settle()
    before = decided(shop, "rini")
    assert {"continue", "for_you", "together"} & {slot["shelf"] for slot in before["slate"]}
    page = shop.http.get(f"/why/{before['decision_id']}?lang=en")
    assert "Turn personal pages off" in page.text
    answer = shop.http.post(f"/why/{before['decision_id']}/off?lang=en")
    assert answer.status_code == 303
    assert "Personal pages are off" in shop.http.get(answer.headers["location"]).text
    after = shop.post("/v1/decide", {"userId": "rini", "placements": [{"name": "home", "k": 8}]}).json()["decisions"][0]
    assert not {"continue", "for_you", "together"} & {slot["shelf"] for slot in after["slate"]}
    later = shop.http.get(f"/why/{before['decision_id']}?lang=en").text
    assert "Personal pages are off" in later
    assert "/off?" not in later, "there is nothing left to turn off"
    said = {"userId": "rini", "purposes": {"personalisation": True}}
    assert shop.http.put("/v1/consent", json=said, auth=(shop.key, "")).status_code == 200
    assert "Turn personal pages off" in shop.http.get(f"/why/{before['decision_id']}?lang=en").text


def test_what_was_shown_to_anyone_has_no_switch(shop: Running) -> None:
    found = decided(shop, None)
    page = shop.http.get(f"/why/{found['decision_id']}?lang=en").text
    assert "Nothing about you was used" in page
    assert "/off?" not in page
    assert shop.http.post(f"/v1/decisions/{found['decision_id']}/object").status_code == 204


def test_every_offer_stands_on_a_public_page_with_its_code(shop: Running) -> None:
    page = shop.http.get("/offers?lang=en").text
    assert "H10" in page
    assert "10% of the people are never shown any" in page


def test_an_offer_that_is_dated_stands_there_while_it_holds_with_its_end(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shop.engine.folder) / "rules.toml"
    noon = datetime(2026, 11, 11, 12, tzinfo=shop.engine.settings.timezone)
    monkeypatch.setattr(shop.engine.decisions, "clock", lambda: to_micros(noon))
    more = (
        '}, {name = "hari", discount = 0.1, code = "H11", until = 2026-11-11}, '
        '{name = "besok", discount = 0.1, code = "H12", from = 2026-11-11T12:01:40}]'
    )
    try:
        path.write_text(RULES.replace("}]", more))
        page = shop.http.get("/offers?lang=id")
        assert "<code>H11</code> · sampai 11 Nov 2026" in page.text
        assert "H10" in page.text
        assert "H12" not in page.text, "nobody is told of it before"
        assert page.headers["cache-control"] == "public, max-age=100", "until an offer begins"
        told = shop.http.get("/v1/offers").json()
        assert told["offers"] == ["hemat", "hari"]
        assert {one["offer"]: one["state"] for one in told["dates"]} == {"hari": "holding", "besok": "waiting"}
        marketer = shop.http.get("/behaviour/offers?lang=en").text
        assert "“hari” holds until 11 Nov 2026." in marketer
        assert "“besok” has not begun: it holds from 11 November 2026, 12:01 WIB." in marketer
    finally:
        path.write_text(RULES)


def test_two_shoppers_see_two_pages(shop: Running) -> None:
    address = "/view-as?one=user:ani&two=user:budi&lang=en"
    assert shop.http.get(address).status_code == 401  # not even from this machine: it is about people
    page = shop.http.get(address, headers={"Authorization": f"Bearer {shop.token}"})
    assert page.status_code == 200
    assert "Because you looked at Barang b" in page.text or "You looked at this a short while ago" in page.text
    assert "only here" in page.text or "for the other" in page.text
    assert "detak_lang=en" in page.headers["set-cookie"]  # what its form asks next is answered in the same language


def test_the_owner_sees_the_last_decisions_of_a_person(shop: Running) -> None:
    found = decided(shop, "budi")
    admin = {"Authorization": f"Bearer {shop.token}"}
    ids = shop.http.post("/v1/admin/decisions", json={"userId": "budi"}, headers=admin).json()
    assert ids[0] == found["decision_id"]
    assert shop.http.post("/v1/admin/decisions", json={"userId": "budi"}).status_code == 401
    latest = shop.post("/v1/decide", {"userId": "budi", "placements": [{"name": "home"}]}).json()["decisions"][0]
    ids = shop.http.post("/v1/admin/decisions", json={"userId": "budi"}, headers=admin).json()
    assert ids[0] == latest["decision_id"]  # of a moment ago


def test_the_marketer_reads_what_offers_do(shop: Running) -> None:
    page = shop.http.get("/behaviour/offers?lang=en")
    assert page.status_code == 200
    assert "Only the trial is offered any" in page.text or "Until then only the trial" in page.text
    assert shop.http.get("/v1/offers").json()["offers"] == ["hemat"]
    assert "/behaviour/offers" in shop.http.get("/behaviour?lang=id").text
    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    assert shop.http.get("/v1/offers", headers=elsewhere).status_code == 401


def test_two_pages_say_why_there_is_an_offer_or_none(shop: Running) -> None:
    address = "/view-as?one=user:a%26b%3Dc&two=user:budi&lang=en"
    page = shop.http.get(address, headers={"Authorization": f"Bearer {shop.token}"})
    assert "They see what every new visitor sees" in page.text
    assert "one=user%3Aa%26b%3Dc" in page.text
    assert "by lot" in page.text or "No offer: the shop" in page.text


def test_chance_says_whether_it_drew_an_offer() -> None:
    told = {about: reason_text(Reason("by_chance", about), {}, "en") for about in ("", "hemat")}
    assert told[""].startswith("No offer, by lot")
    assert told["hemat"].startswith("The offer hemat: by lot")


def test_whoever_was_just_answered_may_ask_at_once(shop: Running) -> None:
    body = {"userId": "cici", "placements": [{"name": "home", "k": 8}]}
    shop.post("/v1/batch", {"batch": [track("Product Viewed", "c1", user="cici", properties={"product_id": "a"})]})
    for _ in range(5):
        found = shop.post("/v1/decide", body).json()["decisions"][0]["decision_id"]
        assert shop.http.get(f"/v1/decisions/{found}").status_code == 200
    assert shop.http.post(f"/v1/decisions/{found}/object").status_code == 204


def test_that_somebody_looked_at_something_sensitive_is_told_to_them_alone(shop: Running) -> None:
    shop.engine.catalogue.put([{"id": "obat", "name": "Obat", "category": ["Obat"]}], "api")
    looked = [track("Product Viewed", f"d{one}", user="dodi", properties={"product_id": one}) for one in ("obat", "a")]
    shop.post("/v1/batch", {"batch": looked})
    shop.engine.settle()
    shop.engine.models.renew()
    told = shop.http.get(f"/v1/decisions/{decided(shop, 'dodi')['decision_id']}?lang=en").json()
    assert any("health, faith" in one for one in told["notes"])
    page = shop.http.get("/view-as?one=user:dodi&lang=en", headers={"Authorization": f"Bearer {shop.token}"})
    assert "dodi" in page.text
    assert "health, faith" not in page.text


def test_a_fault_in_the_rules_leaves_the_offers_in_force_on_their_page(shop: Running) -> None:
    path = Path(shop.engine.folder) / "rules.toml"
    assert "H10" in shop.http.get("/offers").text
    try:
        path.write_text(RULES.replace("discount", "discuont"))
        page = shop.http.get("/offers?lang=en")
        assert (page.status_code, "H10" in page.text) == (200, True)
        standing = shop.http.get("/v1/offers").json()
        assert (standing["offers"], "discuont" in standing["trouble"]) == (["hemat"], True)
        told = {one: shop.http.get(f"/behaviour/offers?lang={one}").text for one in ("en", "id")}
        assert "What follows is by the rules before" in told["en"]
        assert "there is no key `discuont` here; is `discount` meant?" in told["en"]
        assert "tidak ada kunci `discuont` di sini; mungkin maksudnya `discount`?" in told["id"]
    finally:
        path.write_text(RULES)
    assert shop.http.get("/v1/offers").json()["trouble"] == ""


def test_the_offers_page_promises_to_the_last_digit_and_says_how_to_get_what_has_no_code(shop: Running) -> None:
    path = Path(shop.engine.folder) / "rules.toml"
    try:
        path.write_text('[offers]\nholdout = 0.3\noffer = [{name = "setia", discount = 0.125}]\n')
        page = shop.http.get("/offers?lang=id").text
        assert "potongan 12,5%" in page
        assert "minta “setia” kepada toko" in page
        assert "30% orang" in page
    finally:
        path.write_text(RULES)


def test_a_fault_in_the_rules_from_the_start_leaves_no_offer_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("[offers\n")
    with served(tmp_path, Settings(sources={"web": ALL})) as running:
        told = running.http.get("/v1/offers").json()
        page = running.http.get("/behaviour/offers?lang=en").text
        assert (told["built_in"], told["trouble"].startswith("rules.toml is not TOML")) == (True, True)
        assert "The built-in rules stand, with no offer." in page
        assert ("by the rules before" in page, "They are written under" in page) == (False, False)
        (tmp_path / "rules.toml").write_text(RULES)
        running.engine.decisions._looked = 0
        assert running.http.get("/v1/offers").json()["built_in"] is False
        (tmp_path / "rules.toml").write_text("[offers\n")
        running.engine.decisions._looked = 0
        assert "by the rules before" in running.http.get("/behaviour/offers?lang=en").text
