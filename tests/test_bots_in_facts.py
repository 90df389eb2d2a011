"""Programs among the facts: flagged with the rule, hidden, shown on demand, judged again; and what was kept aside."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detak.bots import PACE, BotSettings
from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.settings import Settings, SourceSettings
from tests.conftest import send
from tests.shop import order, track

COUNTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))
OPEN = Settings(sources={"web": COUNTED}, min_group=1)
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


def viewed(number: int, agent: str, **rest: Any) -> dict[str, Any]:
    context = {"userAgent": agent}
    return track(
        "Product Viewed", str(number), user=f"u{number}", context=context, properties={"product_id": "p"}, **rest
    )


def rows(engine: Engine, *, bots: bool = False) -> dict[str, list[str | None]]:
    """The rules among the events and the items that analytics sees."""
    with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test", bots=bots) as granted:
        found = {name: granted.run(getattr(granted.facts, name).select("bot")) for name in ("events", "items")}
    return {name: sorted(map(str, table["bot"].to_pylist())) for name, table in found.items()}


@pytest.mark.parametrize("sealed", [False, True])
def test_a_crawler_is_hidden_shown_and_judged_again(tmp_path: Path, sealed: bool) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, viewed(1, CRAWLER), viewed(2, PERSON))
        if sealed:
            engine.settle()
        assert rows(engine) == {"events": ["None"], "items": ["None"]}
        flagged = ["None", "agent:Googlebot"]
        assert rows(engine, bots=True) == {"events": flagged, "items": flagged}
        report = engine.bots_report()
        assert (report.events, [(one.rule, one.events) for one in report.rules]) == (2, [("agent:Googlebot", 1)])
    changed = BotSettings(allow=("agent:Googlebot",), also={"linux": "Linux"})
    with Engine(tmp_path, msgspec.structs.replace(OPEN, bots=changed)) as engine:
        done = engine.rejudge_bots()
        assert (done.events, done.flagged, done.cleared, done.renamed) == (2, 1, 1, 0)
        assert rows(engine, bots=True) == {"events": ["None", "own:linux"], "items": ["None", "own:linux"]}
        assert engine.rejudge_bots().flagged == 0


def test_hands_too_fast_for_a_person_are_flagged(tmp_path: Path) -> None:
    fast = msgspec.structs.replace(OPEN, bots=BotSettings(pace=5))
    now = datetime.now(UTC) - timedelta(minutes=5)
    with Engine(tmp_path, fast) as engine:
        same = [
            {**viewed(number, PERSON), "userId": "hasty", "timestamp": (now + timedelta(seconds=number)).isoformat()}
            for number in range(8)
        ]
        send(engine, *same, viewed(99, PERSON))
        assert rows(engine, bots=True)["events"] == ["None"] + [PACE] * 8
        assert rows(engine)["items"] == ["None"]
        with engine.gate.events(Purpose.ESSENTIAL, before=datetime.now(UTC), why="test") as granted:
            counted = granted.run(granted.facts.volumes).to_pylist()
        assert sum(one["count"] for one in counted if (one["outcome"], one["detail"]) == ("bot", PACE)) == 8


def test_what_the_plan_put_aside_counts_once_the_plan_is_right(tmp_path: Path) -> None:
    poor = track("Order Completed", "o1", user="ani", properties={"coupon": "HEMAT"})
    with Engine(tmp_path, OPEN) as engine:
        assert [one.what for one in send(engine, poor, order(2, "2", user="budi"))] == ["rejected", "accepted"]
        assert engine.replay_rejects().rejected == 1
        assert [(one.event, one.kept) for one in engine.rejects_report()] == [("Order Completed", 1)]
    (tmp_path / "plan.toml").write_text('[events."Order Completed"]\nrequired = []\nexpected = ["order_id"]\n')
    with Engine(tmp_path, OPEN) as engine:
        became = engine.replay_rejects(source="web")
        assert (became.sent, became.accepted) == (1, 1)
        assert engine.replay_rejects().sent == 0
        assert len(rows(engine)["events"]) == 2


def test_times_beyond_the_limits_are_counted(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with Engine(tmp_path, OPEN) as engine:
        late = {**order(1, "1", user="ani"), "timestamp": (now - timedelta(days=40)).isoformat()}
        ahead = {**order(2, "2", user="ani"), "timestamp": (now + timedelta(hours=3)).isoformat()}
        send(engine, late, ahead, order(3, "3", user="ani"))
        with engine.gate.events(Purpose.ESSENTIAL, before=datetime.now(UTC), why="test") as granted:
            counted = granted.run(granted.facts.volumes).to_pylist()
            flags = granted.run(granted.facts.events.select("flag"))["flag"].to_pylist()
    found = {one["outcome"]: one["count"] for one in counted}
    assert (found["late"], found["ahead"], found["accepted"]) == (1, 1, 3)
    assert sorted(map(str, flags)) == ["None", "ahead", "late"]
