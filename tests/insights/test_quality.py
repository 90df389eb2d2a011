"""Data quality: every count of a small history by hand, and a text in both languages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.facts import JAKARTA, ask_facts, tables

from detak.errors import UsageError
from detak.insights.base import Facts, Shop
from detak.insights.health import HealthReport, SourceHealth
from detak.insights.problems import problem
from detak.insights.quality import DataQuality, Fault, QualityReport, Volume
from detak.insights.volumes import FLAGS, MESSAGES

NOW = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
INDONESIAN = Shop(JAKARTA.zone, JAKARTA.currency, JAKARTA.min_group, "id")


def row(days_ago: float, outcome: str, count: int, event: str = "Order Completed", **rest: str) -> dict[str, Any]:
    received = (NOW - timedelta(days=days_ago)).replace(tzinfo=None)
    return {
        "received": received,
        "source": "web",
        "event": event,
        "outcome": outcome,
        "detail": "",
        "count": count,
    } | rest


HISTORY = [
    row(20, "accepted", 9),
    row(8, "accepted", 40),
    row(8, "rejected", 10, detail="total: is negative"),
    row(7, "accepted", 50),
    row(6.9, "accepted", 60),
    row(1, "duplicate", 5),
    row(1, "rejected", 3, detail="total: is negative"),
    row(0.5, "rejected", 2, detail="total: is negative"),
    row(0, "rejected", 1, detail="event: is missing"),
    row(0, "withheld", 4),
    row(0, "late", 6),
    row(0, "ahead", 7),
    row(0, "bot", 8, detail="agent:Googlebot"),
    row(0, "missing", 11, detail="order_id"),
    row(0, "unfit", 12, detail="total: is text, not a number"),
    row(2, "accepted", 20, event="Product Viewed", source="android"),
    row(2, "rejected", 5, event="", source="android", detail="type: is none of track"),
    row(9, "accepted", 4, event="Cart Viewed"),
]


def report(history: list[dict[str, Any]] | None = None, **parameters: Any) -> QualityReport:
    found = ask_facts(DataQuality(until=NOW, **parameters), tables([], [], HISTORY if history is None else history))
    assert isinstance(found, QualityReport)
    return found


def test_every_count_of_an_event() -> None:
    first = report().events[0]
    assert (first.source, first.event) == ("web", "Order Completed")
    assert first.volume == Volume(
        messages=75, accepted=60, duplicate=5, rejected=6, withheld=4, late=6, ahead=7, bot=8, missing=11, unfit=12
    )
    assert first.before == 100
    assert first.trend == pytest.approx(-0.25)
    assert first.share == pytest.approx(0.75)
    assert (first.first, first.last) == (NOW - timedelta(days=20), NOW)
    assert first.faults == [
        Fault(outcome="unfit", detail="total: is text, not a number", count=12),
        Fault(outcome="missing", detail="order_id", count=11),
        Fault(outcome="bot", detail="agent:Googlebot", count=8),
        Fault(outcome="rejected", detail="total: is negative", count=5),
        Fault(outcome="rejected", detail="event: is missing", count=1),
    ]


def test_an_event_that_stopped_is_there_and_one_that_is_new_has_no_trend() -> None:
    found = {one.event: one for one in report().events}
    assert (found["Cart Viewed"].volume.messages, found["Cart Viewed"].trend) == (0, -1)
    assert found["Product Viewed"].trend is None


def test_sources_and_the_whole_add_up() -> None:
    found = report()
    assert found.total.volume.messages == sum(one.volume.messages for one in found.sources) == 100
    for one in [found.total, *found.sources, *found.events]:
        assert one.volume.messages == sum(getattr(one.volume, outcome) for outcome in MESSAGES)
    for flag in FLAGS:
        assert getattr(found.total.volume, flag) == sum(getattr(one.volume, flag) for one in found.events)
    assert found.total.share == 1


def test_one_source_and_a_limit() -> None:
    assert {one.source for one in report(source="android").events} == {"android"}
    few = report(limit=1)
    assert ([one.event for one in few.events], few.more) == (["Order Completed"], 3)
    assert few.total.volume.messages == 100, "what is not shown still counts"


def test_later_than_asked_is_not_there() -> None:
    early = DataQuality(until=NOW - timedelta(days=1.5))
    found = ask_facts(early, tables([], [], HISTORY))
    assert isinstance(found, QualityReport)
    assert found.events[0].volume.duplicate == 0


@pytest.mark.parametrize("parameters", [{"days": 0}, {"limit": 0}, {"days": 10_000}])
def test_parameters_that_make_no_sense_are_told(parameters: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="must be between 1 and"):
        DataQuality(**parameters)


def test_it_says_what_is_wrong_in_both_languages() -> None:
    found = report()
    english, indonesian = found.text(JAKARTA), found.text(INDONESIAN)
    assert "100 messages: 80 accepted, 5 sent again" in english
    assert "total: is text, not a number" in english
    assert "total: berupa teks, bukan angka" in indonesian
    assert "-25,0%" in indonesian
    assert "(no name)" in english
    assert report([]).text(JAKARTA).endswith("Nothing came in during this time.")


def test_why_a_message_could_not_be_used_is_said_in_the_readers_language() -> None:
    assert problem("is not UTF-8", "id") == "bukan UTF-8"
    assert problem("event: is missing: a track needs the name of what happened", "id").startswith("event: tidak ada")


def test_a_problem_without_words_stands_as_it_is() -> None:
    assert problem("order_id", "id") == "order_id"
    assert problem("agent:Googlebot", "id") == "agent:Googlebot"
    assert problem("type: is none of these", "id") == "type: is none of these"
    assert problem("event: is called “Order Completed” in the plan", "id") == (
        "event: dalam rencana disebut “Order Completed”"
    )


def minutes(source: str, first: datetime, count: int, outcome: str = "accepted") -> list[dict[str, Any]]:
    begin = first.replace(tzinfo=None)
    return [row(0, outcome, 2, source=source) | {"received": begin + timedelta(minutes=at)} for at in range(count)]


def health(*rows: dict[str, Any], minutes: int = 15) -> HealthReport:
    found = ask_facts(SourceHealth(until=NOW, minutes=minutes), tables([], [], rows))
    assert isinstance(found, HealthReport)
    return found


def test_a_source_that_fell_silent_is_called_out_first() -> None:
    day, half = timedelta(days=1), timedelta(minutes=30)
    web = minutes("web", NOW - 2 * day - half, 2_880)
    app = minutes("app", NOW - 2 * day, 2_880, outcome="rejected")
    flags = minutes("web", NOW - timedelta(minutes=10), 10, outcome="late")
    found = health(*app, *web, *flags, row(0, "accepted", 1, source="new"))
    assert [(one.source, one.state) for one in found.sources] == [
        ("web", "silent"), ("app", "beating"), ("new", "unknown"),
    ]  # fmt: skip
    assert [one.source for one in found.silent] == ["web"]
    assert found.sources[0].minutes == 31
    english, indonesian = found.text(JAKARTA), found.text(INDONESIAN)
    assert english.startswith(
        "SILENT: Nothing has come from web for 31 minutes, since 23 November 2026, 11:59 WIB; about 60 messages"
    )
    assert indonesian.startswith("SENYAP")
    assert health(*web, minutes=60).silent == []


@pytest.mark.parametrize("insight", [DataQuality(until=NOW), SourceHealth(until=NOW)])
def test_it_looks_at_counts_alone(insight: Any) -> None:
    """Under the purpose that nobody can refuse, no fact about anybody is touched."""
    volumes = tables([], [], HISTORY).volumes
    assert insight.reduce(Facts(events=None, items=None, volumes=volumes, decisions=None), JAKARTA)  # type: ignore[arg-type]
