"""The dashboard: what it says in both languages, to whom it opens, and that what shops send stays text."""

import html
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient
from tests.conftest import send
from tests.shop import consenting, order, track

from detak.admin_token import viewer_value
from detak.engine import Engine
from detak.server import dashboard, watch
from detak.server.app import build
from detak.server.auth import COOKIE
from detak.settings import Settings

TOKEN = "a-token-of-this-test"
HOSTILE = '<script>alert("x")</script><b style="color:red">&'
HERE = "http://127.0.0.1"
ELSEWHERE = "http://shop.example"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
YES = {"context": consenting(analytics=True)}


class Elements(HTMLParser):
    """All start tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def text_of(page: str) -> str:
    """What a reader reads: without tags, spaces as one."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def app_of(engine: Engine, *, local_only: bool = True) -> Any:
    """The server, as a browser on its own machine reaches it."""
    app = build(engine, TOKEN, local_only=local_only)

    async def from_here(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "client": ("127.0.0.1", 50_000)} if scope["type"] == "http" else scope, receive, send)

    return from_here


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient[Any]]:
    """A browser before a store of its own."""
    with TestClient(app_of(engine), base_url=HERE) as opened:
        yield opened


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An empty store, for those who only look."""
    with Engine(tmp_path_factory.mktemp("bare"), Settings()) as opened:
        yield opened


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The server of a store with twelve orders, for those who only look."""
    with Engine(tmp_path_factory.mktemp("filled"), Settings()) as opened:
        fill(opened)
        yield app_of(opened)


@pytest.fixture
def shop(filled: Any) -> Iterator[TestClient[Any]]:
    """A browser before that store."""
    with TestClient(filled, base_url=HERE) as opened:
        yield opened


@pytest.fixture
def stranger(bare: Engine) -> Iterator[TestClient[Any]]:
    """A browser that calls the server by a name that is not this machine's."""
    with TestClient(app_of(bare), base_url=ELSEWHERE) as opened:
        yield opened


def fill(engine: Engine, **properties: Any) -> None:
    """Twelve orders, Mondays at 20.15 in Jakarta, of which three are cancelled."""
    messages: list[dict[str, Any]] = [
        {**order(number, f"m{number}", province="Jawa Barat", **properties), "timestamp": "2026-10-05T13:15:00Z", **YES}
        for number in range(12)
    ]
    reason = properties.get("reason", "Dibatalkan oleh Pembeli. Alasan: Lainnya")
    messages += [
        {**track("Order Cancelled", f"c{number}", properties={"order_id": f"O{number}", "reason": reason}), **YES}
        for number in range(3)
    ]
    assert {one.what for one in send(engine, *messages)} == {"accepted"}


def within_policy(answer: httpx.Response) -> None:
    """Nothing inline, nothing from elsewhere."""
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    elements = Elements(answer.text)
    for tag, attributes in elements.found:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
        outside = [attributes.get(name) or "" for name in ("src", "href", "action")]
        assert not [one for one in outside if re.match(r"[\w-]+:|//", one)], tag
    assert elements.named("script")
    assert re.findall(r"<script[^>]*>([^<]*)</script>", answer.text) == [""] * len(elements.named("script"))
    assert all("src" in one for one in elements.named("script"))


def _wait_for_a_whole_second(engine: Engine) -> None:
    until = time.monotonic() + 10
    while not engine.pulse().events and time.monotonic() < until:
        time.sleep(0.05)


def test_an_empty_store_says_how_to_begin(client: TestClient[Any], engine: Engine) -> None:
    page = client.get("/").text
    said = text_of(page)
    assert "Belum ada data" in said
    assert f"detak import orders.xlsx --store {engine.folder}" in said
    assert "detak key web" in said
    assert f"curl {HERE}/v1/track" in said
    assert not Elements(page).named("table")


def test_the_command_on_the_page_puts_an_event_in(client: TestClient[Any], engine: Engine) -> None:
    said = text_of(client.get("/").text)
    found = re.search(r"-d '(\{.*?\}) ?'", said)
    assert found
    answer = client.post("/v1/track", content=found[1], auth=(engine.write_key("web"), ""))
    assert answer.status_code == 200, answer.text
    engine.settle()
    said = text_of(client.get("/").text)
    assert "Pencarian lain (jarang) 1" in said  # one person's search is not shown alone
    assert "Belum ada data" not in said  # although the page was opened a moment ago


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "id",
            ["Sekilas toko Anda", "12 pesanan dihitung", "20.00–21.00", "hari teramai: Senin", "25,0%", "Rp 75.000"],
        ),
        ("en", ["at a glance", "12 orders are counted", "20:00–21:00", "busiest day: Monday", "25.0%", "Rp 75,000"]),
    ],
)
def test_the_page_speaks_both_languages(shop: TestClient[Any], language: str, words: list[str]) -> None:
    page = shop.get("/", params={"lang": language}).text
    said = text_of(page)
    assert Elements(page).named("html") == [{"lang": language}]
    assert [one for one in words if one not in said] == []


