"""A shopper's own page: opened by the shop's link alone, true, with switches that work at once."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.server.serving import Running, served
from tests.shop import track

from detak.consent import Basis
from detak.errors import StoreError
from detak.server import me
from detak.server.tickets import MINUTES, Tickets
from detak.settings import Settings, SourceSettings

PUBLIC = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
PRIVATE = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential",), private_key=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Ani, Eka and Fajar each looked at three products, signed in; Budi at one; a stranger's tablet at one."""
    settings = Settings(
        sources={"web": PUBLIC, "server": PRIVATE}, retention_days={"analytics": 90}, shared_ids=("kasir-*",)
    )
    with served(tmp_path_factory.mktemp("store"), settings) as running:
        phones = {"ani": "phone", "eka": "ekas", "fajar": "fajars"}
        told = [viewed(one, who, phone) for who, phone in phones.items() for one in "abc"]
        told.append(viewed("z", "budi", "laptop"))
        running.post("/v1/batch", {"batch": [*told, viewed("y", None, "tablet")]})
        running.engine.settle()
        yield running


def viewed(product: str, user: str | None, device: str) -> dict[str, Any]:
    return track(
        "Product Viewed", f"{device}{product}", user=user, anonymousId=device, properties={"product_id": product}
    )


def link(shop: Running, **who: str) -> str:
    """The path of a link that the shop's server asked for."""
    answer = shop.post("/v1/me", who, auth=(shop.engine.write_key("server"), ""))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"]).removeprefix(shop.url)


def test_only_the_shops_own_server_gets_a_link(shop: Running) -> None:
    assert shop.post("/v1/me", {"userId": "ani"}).status_code == 401, "a public key looks nobody up"
    assert shop.post("/v1/me", {"userId": "ani"}, auth=("wrong", "")).status_code == 401
    assert shop.post("/v1/me", {}, auth=(shop.token, "")).status_code == 400
    beside = shop.post("/v1/me", {"anonymousId": "phone", "user_id": "ani"}, auth=(shop.token, ""))
    assert (beside.status_code, "is `userId` meant?" in beside.json()["message"]) == (400, True)
    assert shop.http.get("/me/guessed").status_code == 404
    assert shop.http.get("/v1/me/guessed").status_code == 404
    assert shop.http.get("/me/guessed/copy").status_code == 404
    assert shop.http.post("/me/guessed/forget", data={"sure": "on"}).status_code == 404
    assert "This link opens nothing" in shop.http.post("/me/guessed/consent?lang=en").text


def test_what_many_use_is_nobodys_own_page(shop: Running) -> None:
    shop.post("/v1/batch", {"batch": [viewed("x", None, "kasir-1")]})
    for who in ({"anonymousId": "kasir-1"}, {"userId": "kasir-1"}):
        answer = shop.post("/v1/me", who, auth=(shop.token, ""))
        assert (answer.status_code, "used by many" in answer.text) == (400, True)


def test_a_device_that_somebody_signed_in_on_opens_nothing(shop: Running) -> None:
    key = (shop.engine.write_key("server"), "")
    assert shop.post("/v1/me", {"anonymousId": "phone"}, auth=key).status_code == 404
    assert shop.http.get("/v1" + link(shop, anonymousId="tablet")).json()["events"] == 1
    both = shop.http.get("/v1" + link(shop, userId="budi", anonymousId="phone")).json()
    assert {one["value"] for one in both["identifiers"]} == {"budi", "laptop"}, "the device is Ani's"
    path = link(shop, anonymousId="tablet")
    shop.post("/v1/batch", {"batch": [viewed("x", "citra", "tablet")]})
    shop.engine.settle()
    assert shop.http.get(path).status_code == 404, "Citra signed in there meanwhile"
    assert shop.http.post(f"{path}/forget", data={"sure": "on"}).status_code == 404


def test_it_says_what_is_kept_and_what_for(shop: Running) -> None:
    path = link(shop, userId="ani")
    told = shop.http.get(f"/v1{path}").json()
    assert (told["events"], told["products"], told["kinds"]) == (3, 3, {"Product Viewed": 3})
    uses = {one["purpose"]: (one["state"], one["in_force"], one["days"]) for one in told["uses"]}
    assert uses["analytics"] == ("covered", True, 90)
    assert uses["marketing"] == ("unsaid", False, None)
    for language, said in (("en", "What is older than 90 days is not used"), ("id", "lebih lama dari 90 hari")):
        page = shop.http.get(f"{path}?lang={language}")
        assert said in page.text
        assert "ani, phone" in page.text or "phone, ani" in page.text
        assert page.headers["cache-control"] == "no-store"
    copy = shop.http.get(f"{path}/copy")
    assert len(copy.json()["events"]) == 3
    assert "attachment" in copy.headers["content-disposition"]


