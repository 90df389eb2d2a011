"""analytics.js (@segment/analytics-next), unmodified, on a page of another origin in headless Chromium."""

import functools
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.clients.front import LOST, LOST_BUSY, front
from tests.clients.packages import installed
from tests.clients.shop import facts, opened
from tests.server.serving import Running

from detak.event import message_key

selenium = pytest.importorskip("selenium", reason="selenium is not installed")
from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

pytestmark = pytest.mark.browser

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-proxy-server",
         # As a person's browser names itself: one without a head is a bot, and what it does is hidden.
         "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML) Chrome/140.0 Safari/537.36",
)  # fmt: skip
PATIENCE = 40
NAMES = [
    "Aliased",
    "Grouped",
    "Identified",
    "Order Completed",
    "Page Viewed",
    "Product Viewed",
    "Screen Viewed",
]
LETTERS = {"/v1/i", "/v1/t", "/v1/p", "/v1/s", "/v1/g", "/v1/a"}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The shop's own site: a page, and the library as the package has it."""
    folder = tmp_path_factory.mktemp("site")
    library = installed() / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd"
    for name in ("standalone.js", *(path.name for path in library.glob("*.bundle.*.js"))):
        shutil.copy(library / name, folder)
    shutil.copy(Path(__file__).parent / "page.html", folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A fresh browser, without any history."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("Chromium and its driver are not installed")
    options = Options()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    shown = webdriver.Chrome(options=options, service=Service(driver))
    yield shown
    shown.quit()


def until(browser: webdriver.Chrome, true: Callable[[], bool], what: str) -> None:
    """Wait until it is true."""
    WebDriverWait(browser, PATIENCE, poll_frequency=0.1).until(lambda _: true(), what)


def tell(browser: webdriver.Chrome, site: str, url: str, key: str, options: Any = None) -> list[str]:
    """Open the page, and wait until its story is told; the ids of its messages."""
    told = {"url": url, "key": key, "options": options or {}}
    browser.get(f"{site}/page.html#{quote(json.dumps(told))}")
    until(browser, lambda: browser.execute_script("return !!done.finished || done.failed.length > 0"), "the story")
    assert browser.execute_script("return done.failed") == []
    found: list[str] = browser.execute_script("return done.ids")
    return found


def check(shop: Running, ids: Sequence[str]) -> None:
    """Every message is there exactly once, with its name, id, person and properties."""
    events, items = facts(shop)
    assert sorted(row["event"] for row in events) == NAMES
    assert {row["id"] for row in events} == {message_key("web", one) for one in ids}
    assert len({row["subject"] for row in events}) == 1
    of = {row["event"]: row for row in events}
    assert json.loads(of["Product Viewed"]["properties"])["colour"] == "biru"
    assert (of["Order Completed"]["order_id"], of["Order Completed"]["amount"]) == ("O-1", 34_000)
    assert of["Page Viewed"]["page"] == "/page.html"
    bought = [row for row in items if row["event"] in ("Product Viewed", "Order Completed")]
    assert {(row["product_id"], row["name"]) for row in bought} == {("S1", "Mangkok 🍜"), ("S1", "Mangkok")}


def test_told_only_where_to_ask_it_sends_everything_there(tmp_path: Path, site: str, browser: webdriver.Chrome) -> None:
    with opened(tmp_path) as shop, front(shop.url) as seen:
        ids = tell(browser, site, seen.url, shop.key)
        sent = [(path, status) for method, path, status in seen.answered if method == "POST"]
        asked = {path for method, path, status in seen.answered if method == "OPTIONS" and status < 300}
        assert {path for path, _ in sent} == LETTERS
        assert {status for _, status in sent} == {200}
        assert asked >= LETTERS  # another origin, a key in a header: the browser asked first
        assert ("GET", f"/v1/projects/{shop.key}/settings", 200) in seen.answered
        assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []
        check(shop, ids)


def test_told_to_send_in_batches_it_does(tmp_path: Path, site: str, browser: webdriver.Chrome) -> None:
    with opened(tmp_path) as shop, front(shop.url) as seen:
        strategy = {"strategy": "batching", "config": {"size": 3, "timeout": 300}}
        host = {"apiHost": f"{seen.url.removeprefix('http://')}/v1", "protocol": "http", "deliveryStrategy": strategy}
        ids = tell(browser, site, seen.url, shop.key, {"integrations": {"Segment.io": host}})
        until(browser, lambda: sum(path == "/v1/b" for _, path, _ in seen.answered) >= 4, "three batches")
        assert {path for method, path, _ in seen.answered if method == "POST"} == {"/v1/b"}
        check(shop, ids)


def test_what_is_sent_again_counts_once(tmp_path: Path, site: str, browser: webdriver.Chrome) -> None:
    with opened(tmp_path) as shop, front(shop.url, LOST, LOST_BUSY) as flaky:
        ids = tell(browser, site, flaky.url, shop.key)
        wanted = len(ids) + 2
        until(browser, lambda: sum(method == "POST" for method, _, _ in flaky.answered) >= wanted, "the retries")
        check(shop, ids)


def test_beacons_arrive(tmp_path: Path, site: str, browser: webdriver.Chrome) -> None:
    with opened(tmp_path) as shop, front(shop.url) as seen:
        tell(browser, site, seen.url, shop.key)
        body = {
            "writeKey": shop.key,
            "batch": [{"type": "track", "event": "Left", "anonymousId": "d", "messageId": "b1"}],
        }
        keyless = {"batch": [{"type": "track", "event": "Left", "anonymousId": "d", "messageId": "b2"}]}
        script = """
          const [url, key, body, keyless] = arguments;
          const text = JSON.stringify(body);
          const beacons = [
            [url + "/v1/batch", new Blob([text], { type: "application/json" })],
            [url + "/v1/b", text],
            [url + "/beacon/v1/batch?writeKey=" + key, JSON.stringify(keyless)],
          ];
          return beacons.map((beacon) => navigator.sendBeacon(...beacon));"""
        assert browser.execute_script(script, seen.url, shop.key, body, keyless) == [True, True, True]
        paths = {"/v1/batch", "/v1/b", f"/beacon/v1/batch?writeKey={shop.key}"}
        until(browser, lambda: paths <= {path for method, path, _ in seen.answered if method == "POST"}, "the beacons")
        events, _ = facts(shop)
    left = {row["id"] for row in events if row["event"] == "Left"}
    assert left == {message_key("web", "b1"), message_key("web", "b2")}
    assert len(events) == len(NAMES) + 2


def test_a_page_of_another_origin_reads_nothing(tmp_path: Path, site: str, browser: webdriver.Chrome) -> None:
    script = """
      const [url, done] = arguments;
      fetch(url, { credentials: "include" }).then(() => done("read"), () => done("kept"));"""
    with opened(tmp_path) as shop:
        browser.get(f"{site}/standalone.js")
        for path in ("/v1/reports", "/v1/reports/timing", "/v1/pulse", "/health", "/v1/admin/audit"):
            assert browser.execute_async_script(script, shop.url + path) == "kept", path
        assert browser.execute_async_script(script, f"{shop.url}/v1/projects/{shop.key}/settings") == "read"
