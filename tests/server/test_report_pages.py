"""A page for every report: drawn in both languages, asked by its fields, opened into groups, safe to look at."""

import html
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from tests.conftest import send
from tests.server.test_pages import BROWSER, ELSEWHERE, HERE, HOSTILE, app_of
from tests.shop import consenting, order, track

from detak.engine import Engine
from detak.insights.base import Report
from detak.insights.stages import SEGMENTS
from detak.questions import Question, parameters_of, report_names, report_parameters
from detak.server.figures import together
from detak.server.report_pages import ROOMS, rooms
from detak.told import Given
from detak.words import LANGUAGES, knows

YES = {"context": consenting(analytics=True)}


def fill(engine: Engine) -> None:
    """Nine people search, look and order; one of them types what a browser must not run."""
    told = []
    for at in range(9):
        who = f"u{at}"
        told += [
            track("Products Searched", f"s{at}", user=who, properties={"query": HOSTILE, "results": 3}),
            track(
                "Product Viewed", f"v{at}", user=who, properties={"product_id": "P1", "name": HOSTILE, "price": 9000}
            ),
            order(
                at, f"o{at}", user=who, products=[{"product_id": "P1", "name": HOSTILE, "price": 9000, "quantity": 1}]
            ),
        ]
    send(engine, *({**one, **YES} for one in told))


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient[Any]]:
    """A browser before a store of its own."""
    with TestClient(app_of(engine), base_url=HERE) as opened:
        yield opened


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_report_has_a_page_in_every_language(client: TestClient[Any], engine: Engine, language: str) -> None:
    fill(engine)
    for name in report_names():
        found = client.get(f"/behaviour/{name}?lang={language}", headers=BROWSER)
        assert found.status_code == 200, name
        assert f'lang="{language}"' in found.text
        assert HOSTILE not in found.text
        assert not re.search(r'<\w+[^>"]* style=', found.text), "the policy lets no style in"
        assert knows(language, f"report_title.{name}"), "say what a person calls it, in words/*/behaviour.toml"
        if language == LANGUAGES[0]:
            report = engine.report(Question(name, language=language))
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(report), type=type(report)) == report, name