def test_the_last_decisions_lead_to_their_explanation(shop: Running) -> None:
    key = (shop.engine.write_key("server"), "")
    shop.http.put("/v1/consent", json={"userId": "gita", "purposes": {"personalisation": True}}, auth=key)
    path = link(shop, userId="gita")
    assert shop.http.get(f"/v1{path}").json()["latest"] == []
    for place in ("first", "<b>", "third", "fourth"):
        shop.post("/v1/decide", {"userId": "gita", "placements": [{"name": place}]}, auth=key)
    told = shop.http.get(f"/v1{path}").json()
    since = next(one["since"] for one in told["uses"] if one["purpose"] == "personalisation")
    assert (since[10], datetime.fromisoformat(since).tzinfo) == ("T", UTC)
    assert (told["decisions"], [one["placement"] for one in told["latest"]]) == (4, ["fourth", "third", "<b>"])
    page = shop.http.get(f"{path}?lang=en").text
    for one in told["latest"]:
        assert f'href="/why/{one["decision_id"]}?lang=en"' in page
        assert shop.http.get(f"/why/{one['decision_id']}").status_code == 200
    assert ("<b>, " in page, "&lt;b&gt;, " in page, "first, " in page) == (False, True, False)


def test_the_switches_are_in_force_at_once(shop: Running) -> None:
    path = link(shop, userId="eka")
    answer = shop.http.post(f"{path}/consent?lang=en", data={"analytics": "on", "marketing": "on"})
    assert answer.status_code in (200, 303)
    uses = {one["purpose"]: one["state"] for one in shop.http.get(f"/v1{path}").json()["uses"]}
    assert uses == {"analytics": "allowed", "personalisation": "refused", "marketing": "allowed", "research": "refused"}
    shop.http.post(f"{path}/consent", data={"personalisation": "on"})
    uses = {one["purpose"]: one["state"] for one in shop.http.get(f"/v1{path}").json()["uses"]}
    assert (uses["analytics"], uses["personalisation"]) == ("refused", "allowed")


def test_forget_me_asks_first_and_then_forgets(shop: Running) -> None:
    path = link(shop, userId="fajar")
    unsure = shop.http.post(f"{path}/forget?lang=en")
    assert "Tick first" in unsure.text
    assert shop.http.get(f"/v1{path}").json()["events"] == 3
    done = shop.http.post(f"{path}/forget?lang=en", data={"sure": "on"})
    assert "You are forgotten" in done.text
    assert "signature" in done.text
    assert shop.http.get(path).status_code == 404, "the link is spent"
    assert "Nothing is kept of you" in shop.http.get(link(shop, userId="fajar") + "?lang=en").text
    assert shop.http.get("/v1" + link(shop, userId="budi")).json()["events"] == 1


def test_a_link_outlives_a_restart_and_not_its_time(tmp_path: Path) -> None:
    now, marks = [0.0], {("user", "ani"): ["7"], ("user", "budi"): ["8"]}
    path = tmp_path / "links.key"
    tickets = Tickets(path, marks.__getitem__, lambda: now[0])
    assert path.stat().st_mode & 0o077 == 0
    first, second = tickets.issue([("user", "ani")]), tickets.issue([("user", "budi")])
    again = Tickets(path, marks.__getitem__, lambda: now[0])
    assert (again.whose(first), again.whose(second)) == ([("user", "ani")], [("user", "budi")])
    assert "ani" not in first
    now[0] = 60 * MINUTES
    assert again.whose(first) is None


def test_a_link_ends_with_whoever_it_is_for(tmp_path: Path) -> None:
    marks = {("user", "ani"): ["7", "a message"], ("user", "eka"): ["a message", "another"], ("user", "nobody"): []}
    tickets = Tickets(tmp_path / "links.key", marks.__getitem__)
    ani, eka, nobody = (tickets.issue([whose]) for whose in marks)
    marks["user", "ani"] = ["a message"]
    assert tickets.whose(ani) is None
    marks["user", "ani"] = ["9"]
    assert tickets.whose(ani) is None, "who comes back is another"
    marks["user", "eka"] = ["10", "another", "a message"]
    assert tickets.whose(eka) == [("user", "eka")], "what could not be used of hers is kept, and she is known besides"
    marks["user", "eka"] = []
    assert tickets.whose(eka) is None
    assert tickets.whose(nobody) == [("user", "nobody")]
    marks["user", "nobody"] = ["11"]
    assert tickets.whose(nobody) is None, "it was nobody's"


def test_a_link_ends_with_whoever_is_known_by_what_could_not_be_used(shop: Running) -> None:
    def send(number: int) -> None:
        shop.post("/v1/batch", {"batch": [{**viewed(str(number), "indah", "indahs"), "timestamp": "kapan"}]})
        shop.engine.settle()

    send(1)
    path = link(shop, userId="indah")
    assert "kapan" in shop.http.get(f"{path}/copy").text
    shop.engine.forget([("user", "indah")])
    send(2)
    assert shop.http.get(f"{path}/copy").status_code == 404, "she came back, and is another"
    assert "kapan" in shop.http.get(link(shop, userId="indah") + "/copy").text