def test_the_shops_language_comes_first_and_a_choice_is_remembered(shop: TestClient[Any]) -> None:
    assert 'lang="id"' in shop.get("/").text[:60]
    assert 'lang="en"' in shop.get("/?lang=en").text[:60]
    assert 'lang="en"' in shop.get("/").text[:60]
    assert 'lang="en"' in shop.get("/?lang=xx").text[:60]


def test_the_heat_map_holds_every_hour_of_the_week(shop: TestClient[Any]) -> None:
    cells = [one for one in Elements(shop.get("/?lang=en").text).named("td") if "title" in one]
    assert len(cells) == 7 * 24
    full = [(one["title"], one["class"]) for one in cells if one["class"] != "heat-0"]
    assert full == [("Monday 20:00–21:00: 12 orders", "heat-9")]


def test_a_dimension_has_a_row_a_level(client: TestClient[Any], engine: Engine) -> None:
    fill(engine)
    more = [
        {**order(number, f"n{number}", province="Banten"), "timestamp": "2026-10-06T02:00:00Z", **YES}
        for number in range(20, 26)
    ]
    send(engine, *more)
    page = client.get("/?by=province&lang=en").text
    said = text_of(page)
    assert re.search(r"Jawa Barat 12 .*Banten 6 ", said)
    assert {"value": "province", "selected": None} in Elements(page).named("option")
    assert [one["href"] for one in Elements(page).named("a") if one.get("hreflang") == "id"] == [
        "/?by=province&lang=id"
    ]


def test_one_level_alone_is_said_not_drawn(shop: TestClient[Any]) -> None:
    page = shop.get("/?by=province&lang=en").text
    assert "All orders are in one group (Jawa Barat)" in text_of(page)
    assert 'class="strips"' not in page


def test_a_mistyped_dimension_splits_by_nothing(shop: TestClient[Any]) -> None:
    answer = shop.get("/", params={"by": "<nonsense>"})
    assert answer.status_code == 200
    assert 'class="week"' in answer.text
    assert "nonsense" not in answer.text


def test_what_shops_send_stays_text(client: TestClient[Any], engine: Engine) -> None:
    item = {"product_id": "P1", "name": HOSTILE, "category": HOSTILE + "2", "price": 5, "quantity": 1}
    fill(engine, products=[item], payment_method=HOSTILE, reason=HOSTILE)
    send(engine, {**track(HOSTILE, "e1"), **YES})
    for address in ("/", "/?by=payment", "/?by=category"):
        page = client.get(address).text
        assert HOSTILE not in page
        assert "<b style" not in page
        assert "alert(" not in "".join(re.findall(r"<script[^>]*>(.*?)</script>", page, re.S))
        assert html.escape(HOSTILE, quote=True).replace("&quot;", "&#34;") in page
    assert text_of(page).count('alert("x")') >= 4


def test_products_without_categories_leave_no_empty_table(shop: TestClient[Any]) -> None:
    page = shop.get("/?lang=en").text
    said = text_of(page)
    assert "Barang 1" in said
    assert "does not name categories" in said
    assert "No searches are recorded yet" in said
    tables = re.findall(r"<tbody>(.*?)</tbody>", page, re.S)
    assert tables
    assert all("<tr" in one for one in tables)


def test_orders_of_nothing_are_said_in_words(client: TestClient[Any], engine: Engine) -> None:
    fill(engine, products=[])
    assert "name neither products nor categories" in text_of(client.get("/?lang=en").text)


def test_a_loss_that_is_not_known_is_not_a_number(client: TestClient[Any], engine: Engine) -> None:
    fill(engine, total=None, products=[])
    said = text_of(client.get("/?lang=en").text)
    assert "Value lost to cancellations Not known yet no order has a recorded amount" in said


def test_what_is_withheld_or_rejected_is_said(client: TestClient[Any], engine: Engine) -> None:
    fine, silent, broken = {**track("Product Viewed", "a"), **YES}, track("Product Viewed", "b"), {"type": "track"}
    assert [one.what for one in send(engine, fine, silent, broken)] == ["accepted", "withheld", "rejected"]
    _wait_for_a_whole_second(engine)
    page = client.get("/?lang=en").text
    notices = {one["data-outcome"]: "hidden" in one for one in Elements(page).named("p") if "data-outcome" in one}
    assert notices == {"withheld": False, "rejected": False}
    said = text_of(page)
    assert "1 events were not kept" in said
    assert str(engine.folder / "rejects" / "live.jsonl") in said
    assert "1 Product viewed" in said


def test_nothing_is_said_of_what_did_not_happen(shop: TestClient[Any]) -> None:
    shown = Elements(shop.get("/").text).named("p")
    assert all("hidden" in one for one in shown if "data-outcome" in one)


