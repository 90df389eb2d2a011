"""detak.js in a page: decisions shown and counted, consent asked first, the shop's own page without an answer."""

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.test_dashboard import Browser, until
from tests.server.serving import Running, served
from tests.shop import track

import detak.server
from detak.consent import Basis
from detak.settings import Settings, SourceSettings

selenium = pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.webdriver.common.by import By  # noqa: E402
from tests.browser.test_dashboard import browser, chromium  # noqa: E402

__all__ = ["browser", "chromium"]
pytestmark = pytest.mark.browser

CONSENTED = SourceSettings(Basis.CONSENT)
COUNTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
PAGE = """<!doctype html><html lang="{lang}"><title>Toko</title>
<section id="home" data-detak-placement="home" data-detak-k="4">
  <template><article><b data-detak-field="name"></b> <i data-detak-field="price"></i></article></template>
  <p id="own">Pilihan toko</p>
</section>
<ul id="list" data-detak-placement="search"><li data-detak-product="h">h</li><li data-detak-product="a">a</li></ul>
<script src="{url}/detak.js" {more} data-key="{key}" data-timeout="{patience}" async></script></html>"""
SCRIPT = Path(detak.server.__file__).with_name("static") / "detak.js"


class Pages(http.server.SimpleHTTPRequestHandler):
    """One page, whatever is asked for; another one's answer never comes."""

    page = b""
    slow: threading.Event

    def do_GET(self) -> None:
        own = self.path.endswith("/detak.js")
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if own else "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(SCRIPT.read_bytes() if own else self.page)

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A served engine that knows eight products."""
    settings = Settings(sources={"web": CONSENTED, "seed": COUNTED})
    with served(tmp_path_factory.mktemp("store"), settings) as running:
        price = {"amount": 15_000, "currency": "IDR"}
        rows = [
            {"id": one, "name": f"Barang {one}", "price": price, "category": ["Toko", one], "url": f"/produk/{one}"}
            for one in "abcdefgh"
        ]
        running.engine.catalogue.put(rows, "api")
        views = [
            track("Product Viewed", f"{user}{one}", user=user, properties={"product_id": one})
            for user in ("u1", "u2", "u3") for one in "abcd"
        ]  # fmt: skip
        running.post("/v1/batch", {"batch": views}, auth=(running.engine.write_key("seed"), ""))
        running.engine.settle()
        running.engine.models.fit()
        yield running


@pytest.fixture
def open_page(browser: Browser, shop: Running) -> Iterator[Callable[..., None]]:
    """Opens the shop's page, which is served elsewhere."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def go(url: str | None = None, patience: int = 5_000, lang: str = "id", more: str = "") -> None:
        told = {"url": shop.url if url is None else url, "patience": patience, "lang": lang, "more": more}
        Pages.page = PAGE.format(key=shop.key, **told).encode()
        browser.get(f"http://127.0.0.1:{server.server_port}/")

    yield go
    server.shutdown()


def state(browser: Browser) -> str | None:
    """Whether decisions are shown, or the shop's own page."""
    return browser.find_element(By.TAG_NAME, "html").get_attribute("data-detak")


def test_decisions_are_shown_without_consent_and_nobody_is_tracked(
    browser: Browser, shop: Running, open_page: Callable[..., None]
) -> None:
    open_page()
    until(browser, lambda: state(browser) == "decided", "no decision was shown")
    articles = browser.find_elements(By.CSS_SELECTOR, "#home article")
    assert len(articles) == 4
    assert articles[0].text.startswith("Barang ")
    assert "15.000" in articles[0].text
    assert not browser.find_elements(By.ID, "own")
    assert browser.find_element(By.ID, "detak-consent").text.startswith("Bolehkah")
    stored = browser.execute_script("return Object.keys(localStorage).length + document.cookie.length")
    assert stored == 0