def test_a_link_that_was_changed_or_made_elsewhere_opens_nothing(tmp_path: Path) -> None:
    def known(_: tuple[str, str]) -> list[str]:
        return ["7"]

    tickets, other = Tickets(tmp_path / "links.key", known), Tickets(tmp_path / "other.key", known)
    ticket = tickets.issue([("user", "ani")])
    at = len(ticket) // 2
    changed = ticket[:at] + ("A" if ticket[at] != "A" else "B") + ticket[at + 1 :]
    for wrong in ("", "x", "é" * 30, changed, ticket[:-4], "A" * 10_000, other.issue([("user", "ani")])):
        assert tickets.whose(wrong) is None
    (tmp_path / "links.key").write_bytes(b"short")
    with pytest.raises(StoreError, match="no key of links"):
        Tickets(tmp_path / "links.key", known)


def test_forgetting_that_takes_long_says_so_and_is_done(shop: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.post("/v1/batch", {"batch": [viewed("a", "hana", "hanas")]})
    shop.engine.settle()
    path, free = link(shop, userId="hana"), threading.Event()
    monkeypatch.setattr(me, "_PATIENCE", 0.01)
    unlearn = shop.engine.models.unlearn

    def slowly(subjects: Any) -> None:
        free.wait(20)
        unlearn(subjects)

    monkeypatch.setattr(shop.engine.models, "unlearn", slowly)
    for address in ("forget", "forget", "forgotten", ""):  # said twice, it is one wish
        send = shop.http.post if address == "forget" else shop.http.get
        options = {"data": {"sure": "on"}} if address == "forget" else {}
        answer = send(f"{path}/{address}".rstrip("/") + "?lang=en", **options)
        assert (answer.status_code, "You are being forgotten" in answer.text) == (202, True)
        assert f"url={path}/forgotten?lang=en" in answer.text
    assert len(list((shop.engine.folder / "wishes").iterdir())) == 1
    free.set()
    for thread in threading.enumerate():
        if thread.name == "detak-forget":
            thread.join(20)
    answer = shop.http.get(f"{path}/forgotten?lang=id")
    assert "Anda sudah dilupakan" in answer.text
    assert "signature" in answer.text
    assert list((shop.engine.folder / "wishes").iterdir()) == []
    assert shop.http.get(path).status_code == 404


def test_who_asks_too_often_is_told_to_wait(shop: Running) -> None:
    path = link(shop, userId="budi")
    answers = [shop.http.get(f"/v1{path}", headers={"X-Forwarded-For": "198.51.100.7"}) for _ in range(2)]
    assert {one.status_code for one in answers} == {200}
    guesser = {"X-Forwarded-For": "198.51.100.8", "Accept": "text/html"}
    for _ in range(300):
        answer = shop.http.get("/me/guessed?lang=en", headers=guesser)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert "Too many at once" in answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert shop.http.get(f"/v1{path}", headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 200


def test_somebody_elses_switches_are_not_reached_from_a_device(shop: Running) -> None:
    path = link(shop, anonymousId="a new one")
    shop.post("/v1/batch", {"batch": [viewed("x", "dewi", "a new one")]})
    shop.engine.settle()
    assert shop.http.post(f"{path}/consent", data={"marketing": "on"}).status_code == 404, "Dewi signed in meanwhile"
    uses = {one["purpose"]: one["state"] for one in shop.http.get("/v1" + link(shop, userId="dewi")).json()["uses"]}
    assert (uses["marketing"], uses["analytics"]) == ("unsaid", "covered")


def test_a_refusal_that_was_said_again_is_not_shown_as_allowed(shop: Running) -> None:
    """A device says no twice, its person yes between: once they are met together the no holds, and is what is shown."""
    for who, yes in (({"anonymousId": "watch"}, False), ({"userId": "gita"}, True), ({"anonymousId": "watch"}, False)):
        shop.http.put("/v1/consent", json={**who, "purposes": {"analytics": yes}}, auth=(shop.key, ""))
    shop.post("/v1/batch", {"batch": [viewed("x", "gita", "watch")]})
    shop.engine.settle()
    told = shop.http.get("/v1" + link(shop, userId="gita")).json()
    assert next(one for one in told["uses"] if one["purpose"] == "analytics")["state"] == "refused"


def test_where_nothing_is_kept_there_is_nothing_to_forget(shop: Running) -> None:
    path = link(shop, userId="nobody")
    for page in (shop.http.get(f"{path}?lang=en"), shop.http.post(f"{path}/forget?lang=en", data={"sure": "on"})):
        assert page.status_code == 200
        assert "Nothing is kept of you" in page.text
        assert "/forget" not in page.text