@pytest.mark.parametrize("address", ["/", "/?by=province&lang=en"])
def test_the_page_keeps_to_its_content_security_policy(shop: TestClient[Any], address: str) -> None:
    within_policy(shop.get(address))


def test_the_page_of_an_empty_store_keeps_to_it_too(bare: Engine) -> None:
    with TestClient(app_of(bare), base_url=HERE) as client:
        within_policy(client.get("/"))


def test_every_address_on_the_page_is_served(shop: TestClient[Any]) -> None:
    page = Elements(shop.get("/").text)
    addresses = [one.get("href") or one.get("src") for tag in ("link", "script", "a") for one in page.named(tag)]
    anchors = {attributes.get("id") for _, attributes in page.found}
    for address in addresses:
        assert address
        if address.startswith("#"):
            assert address[1:] in anchors
        else:
            assert shop.get(address).status_code == 200, address


def test_the_page_is_in_order_for_those_who_hear_it(shop: TestClient[Any]) -> None:
    page = Elements(shop.get("/").text)
    assert len(page.named("h1")) == len(page.named("main")) == 1
    assert all("aria-label" in one for one in page.named("nav"))
    assert all("scope" in one for one in page.named("th"))
    identities = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(identities) == len(set(identities))
    levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert {one["for"] for one in page.named("label")} == {one["id"] for one in page.named("select")}


def test_a_token_in_the_address_signs_in_and_goes_away(stranger: TestClient[Any]) -> None:
    answer = stranger.get("/", params={"token": TOKEN, "lang": "en"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?lang=en"
    cookie = {part.strip() for part in answer.headers["set-cookie"].split(";")}
    assert {f"{COOKIE}={viewer_value(TOKEN)}", "HttpOnly", "Path=/", "SameSite=lax"} <= cookie
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("wrong", ["wrong", "ключ", ""])
def test_a_wrong_token_opens_nothing(stranger: TestClient[Any], wrong: str) -> None:
    answer = stranger.get("/", params={"token": wrong}, follow_redirects=False)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_whoever_must_sign_in_is_asked_even_here(bare: Engine) -> None:
    with TestClient(app_of(bare, local_only=False), base_url=HERE) as client:
        assert client.get("/", headers=BROWSER).status_code == 401


def test_a_wrong_token_here_is_only_dropped(shop: TestClient[Any]) -> None:
    answer = shop.get("/?token=wrong", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "set-cookie" not in answer.headers


def test_a_foreign_host_is_asked_in_both_languages(stranger: TestClient[Any]) -> None:
    answer = stranger.get("/", headers=BROWSER)
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    said = text_of(answer.text)
    assert "Halaman ini perlu kunci masuk" in said
    assert "This page needs a key" in said
    assert not Elements(answer.text).named("style")


def test_a_program_is_answered_in_json(stranger: TestClient[Any]) -> None:
    answer = stranger.get("/", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json()["success"] is False
    assert "detak serve" in answer.json()["message"]


def test_a_report_that_fails_ends_the_page_in_words(
    client: TestClient[Any], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(engine)

    def fail(*_: object) -> None:
        raise RuntimeError("disk of the test")

    monkeypatch.setattr(engine, "report", fail)
    page = client.get("/?lang=en").text
    assert "The figures could not be computed" in text_of(page)
    assert "disk of the test" not in page
    assert page.rstrip().endswith("</html>")
    monkeypatch.undo()
    assert "12 orders are counted" in text_of(client.get("/?lang=en").text)


def test_pages_opened_together_ask_the_facts_once(
    client: TestClient[Any], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kept in (dashboard, watch):  # a slow machine takes longer than this is kept
        monkeypatch.setattr(kept, "_KEEP_SECONDS", 600.0)
    fill(engine)
    before = len(engine.audit().rows)
    for _ in range(3):
        client.get("/?lang=en")
    asked = [row.why for row in engine.audit().rows[before:] if row.why.startswith("report")]
    assert sorted(asked) == ["report cancellations", "report health", "report products", "report timing"]


def test_what_is_searched_is_listed_with_bars_against_the_most_searched(engine: Engine) -> None:
    told = [
        {**track("Products Searched", f"s{word}{at}", user=f"u{at}", properties={"query": word, "results": 2}), **YES}
        for word, times in (("batik", 12), ("sarung", 6), *((f"kata {n}", 5) for n in range(10)))
        for at in range(times)
    ]
    rare = [
        {**track("Products Searched", f"r{n}", user=f"u{n}", properties={"query": f"x{n}"}), **YES} for n in range(40)
    ]
    send(engine, *told, *rare)
    with TestClient(app_of(engine), base_url=HERE) as browser:
        page = browser.get("/?lang=en", headers=BROWSER).text
    assert page.rstrip().endswith("</html>")
    at = page.index("batik")
    assert 'width="100.00%" height="6" rx="3"' in page[at : at + 400], "the rare ones together are no measure"
    assert 'width="50.00%"' in page[page.index("sarung") :][:400]
    assert "3 more" in page, "those beyond the first ten are folded away"