def test_after_a_yes_what_is_seen_and_clicked_carries_the_decision(
    browser: Browser, shop: Running, open_page: Callable[..., None]
) -> None:
    open_page(lang="en")
    browser.find_element(By.CSS_SELECTOR, "[data-detak-consent=yes]").click()
    open_page(lang="en")
    until(browser, lambda: state(browser) == "decided", "no decision was shown")
    place = browser.find_element(By.ID, "home")
    decision = place.get_attribute("data-detak-decision")
    browser.find_elements(By.CSS_SELECTOR, "#home article")[1].click()
    browser.execute_script("detak.flush()")
    found: list[dict[str, Any]] = []

    def counted() -> bool:
        shop.engine.settle()
        found[:] = [row for row in shop.facts("event", "decision_id") if row["decision_id"] == decision]
        return {"Product List Viewed", "Product Clicked"} <= {row["event"] for row in found}

    until(browser, counted, "impression and click did not arrive")
    assert not browser.find_elements(By.ID, "detak-consent")


def test_a_template_may_be_a_link_and_a_list_longer_than_a_shelf(
    browser: Browser, shop: Running, open_page: Callable[..., None]
) -> None:
    open_page()
    until(browser, lambda: state(browser) == "decided", "no decision was shown")
    browser.execute_script("""
        const [home, list] = document.querySelectorAll('[data-detak-placement]');
        home.innerHTML = '<template><a data-detak-link data-detak-field="name"></a></template>';
        const item = one => `<li data-detak-product="${one}">${one}</li>`;
        list.innerHTML = [...Array(120).keys(), 'a', 'b'].map(item).join('');
        for (const one of [home, list]) delete one.dataset.detakDecision;
        delete document.documentElement.dataset.detak;
        detak.decide();
    """)
    until(browser, lambda: state(browser) is not None, "nothing was answered")
    assert state(browser) == "decided"
    links = browser.find_elements(By.CSS_SELECTOR, "#home a")
    assert [one.get_dom_attribute("href") for one in links] == [
        f"/produk/{one.text.removeprefix('Barang ')}" for one in links
    ]
    first = [one.text for one in browser.find_elements(By.CSS_SELECTOR, "#list li")[:2]]
    assert sorted(first) == ["a", "b"], "what people turn to, before what nobody knows"


def test_what_the_server_rendered_leads_to_its_explanation(
    browser: Browser, shop: Running, open_page: Callable[..., None]
) -> None:
    open_page(lang="en")
    until(browser, lambda: state(browser) == "decided", "no decision was shown")
    browser.execute_script("""
        document.getElementById('list').outerHTML = `<ul data-detak-placement="search" data-detak-decision="abc">
            <li data-detak-product="h">h <a data-detak-why>?</a></li></ul><a data-detak-why="search">?</a>`;
        detak.decide();""")
    leads = [one.get_attribute("href") for one in browser.find_elements(By.CSS_SELECTOR, "a[data-detak-why]")]
    assert leads == [f"{shop.url}/why/abc?lang=en"] * 2


@pytest.mark.parametrize(("more", "told"), [("data-minor", True), ('data-minor="false"', False), ("", False)])
def test_a_page_says_that_a_child_is_looking(
    browser: Browser, shop: Running, open_page: Callable[..., None], more: str, told: bool
) -> None:
    open_page(lang="en", more=more)
    until(browser, lambda: state(browser) == "decided", "no decision was shown")
    decision = browser.find_element(By.ID, "home").get_attribute("data-detak-decision")
    notes = shop.engine.decisions.why(decision or "", "en").notes
    assert any("for a child" in one for one in notes) == told


def test_after_a_no_nothing_is_kept(browser: Browser, shop: Running, open_page: Callable[..., None]) -> None:
    open_page()
    browser.find_element(By.CSS_SELECTOR, "[data-detak-consent=no]").click()
    time.sleep(0.3)
    kept = browser.execute_script("return [localStorage.detak_device, localStorage.detak_consent]")
    assert kept[0] is None
    assert '"personalisation":false' in kept[1]


def test_the_shops_own_page_stands_when_the_engine_is_gone(
    browser: Browser, tmp_path: Path, open_page: Callable[..., None]
) -> None:
    with served(tmp_path / "other") as gone:
        url = gone.url
    open_page(url)  # the script cannot even be loaded
    assert browser.find_element(By.ID, "own").is_displayed()
    assert [one.text for one in browser.find_elements(By.CSS_SELECTOR, "#list li")] == ["h", "a"]


