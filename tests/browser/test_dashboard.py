"""The dashboard in a real browser: headless Chromium, driven through its driver."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.conftest import send
from tests.shop import consenting, order, track

from detak.engine import Engine
from detak.insights.base import Report
from detak.questions import Question
from detak.server.run import serve
from detak.settings import Settings

selenium = pytest.importorskip("selenium", reason="selenium is not installed")
from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",  # nothing moves away under a click
)
PATIENCE = 20
YES = {"context": consenting(analytics=True)}
Browser = webdriver.Chrome


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A shop with orders at all hours in two provinces, some of them cancelled."""
    with Engine(tmp_path_factory.mktemp("store"), Settings()) as opened:
        told: list[dict[str, Any]] = []
        for number in range(200):
            when = f"2026-10-{number % 28 + 1:02d}T{number % 24:02d}:15:00Z"
            province = "Jawa Barat" if number % 3 else "Nusa Tenggara Barat"
            told.append({**order(number, f"m{number}", province=province), "timestamp": when, **YES})
            if number % 4 == 0:
                why = {"order_id": f"O{number}", "reason": "Dibatalkan oleh Pembeli. Alasan: Lainnya"}
                told.append({**track("Order Cancelled", f"c{number}", properties=why), "timestamp": when, **YES})
        send(opened, *told)
        yield opened


