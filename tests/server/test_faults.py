"""What went wrong: a page in the reader's language for a person, JSON for a program."""

from collections.abc import Iterator

import httpx
import pytest
from tests.server.serving import Running, served

from detak.errors import BusyError, StoreError

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("store")) as running:
        yield running


def page(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Accept"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    return answer.text


@pytest.mark.parametrize(("asked", "first"), [("", "Tidak ada apa-apa di sini"), ("?lang=en", "There is nothing here")])
def test_an_address_that_is_none(shop: Running, asked: str, first: str) -> None:
    text = page(shop.http.get(f"/nowhere{asked}", headers=BROWSER), 404)
    assert f"<h1>{first}</h1>" in text
    assert 'href="/"' in text
    assert "{" not in text.partition("<body>")[2]


def test_a_program_is_answered_in_json(shop: Running) -> None:
    for accept in ("*/*", "application/json"):
        answer = shop.http.get("/nowhere", headers={"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_what_was_posted_wrongly(shop: Running) -> None:
    text = page(shop.post("/v1/batch", b"{", headers={**BROWSER, "Cookie": "detak_lang=en"}), 400)
    assert "<h1>This cannot be used</h1>" in text
    assert "body" in text.partition("<code>")[2]
    assert shop.post("/v1/batch", b"{").json()["success"] is False
    text = page(shop.http.get("/v1/batch", headers=BROWSER), 405)
    assert "bukan untuk dilihat" in text


def test_a_form_that_came_with_a_stale_number_leads_back_to_the_shop(shop: Running) -> None:
    text = page(shop.http.post("/why/nothing/off?lang=en", headers=BROWSER), 404)
    assert "go on in the shop" in text
    assert 'href="/"' not in text


def test_what_somebody_sent_is_shown_as_text_alone(shop: Running) -> None:
    answer = shop.http.get("/v1/reports/%3Cscript%3E", headers={**BROWSER, "Authorization": f"Bearer {shop.token}"})
    assert "<script>" not in page(answer, 400)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (BusyError("full", 7), 429, "Too many at once"),
        (StoreError("gone"), 503, "Not possible right now"),
        (ZeroDivisionError(), 500, "Something went wrong here"),
    ],
)
def test_trouble_here_is_told_with_the_time_to_wait(
    shop: Running, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, said: str
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(shop.engine.decisions, "why", broken)
    answer = shop.http.get("/v1/decisions/x?lang=en", headers=BROWSER)
    assert f"<h1>{said}</h1>" in page(answer, status)
    assert answer.headers.get("retry-after") == {429: "7", 503: "5"}.get(status)
    assert ("Try again</a>" in answer.text) == (status != 500)


def test_a_page_that_needs_the_key_says_how_to_get_in(shop: Running) -> None:
    assert "detak token" in page_in(shop.http.get("/v1/admin/bots", headers=BROWSER))


def page_in(answer: httpx.Response) -> str:
    assert answer.status_code == 401
    return answer.text
