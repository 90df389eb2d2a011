"""Bots, rejects and health from the terminal, and the routes behind them when a server holds the store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from detak.bots import BotRule, BotsReport, Rejudged
from detak.cli import main
from detak.client import Remote
from detak.commands import bots, health, rejects
from detak.engine import Engine
from detak.health import Health
from detak.insights.health import HealthReport
from detak.questions import Answer, Question
from detak.reading.resend import Rejected, Resent
from detak.server import upkeep

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BOTS = BotsReport("crawler-user-agents 1.67.0", 100, [BotRule("agent:Googlebot", 7, NOON, NOON)])
AGAIN = Rejudged("crawler-user-agents 1.67.0", 100, 3, 2, 1)
REJECTS = [Rejected("web", "Order Completed", "total", "is negative", 5, "2026-11-23", 4, {"total": "number"})]
RESENT = Resent(5, 4, 0, 1, 0)


class Desk:
    """Answers as an engine does, and remembers what it was asked."""

    def __init__(self, state: str = "beating") -> None:
        self.asked: list[Any] = []
        self.state = state

    def bots_report(self) -> BotsReport:
        return BOTS

    def rejudge_bots(self) -> Rejudged:
        return AGAIN

    def rejects_report(self) -> list[Rejected]:
        return REJECTS

    def replay_rejects(self, source: str | None, event: str | None) -> Resent:
        self.asked.append((source, event))
        return RESENT

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        one = Health(source="web", state=self.state, last=NOON, minutes=20, expected=9.0, chance=0.1)  # type: ignore[arg-type]
        report = HealthReport(until=NOON, sources=[one])
        return Answer(msgspec.Raw(msgspec.json.encode(report)), f"web is {self.state}", NOON)


class Opened(Desk, Engine):
    """The same, as the server wants it."""


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """What the commands find instead of a store."""
    found = Desk()

    @contextmanager
    def desk_of(store: Path, *, must_exist: bool = False) -> Iterator[Desk]:
        assert must_exist
        yield found

    for module in (bots, health, rejects):
        monkeypatch.setattr(module, "desk_of", desk_of)
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_bots_are_listed_by_rule(desk: Desk) -> None:
    text = run("bots", "--lang", "en").output
    assert "7 of 100 events are programs' (crawler-user-agents 1.67.0)." in text
    assert "agent:Googlebot" in text
    assert msgspec.json.decode(run("bots", "--json").output, type=BotsReport) == BOTS


def test_bots_are_judged_again(desk: Desk) -> None:
    assert (
        "3 are programs' now, 2 are people's now, 1 have another rule"
        in run("bots", "reprocess", "--lang", "en").output
    )
    assert json.loads(run("bots", "reprocess", "--json").output)["flagged"] == 3


def test_rejects_are_listed_by_reason(desk: Desk) -> None:
    text = run("rejects", "--lang", "en").output
    assert "web  Order Completed  total: is negative" in text
    assert "4 can be sent again" in text
    assert "for example {total: number}" in text
    assert msgspec.json.decode(run("rejects", "--json").output, type=list[Rejected]) == REJECTS


def test_rejects_are_sent_again(desk: Desk) -> None:
    done = run("rejects", "replay", "--source", "web", "--event", "Order Completed", "--lang", "en")
    assert "5 messages sent again: 4 accepted" in done.output
    run("rejects", "replay")
    assert desk.asked == [("web", "Order Completed"), (None, None)]


@pytest.mark.parametrize(("state", "code"), [("beating", 0), ("unknown", 0), ("silent", 1)])
def test_health_ends_with_1_where_a_source_is_silent(desk: Desk, state: str, code: int) -> None:
    desk.state = state
    done = run("health", "--minutes", "30", "--lang", "en")
    assert (done.exit_code, done.output) == (code, f"web is {state}\n")
    assert desk.asked == [Question("health", {"minutes": "30"}, "en")]
    assert json.loads(run("health", "--json").output)["sources"][0]["state"] == state


def test_a_server_answers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's verbs, over the routes, against the same desk."""
    desk = Opened()
    app = Litestar(
        upkeep.ROUTES, dependencies={"engine": Provide(lambda: desk, sync_to_thread=False)}, openapi_config=None
    )
    with TestClient(app) as http:
        remote = Remote(Path(), "http://nowhere.invalid", "token")
        monkeypatch.setattr(remote, "_http", http)
        assert remote.bots_report() == BOTS
        assert remote.rejudge_bots() == AGAIN
        assert remote.rejects_report() == REJECTS
        assert remote.replay_rejects("web", None) == RESENT
    assert desk.asked == [("web", None)]