@pytest.fixture
def slow(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A store that counts as large, where counting takes until this is set."""
    done = threading.Event()
    make = engine.understanding._computed

    def held(*asked: Any) -> Report:
        done.wait(20)
        return make(*asked)

    monkeypatch.setattr("detak.trust.gate.WORTH", 0)
    monkeypatch.setattr("detak.understanding._PATIENCE", 0.01)
    monkeypatch.setattr(engine.understanding, "_computed", held)
    engine.understanding.given = Given(slow=0)
    yield done
    done.set()


def counted(engine: Engine) -> None:
    while engine.understanding._counting._asked:
        time.sleep(0.01)
        engine.understanding._counting._asked = {
            key: made for key, made in engine.understanding._counting._asked.items() if not made.done()
        }


def test_what_takes_long_comes_at_once_and_shows_itself_when_it_is_there(
    client: TestClient[Any], engine: Engine, slow: threading.Event
) -> None:
    fill(engine)
    address = "/behaviour/sessions?lang=en&days=3000"
    for _ in range(2):
        page = client.get(address, headers=BROWSER).text
        assert "The page looks again by itself" in page
        assert '<meta http-equiv="refresh" content="2; url=/behaviour/sessions?days=3000">' in page
    slow.set()
    counted(engine)
    page = client.get(address, headers=BROWSER).text
    assert "Figures as of" in page
    assert "http-equiv" not in page
    assert "count anew" in page


def test_older_figures_stand_there_while_newer_ones_are_counted(
    client: TestClient[Any], engine: Engine, slow: threading.Event
) -> None:
    fill(engine)
    slow.set()
    client.get("/behaviour/sessions", headers=BROWSER)
    counted(engine)
    slow.clear()
    page = client.get("/behaviour/sessions?lang=id&anew=1", headers=BROWSER).text
    assert "Angka per" in page
    assert "angka yang lebih baru sedang dihitung" in page
    assert 'content="10; url=/behaviour/sessions"' in page
    slow.set()
    counted(engine)
    assert "http-equiv" not in client.get("/behaviour/sessions", headers=BROWSER).text


def test_the_people_behind_a_number_and_what_goes_wrong_come_the_same_way(
    client: TestClient[Any], engine: Engine, slow: threading.Event
) -> None:
    fill(engine)
    assert "sedang dihitung" in client.get("/behaviour/searches?city=Atlantis&lang=id", headers=BROWSER).text
    slow.set()
    while "http-equiv" in (page := client.get("/behaviour/searches?city=Atlantis&lang=id", headers=BROWSER).text):
        time.sleep(0.01)
    assert "tidak ada peristiwa yang menyebut" in page


def test_pages_of_a_shop_that_nobody_visited_say_so(client: TestClient[Any]) -> None:
    for name in report_names():
        assert client.get(f"/behaviour/{name}", headers=BROWSER).status_code == 200, name


def test_the_index_leads_to_every_report_and_the_first_page_to_the_index(client: TestClient[Any]) -> None:
    listed = client.get("/behaviour", headers=BROWSER).text
    assert all(f'href="/behaviour/{name}"' in listed for name in report_names())
    assert 'href="/behaviour"' in client.get("/", headers=BROWSER).text


def test_what_is_placed_is_there_once() -> None:
    placed = [name for _, names in rooms() for name in names]
    assert sorted(placed) == sorted(report_names())
    every = [name for names in ROOMS.values() for name in names]
    assert len(every) == len(set(every))


def test_numbers_open_into_groups_of_people(client: TestClient[Any], engine: Engine) -> None:
    fill(engine)
    page = client.get("/behaviour/searches?lang=en", headers=BROWSER).text
    links = re.findall(r'href="(/behaviour/searches/people\?[^"]+)"', page)
    assert links
    opened = client.get(html.unescape(links[0]), headers=BROWSER)
    assert opened.status_code == 200
    assert "9 people are behind this number" in opened.text
    assert "u3" not in opened.text


def test_a_field_narrows_down_and_a_wrong_one_is_told_in_words(client: TestClient[Any], engine: Engine) -> None:
    fill(engine)
    none = client.get("/behaviour/searches?to=2001-01-01&lang=en", headers=BROWSER).text
    assert "/people?" not in none
    assert 'value="2001-01-01"' in none
    wrong = client.get("/behaviour/searches?days=many", headers=BROWSER)
    assert wrong.status_code == 200
    assert "days" in wrong.text
    backwards = client.get("/behaviour/searches?from=2026-12-01&to=2026-01-01&lang=id", headers=BROWSER).text
    assert "berakhir (2026-01-01) sebelum dimulai" in backwards
    nowhere = client.get("/behaviour/searches?city=Atlantis&lang=id", headers=BROWSER).text
    assert "tidak ada peristiwa yang menyebut" in nowhere
    alone = client.get("/behaviour/searches?compare=1&lang=en", headers=BROWSER)
    assert "say which period" in alone.text


def test_a_period_stands_beside_the_one_before(client: TestClient[Any], engine: Engine) -> None:
    fill(engine)
    page = client.get("/behaviour/searches?days=7&compare=1&lang=en", headers=BROWSER).text
    assert "In brackets" in page


def test_a_report_that_is_not_there_is_not_found(client: TestClient[Any]) -> None:
    for address in ("/behaviour/nothing", "/behaviour/nothing/people?key=x"):
        found = client.get(f"{address}&lang=en" if "?" in address else address, headers=BROWSER)
        assert found.status_code == 404
        assert "<form" not in found.text, "there is nothing to be asked"
        said = "there is no report called" if "?" in address else "Tidak ada laporan bernama"
        assert said in html.unescape(found.text)


def test_strangers_are_asked_in(engine: Engine) -> None:
    with TestClient(app_of(engine), base_url=ELSEWHERE) as away:
        for address in ("/behaviour", "/behaviour/hours", "/behaviour/searches/people?key=x"):
            assert away.get(address, headers=BROWSER).status_code == 401


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_has_a_word(language: str) -> None:
    assert [name for name in report_parameters() if not knows(language, f"page_ask.{name}")] == []
    assert [name for name in SEGMENTS if not knows(language, f"stage.{name}")] == []


def test_what_can_be_chosen_is_offered_in_words_with_what_is_usual(client: TestClient[Any]) -> None:
    page = client.get("/behaviour/retention?lang=id", headers=BROWSER).text
    assert '<option value="week" selected>Minggu</option>' in page
    assert '<option value="orders">Pesanan</option>' in page
    assert 'placeholder="12"' in page
    split = client.get("/behaviour/timing?by=province&lang=en", headers=BROWSER).text
    assert '<option value="">Not split</option>' in split
    assert '<option value="province" selected>Province</option>' in split


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_has_a_word(language: str) -> None:
    rooms = {"by": "report.{1}", "segment": "stage.{1}"}
    wanted = [
        rooms.get(one.name, "page_choice.{0}_{1}").format(one.name, choice)
        for name in report_names() for one in parameters_of(name) for choice in one.choices
    ]  # fmt: skip
    assert wanted
    assert [key for key in wanted if not knows(language, key)] == []


def test_many_rows_are_folded_away_under_the_first(client: TestClient[Any], engine: Engine) -> None:
    told = [
        {**order(at, f"o{at}", user=f"u{at % 9}", products=[{"product_id": f"P{at}", "name": f"Barang {at}"}]), **YES}
        for at in range(20)
    ]
    send(engine, *told)
    page = client.get("/behaviour/products?lang=en", headers=BROWSER).text
    shown, _, folded = page.partition("<summary>8 more</summary>")
    assert shown.count("Barang") == 12
    assert folded.count("Barang") == 8


def test_amounts_and_spans_stay_on_one_line() -> None:
    assert together("kira-kira -Rp 1.978.231; USD 5") == "kira-kira \u2212Rp\u00a01.978.231; USD\u00a05"
    assert together("1 (-3 to -Rp 5) on 2026-11-27") == "1 (\u22123 to \u2212Rp\u00a05) on 2026-11-27"
    assert together("pukul 01.00–04.00") == "pukul 01.00\u2060–\u206004.00"


def test_what_is_asked_wrongly_is_said_in_the_readers_language(client: TestClient[Any]) -> None:
    unknown = dict.fromkeys(("by", "of", "unit", "rule", "clock", "until", "days"), "zz")
    wrong = unknown | dict.fromkeys(("limit", "minutes", "span", "most", "within", "cohorts", "period", "depth"), "-1")
    for name in report_names():
        for parameter in {"days", *(one.name for one in parameters_of(name) if one.name in wrong)}:
            address = f"/behaviour/{name}?{parameter}={wrong[parameter]}&lang="
            pages = [client.get(address + language, headers=BROWSER).text for language in LANGUAGES]
            told = [re.findall(r'class="notice"[^>]*>(.*?)</p>', page) for page in pages]
            assert all(told), f"{address}: is not wrong"
            assert told[0] != told[1], f"{address}: one text for all languages"


def test_only_what_can_be_compared_offers_to(client: TestClient[Any]) -> None:
    assert 'name="compare"' in client.get("/behaviour/funnel", headers=BROWSER).text
    assert 'name="compare"' not in client.get("/behaviour/health", headers=BROWSER).text