@pytest.fixture(scope="module")
def address(engine: Engine) -> Iterator[str]:
    """Where that shop's dashboard is."""
    ready = threading.Event()
    told: list[str] = []
    stop: list[Callable[[], None]] = []

    def announce(url: str, _: str) -> None:
        told.append(url)
        ready.set()

    options = {"host": "127.0.0.1", "port": 0, "sign_in": False, "ready": announce, "stop": stop.append}
    thread = threading.Thread(target=serve, args=(engine,), kwargs=options, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    yield told[0]
    stop[0]()
    thread.join(PATIENCE)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One process for all tests of a file: to start it costs more than most of them."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("Chromium and its driver are not installed")
    options = Options()
    options.binary_location = binary
    options.enable_bidi = True
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()


@contextmanager
def fresh(chromium: Browser) -> Iterator[Browser]:
    """It, in a tab of a user of its own, who shares neither cookies nor what pages stored with any other."""
    first, user = chromium.current_window_handle, chromium.browser.create_user_context()
    chromium.switch_to.window(chromium.browsing_context.create(type="tab", user_context=user))
    chromium.get_log("browser")  # what the one before left
    yield chromium
    chromium.switch_to.window(first)
    chromium.browser.remove_user_context(user)


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """A fresh browser, without any history."""
    with fresh(chromium) as opened:
        yield opened


def until(browser: Browser, true: Callable[[], bool], what: str) -> None:
    """Wait until it is true."""
    WebDriverWait(browser, PATIENCE, poll_frequency=0.1).until(lambda _: true(), what)


def resize(browser: Browser, width: int) -> None:
    """A screen of that width, as a phone has it."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 844, "deviceScaleFactor": 2, "mobile": width < 600},
    )


def text(browser: Browser, selector: str) -> str:
    """What is read there."""
    return browser.find_element(By.CSS_SELECTOR, selector).text


def line(browser: Browser) -> str:
    """The heartbeat as it is drawn."""
    return str(browser.find_element(By.CSS_SELECTOR, "#pulse .line path").get_attribute("d"))


def test_no_test_finds_what_another_left(chromium: Browser, address: str) -> None:
    stored = "return [document.cookie, localStorage.left || '']"
    leave = "document.cookie = 'left=1; max-age=600'; localStorage.left = '1'"
    with fresh(chromium) as one:
        one.get(address)
        one.execute_script(leave)
        one.get(address)
        assert one.execute_script(stored) == ["left=1", "1"], "it is there for the one who left it"
    with fresh(chromium) as other:
        other.get(address)
        assert other.execute_script(stored) == ["", ""]


def test_the_page_opens_without_a_complaint(browser: Browser, address: str) -> None:
    browser.get(address)
    until(browser, lambda: text(browser, "#pulse .status") == "tersambung", "the pulse did not connect")
    assert text(browser, "h1") == "Sekilas toko Anda"
    assert len(browser.find_elements(By.CSS_SELECTOR, ".week td")) == 7 * 24
    background = "return getComputedStyle(document.querySelector('.week .heat-9')).backgroundColor"
    assert browser.execute_script(background) not in ("rgba(0, 0, 0, 0)", "")
    assert browser.get_log("browser") == []


def test_the_top_does_not_wait_for_the_reports(
    browser: Browser, address: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = engine.report

    def slow(question: Question) -> Report:
        time.sleep(2)
        return report(question)

    monkeypatch.setattr(engine, "report", slow)
    send(engine, {**track("Product Viewed", f"new-{time.time_ns()}"), **YES})
    browser.get(address)
    timing = "const one = performance.getEntriesByType('navigation')[0]; return [one.responseStart, one.responseEnd]"
    first, last = browser.execute_script(timing)
    assert last - first > 1900
    assert browser.find_elements(By.CSS_SELECTOR, ".headline")
    assert not browser.find_element(By.CSS_SELECTOR, ".waiting").is_displayed()


def test_the_pulse_moves_when_events_arrive(browser: Browser, address: str, engine: Engine) -> None:
    browser.get(f"{address}/?lang=en")
    until(browser, lambda: text(browser, "#pulse .status") == "connected", "the pulse did not connect")
    before = line(browser)
    send(engine, *({**track("Checkout Started", f"start-{time.time_ns()}-{one}"), **YES} for one in range(7)))
    send(engine, {**track("<img src=x onerror=alert(1)>", f"odd-{time.time_ns()}"), **YES})
    until(browser, lambda: "7 Checkout started" in text(browser, "#pulse [data-events]"), "the events did not show")
    odd = "<img src=x onerror=alert(1)>"
    until(browser, lambda: odd in text(browser, "#pulse [data-events]"), "the odd event did not show as text")
    assert line(browser) != before
    drawn = line(browser)
    until(browser, lambda: line(browser) != drawn, "the line stands still")
    assert browser.get_log("browser") == []


def test_what_is_withheld_appears_as_it_happens(browser: Browser, address: str, engine: Engine) -> None:
    browser.get(f"{address}/?lang=en")
    notice = browser.find_element(By.CSS_SELECTOR, "[data-outcome=withheld]")
    assert not notice.is_displayed()
    send(engine, track("Product Viewed", f"silent-{time.time_ns()}"))
    until(browser, notice.is_displayed, "the notice did not appear")
    assert notice.text.startswith("1 events were not kept")


def test_the_browser_draws_the_line_that_the_server_draws(browser: Browser, address: str, engine: Engine) -> None:
    send(engine, {**track("Product Viewed", f"same-{time.time_ns()}"), **YES})
    browser.get(address)
    until(browser, lambda: text(browser, "#pulse .status") == "tersambung", "the pulse did not connect")
    alike = """
        const done = arguments[arguments.length - 1];
        const drawn = () => document.querySelector('#pulse .line path').getAttribute('d');
        const still = async () => new DOMParser().parseFromString(await (await fetch('/')).text(), 'text/html')
            .querySelector('#pulse .line path').getAttribute('d');
        const seen = new Set();
        setInterval(() => seen.add(drawn()), 20);
        const pause = () => new Promise(resolve => setTimeout(resolve, 1500));
        (async () => {
            for (let turn = 0; turn < 12; turn++) {
                const server = await still();
                await pause();  // the two may be told of a second one after the other
                if (seen.has(server)) return done(server);
            }
            done(null);
        })();
    """
    browser.set_script_timeout(60)
    same = browser.execute_async_script(alike)
    assert same
    assert same.count("L") > 1, "a flat line proves nothing"


def test_the_language_switch_works_and_is_remembered(browser: Browser, address: str) -> None:
    browser.get(address)
    browser.find_element(By.CSS_SELECTOR, ".languages a[lang=en]").click()
    until(browser, lambda: text(browser, "h1") == "Your shop at a glance", "the page is not in English")
    browser.get(address)
    assert text(browser, "h1") == "Your shop at a glance"
    assert text(browser, ".languages [aria-current]") == "EN"


def test_orders_can_be_compared_by_province(browser: Browser, address: str) -> None:
    browser.get(f"{address}/?lang=en")
    Select(browser.find_element(By.ID, "by")).select_by_value("province")
    browser.find_element(By.CSS_SELECTOR, "form button").click()
    until(browser, lambda: bool(browser.find_elements(By.CSS_SELECTOR, ".strips")), "no comparison")
    assert browser.current_url.endswith("/?by=province#when")
    rows = [one.text for one in browser.find_elements(By.CSS_SELECTOR, ".strips tbody th")]
    assert rows == ["Jawa Barat", "Nusa Tenggara Barat"]


@pytest.mark.parametrize("path", ["/?lang=id", "/?lang=en&by=province"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_overflows_to_the_side(browser: Browser, address: str, path: str, width: int) -> None:
    resize(browser, width)
    browser.get(address + path)
    for details in browser.find_elements(By.CSS_SELECTOR, "details"):
        browser.execute_script("arguments[0].open = true", details)
    page = "const page = document.documentElement; return [page.scrollWidth, page.clientWidth, innerWidth]"
    needed, there, screen = browser.execute_script(page)
    assert screen == width
    assert needed <= there


def test_the_page_is_whole_without_its_script(browser: Browser, address: str) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(f"{address}/?by=province&lang=en")
    assert "JavaScript is off" in text(browser, "#pulse")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".strips tbody tr")) == 2
    browser.find_element(By.CSS_SELECTOR, "#why .reasons summary").click()
    assert "Lainnya" in text(browser, "#why .reasons details[open] li")
