"""The page of data quality and the alarm of a silent source: what they say, to whom, and in which language."""

import asyncio
import html
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from litestar.testing import TestClient
from tests.conftest import send
from tests.facts import JAKARTA, ask_facts, tables
from tests.server.test_pages import BROWSER, ELSEWHERE, HERE, HOSTILE, TOKEN, Elements, app_of, text_of
from tests.shop import consenting, order, track

from detak.engine import Engine
from detak.insights.base import Report
from detak.insights.health import SourceHealth
from detak.questions import Question
from detak.server.watch import Watch

YES = {"context": consenting(analytics=True)}


def fill(engine: Engine) -> None:
    """Four orders, one of them twice and one that cannot be used; a view that nobody agreed to."""
    bad = order(4, "m4", total=-1)
    send(engine, *({**one, **YES} for one in (order(1, "m1"), order(2, "m2"), order(2, "m2"), bad)))
    send(engine, track("Product Viewed", "v1", user="ani"))
    send(engine, {**track(HOSTILE, "h1", properties={}), **YES})


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient[Any]]:
    """A browser before a store of its own."""
    with TestClient(app_of(engine), base_url=HERE) as opened:
        yield opened


def silence(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    """Let the engine find that the source web has said nothing for an hour."""
    now = datetime.now(UTC)
    rows = [
        {
            "received": (now - timedelta(minutes=at)).replace(second=0, microsecond=0, tzinfo=None),
            "source": "web", "event": "X", "outcome": "accepted", "detail": "", "count": 1,
        }
        for at in range(62, 4_000)
    ]  # fmt: skip
    report = ask_facts(SourceHealth(), tables([], [], rows), JAKARTA)
    real = engine.report

    def asked(question: Question) -> Report:
        return report if question.name == "health" else real(question)

    monkeypatch.setattr(engine, "report", asked)


def test_the_page_shows_what_came_of_every_message(client: TestClient[Any], engine: Engine) -> None:
    fill(engine)
    page = client.get("/quality?lang=en").text
    read = text_of(page)
    assert "Data quality" in read
    assert "Messages 6" in read
    assert "nothing in the 7 days before" in read
    assert "Rejected 1" in read
    assert "Withheld 1" in read
    assert "negative" in read
    assert "web" in read


def test_what_clients_send_stays_text(client: TestClient[Any], engine: Engine) -> None:
    fill(engine)
    page = client.get("/quality").text
    assert "<script>alert" not in page
    assert html.escape(HOSTILE)[:20] in page


def test_it_speaks_both_languages_and_keeps_the_choice(client: TestClient[Any], engine: Engine) -> None:
    fill(engine)
    assert "Mutu data" in client.get("/quality").text
    assert "Data quality" in client.get("/quality?lang=en").text
    assert "Data quality" in client.get("/quality").text


@pytest.mark.parametrize(("asked", "chosen"), [("28", "28"), ("1", "1"), ("", "7"), ("5000000", "7"), ("x", "7")])
def test_the_period_is_one_of_those_offered(client: TestClient[Any], asked: str, chosen: str) -> None:
    page = client.get("/quality", params={"days": asked}).text
    marked = [one["value"] for one in Elements(page).named("option") if "selected" in one]
    assert marked == [chosen]


def test_an_empty_store_has_a_page(client: TestClient[Any]) -> None:
    read = text_of(client.get("/quality?lang=en").text)
    assert "Nothing came in during this time." in read
    assert "Nothing has come in during the last four weeks." in read
    assert client.get("/health/sources").json() == {"status": "ok", "silent": [], "sources": []}


def test_a_silent_source_is_called_out_everywhere(
    client: TestClient[Any], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(engine)
    silence(monkeypatch, engine)
    for path in ("/?lang=en", "/quality?lang=en"):
        page = client.get(path).text
        assert [one["role"] for one in Elements(page).named("section") if one.get("class") == "alarm"] == ["alert"]
        assert "Nothing has come from web for" in text_of(page)
    told = client.get("/health/sources").json()
    assert (told["status"], told["silent"], told["sources"][0]["state"]) == ("silent", ["web"], "silent")
    assert client.get("/health").status_code == 200
    assert 'detak_source_silent{source="web"} 1.0' in client.get("/metrics").text


def test_nobody_is_alarmed_where_all_is_well(client: TestClient[Any], engine: Engine) -> None:
    fill(engine)
    for path in ("/", "/quality"):
        page = client.get(path).text
        assert 'class="alarm"' not in page
    assert client.get("/health/sources").json()["sources"][0]["state"] == "unknown"


@pytest.mark.parametrize("path", ["/quality", "/health/sources", "/metrics"])
def test_it_opens_to_those_who_may_look(engine: Engine, path: str) -> None:
    with TestClient(app_of(engine, local_only=False), base_url=ELSEWHERE) as stranger:
        assert stranger.get(path).status_code == 401
        assert stranger.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert stranger.get("/health").status_code == 200
        if path == "/quality":
            assert "text/html" in stranger.get(path, headers=BROWSER).headers["content-type"]


def test_many_who_ask_make_one_look(engine: Engine) -> None:
    """Twice a minute at most; the audit grows with the looks, not with those who ask."""
    with TestClient(app_of(engine), base_url=HERE) as client:
        before = len(engine.audit().rows)
        for path in ("/health/sources", "/metrics", "/health/sources", "/metrics"):
            assert client.get(path).status_code == 200
        assert [row.why for row in engine.audit().rows[before:]] == ["report health"]


def test_a_look_that_failed_is_tried_again() -> None:
    moment: list[float] = [0]
    asked: list[str] = []

    class Failing:
        def report(self, question: Question) -> str:
            asked.append(question.name)
            if len(asked) == 1:
                raise OSError("the disk")
            return f"look {len(asked)}"

    async def ask() -> None:
        watch, engine = Watch(lambda: moment[0]), cast("Engine", Failing())
        with pytest.raises(OSError, match="the disk"):
            await watch.look(engine)
        for at, look in ((0, 2), (29, 2), (31, 3)):
            moment[0] = at
            assert await watch.look(engine) == f"look {look}"

    asyncio.run(ask())