def test_the_shops_own_page_stands_when_the_engine_is_slow(
    browser: Browser, shop: Running, open_page: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = shop.engine.decisions.decide
    go = threading.Event()
    monkeypatch.setattr(shop.engine.decisions, "decide", lambda *asked: (go.wait(60), decide(*asked)))
    try:
        open_page(patience=300)
        until(browser, lambda: state(browser) == "default", "it waits")
        assert browser.find_element(By.ID, "own").is_displayed()
    finally:
        go.set()


def test_what_is_asked_wrongly_is_told_to_whoever_builds_the_page(
    browser: Browser, shop: Running, open_page: Callable[..., None]
) -> None:
    open_page()
    until(browser, lambda: state(browser) == "decided", "no decision was shown")
    browser.execute_script("""
        window.told = [];
        console.warn = one => told.push(one);
        document.documentElement.dataset.detak = '';
        const home = document.getElementById('home');
        home.removeAttribute('data-detak-decision');
        home.dataset.detakK = 200;
        detak.decide();""")
    until(browser, lambda: state(browser) == "default", "it waits")
    browser.execute_script("detak.consent({personalization: true})")
    assert browser.execute_script("return told") == [
        "detak: placements[0].k: Expected `int` <= 100",
        "detak: no purpose personalization; there are: analytics, personalisation, marketing",
    ]


def test_an_engine_that_hangs_holds_nothing_up(browser: Browser, open_page: Callable[..., None]) -> None:
    with socket.socket() as hung:
        hung.bind(("127.0.0.1", 0))
        hung.listen()
        engine = f"http://127.0.0.1:{hung.getsockname()[1]}"
        open_page("", patience=300, more=f'data-engine="{engine}"')  # the shop's own copy of the script
        until(browser, lambda: state(browser) == "default", "it waits")
        assert browser.find_element(By.ID, "own").is_displayed()
        browser.find_element(By.CSS_SELECTOR, "[data-detak-consent=yes]").click()
        browser.execute_script("detak.track('Product Viewed', {product_id: 'a'})")  # and nothing is raised


def test_what_piles_up_is_sent_in_parts_and_no_engine_that_is_down_is_asked_at_each_event(
    browser: Browser, shop: Running, open_page: Callable[..., None]
) -> None:
    """A browser refuses a body of more than 64 KB that is to outlive its page: as one, it would never be sent."""
    open_page()
    browser.find_element(By.CSS_SELECTOR, "[data-detak-consent=yes]").click()
    until(browser, lambda: browser.execute_script("return localStorage.detak_device"), "no device")
    asked = browser.execute_async_script(
        "const done = arguments[0], real = window.fetch; let asked = 0;"
        "window.fetch = () => { asked += 1; return Promise.reject(new Error('down')); };"
        "detak.track('Page Scrolled'); detak.flush();"
        "setTimeout(() => { for (let at = 0; at < 90; at++) detak.track('Page Scrolled', { text: 'x'.repeat(900) });"
        "  window.fetch = real; detak.flush(); done(asked); }, 100)"
    )
    assert asked <= 2, "one event after another asks again"

    def counted() -> bool:
        shop.engine.settle()
        return [row["event"] for row in shop.facts("event")].count("Page Scrolled") == 91

    until(browser, counted, "it is lost")


def test_what_could_not_be_sent_is_sent_again(browser: Browser, shop: Running, open_page: Callable[..., None]) -> None:
    open_page()
    browser.find_element(By.CSS_SELECTOR, "[data-detak-consent=yes]").click()
    until(browser, lambda: browser.execute_script("return localStorage.detak_device"), "no device")
    browser.execute_script(
        "const real = window.fetch; window.fetch = () => Promise.reject(new Error('down'));"
        "detak.track('Quiz Finished'); detak.flush();"
        "setTimeout(() => { window.fetch = real; detak.flush(); }, 200)"
    )

    def counted() -> bool:
        shop.engine.settle()
        return [row["event"] for row in shop.facts("event")].count("Quiz Finished") == 1

    until(browser, counted, "it is lost")
