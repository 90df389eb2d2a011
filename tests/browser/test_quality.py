"""The page of data quality in a real browser."""

import pytest
from tests.browser.test_dashboard import Browser, address, browser, chromium, engine, resize, text, until

selenium = pytest.importorskip("selenium", reason="selenium is not installed")
from selenium.webdriver.common.by import By  # noqa: E402

pytestmark = pytest.mark.browser
__all__ = ["address", "browser", "chromium", "engine"]  # the fixtures of the dashboard's shop


def test_an_event_opens_into_what_is_wrong_with_it(browser: Browser, address: str) -> None:
    browser.get(f"{address}/quality?lang=en")
    assert text(browser, "h1") == "Data quality"
    row = browser.find_element(By.CSS_SELECTOR, ".quality details")
    row.find_element(By.TAG_NAME, "summary").click()
    until(browser, lambda: row.get_attribute("open") is not None, "the row did not open")
    assert "of all messages" in row.text
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []


def test_one_gets_there_from_the_first_page_and_back(browser: Browser, address: str) -> None:
    browser.get(f"{address}/?lang=en")
    browser.find_element(By.LINK_TEXT, "Data quality").click()
    until(browser, lambda: text(browser, "h1") == "Data quality", "the page did not open")
    browser.find_element(By.LINK_TEXT, "The shop at a glance").click()
    until(browser, lambda: text(browser, "h1") == "Your shop at a glance", "the way back is barred")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_every_screen(browser: Browser, address: str, width: int) -> None:
    resize(browser, width)
    browser.get(f"{address}/quality")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
