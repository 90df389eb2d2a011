"""The quality of what comes in, through a whole engine: what is counted, judged again, sent again and outlived."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from detak.bots import BotSettings
from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.questions import Question
from detak.reading.outcomes import ACCEPTED, DUPLICATE, REJECTED
from detak.settings import Settings, SourceSettings
from detak.store.duckdb import DuckStore
from tests.conftest import send
from tests.shop import order, track
from tests.store.rows import START, batch, keys_in, knows

COUNTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))
OPEN = Settings(sources={"web": COUNTED}, min_group=1)
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
FIRST = datetime.fromtimestamp(START / 1e6, UTC)


def sold(number: int, agent: str | None) -> dict[str, Any]:
    """An order, sent by a program that names itself so."""
    return {**order(number, f"m{number}", user=f"u{number}"), "context": {"userAgent": agent} if agent else {}}


def volumes(engine: Engine) -> dict[tuple[str, str, str], int]:
    """(event, outcome, detail) -> how many."""
    with engine.gate.events(Purpose.ESSENTIAL, before=datetime.now(UTC), why="test") as granted:
        rows = granted.run(granted.facts.volumes).to_pylist()
    found: dict[tuple[str, str, str], int] = {}
    for one in rows:
        key = one["event"], one["outcome"], one["detail"]
        found[key] = found.get(key, 0) + one["count"]
    return found


def rules(engine: Engine, table: str) -> list[tuple[str, str | None]]:
    """The order and the rule of each row, programs' too."""
    with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test", bots=True) as granted:
        rows = granted.run(getattr(granted.facts, table).select("order_id", "bot")).to_pylist()
    return sorted((one["order_id"], one["bot"]) for one in rows)


def reported(engine: Engine, *, bots: bool) -> bytes:
    return bytes(engine.answer(Question("timing", language="en", bots=bots)).report)


def test_a_report_counts_programs_only_where_it_is_asked_to(tmp_path: Path) -> None:
    with Engine(tmp_path / "both", OPEN) as both, Engine(tmp_path / "one", OPEN) as one:
        now = datetime.now(UTC).isoformat()
        person, program = ({**sold(*told), "timestamp": now} for told in ((1, CHROME), (2, GOOGLE)))
        send(both, person, program)
        send(one, person)
        assert reported(both, bots=False) == reported(one, bots=False) == reported(one, bots=True)
        assert reported(both, bots=True) != reported(both, bots=False)


def test_facts_sealed_and_not_are_judged_again_together(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, sold(1, GOOGLE), sold(2, CHROME))
        engine.settle()
        send(engine, sold(3, GOOGLE), sold(4, None))
        engine.settle()
    renamed = BotSettings(also={"crawler": "Googlebot", "desktop": "X11"})
    with Engine(tmp_path, msgspec.structs.replace(OPEN, bots=renamed)) as engine:
        send(engine, sold(5, GOOGLE))
        done = engine.rejudge_bots()
        assert (done.events, done.flagged, done.cleared, done.renamed) == (5, 1, 0, 2)
        wanted = [("O1", "own:crawler"), ("O2", "own:desktop"), ("O3", "own:crawler"), ("O4", None)]
        assert rules(engine, "events") == rules(engine, "items") == [*wanted, ("O5", "own:crawler")]
        found = {one.rule: one.events for one in engine.bots_report().rules}
        assert found == {"own:crawler": 3, "own:desktop": 1}
        assert [one.what for one in send(engine, sold(1, GOOGLE), sold(5, GOOGLE))] == [DUPLICATE] * 2
        assert [one.verb for one in engine.audit().rows].count("rejudge") == 1
    with Engine(tmp_path, OPEN) as engine:
        assert [rule for _, rule in rules(engine, "events")].count("own:crawler") == 3, "until they are judged again"
        assert engine.rejudge_bots().renamed == 3


def test_what_is_found_in_events_is_counted_beside_what_became_of_them(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    long_ago, soon = ((now + gap).isoformat() for gap in (timedelta(days=-31), timedelta(hours=2)))
    nameless = track("Product Viewed", "m9", user="ani", properties={"name": "Mangkok"})
    with Engine(tmp_path, OPEN) as engine:
        send(engine, {**sold(1, CHROME), "timestamp": long_ago}, {**sold(2, CHROME), "timestamp": soon})
        send(engine, sold(3, GOOGLE), sold(3, GOOGLE), nameless)
        found = volumes(engine)
    completed = "Order Completed"
    assert found[completed, "accepted", ""] == 3
    assert found[completed, "duplicate", ""] == 1
    assert found[completed, "bot", "agent:Googlebot"] == 1, "once, though it came twice"
    beside = {(event, outcome): count for (event, outcome, _), count in found.items()}
    assert (beside[completed, "late"], beside[completed, "ahead"]) == (1, 1)
    missing = {detail: count for (event, outcome, detail), count in found.items() if outcome == "missing"}
    assert found["Product Viewed", "accepted", ""] == 1
    assert any("product_id" in detail for detail in missing), missing


def test_sent_again_in_vain_it_stays_kept_and_once_right_it_counts_once(tmp_path: Path) -> None:
    poor = track("Order Completed", "o1", user="ani", properties={"coupon": "HEMAT"})
    hopeless = track("Order Completed", "o2", user="ani", properties={"order_id": "O2", "total": -1})
    with Engine(tmp_path, OPEN) as engine:
        assert [one.what for one in send(engine, poor, hopeless)] == [REJECTED] * 2
        became = engine.replay_rejects()
        assert (became.sent, became.accepted, became.rejected) == (2, 0, 2)
        assert sum(one.kept for one in engine.rejects_report()) == 2
        assert engine.replay_rejects(source="app").sent == engine.replay_rejects(event="Page Viewed").sent == 0
    (tmp_path / "plan.toml").write_text('[events."Order Completed"]\nrequired = []\nexpected = ["order_id"]\n')
    with Engine(tmp_path, OPEN) as engine:
        became = engine.replay_rejects()
        assert (became.sent, became.accepted, became.rejected) == (2, 1, 1)
        assert engine.replay_rejects().sent == 1
        assert [one.what for one in send(engine, poor)] == [DUPLICATE]
        assert rules(engine, "events") == [(None, None)]


def test_only_the_keys_of_what_came_in_before_are_forgotten(tmp_path: Path) -> None:
    store = DuckStore(tmp_path, part_rows=1_000, memory="200MB")
    for number, days in enumerate((0, 10, 20), 1):
        store.append(batch(number, [number], received=FIRST + timedelta(days=days)))
        store.seal()
    store.append(batch(4, [4], received=FIRST))
    store.outlive(FIRST + timedelta(days=10))
    assert knows(store, 1, 2, 3, 4) == [False, True, True, True], "what is not sealed yet is known"
    assert keys_in(store) == [1, 2, 3, 4], "the facts stay"
    store.seal()
    assert knows(store, 1, 2, 3, 4) == [False, True, True, True]
    store.close()
    again = DuckStore(tmp_path, part_rows=1_000, memory="200MB")
    assert knows(again, 1, 2, 3, 4) == [False, True, True, True]
    again.outlive(FIRST + timedelta(days=30))
    assert knows(again, 1, 2, 3, 4) == [False] * 4
    again.close()


def test_an_empty_store_outlives_nothing(tmp_path: Path) -> None:
    store = DuckStore(tmp_path, part_rows=1_000, memory="200MB")
    store.outlive(FIRST)
    store.append(batch(1, [1]))
    store.outlive(FIRST + timedelta(days=30))
    assert knows(store, 1) == [True]
    store.close()


def test_so_does_a_store_of_which_everybody_was_erased(tmp_path: Path) -> None:
    store = DuckStore(tmp_path, part_rows=1_000, memory="200MB")
    store.append(batch(1, [1, 2], subject=7))
    assert store.erase([7]) == 2
    store.outlive(FIRST)
    assert keys_in(store) == []
    assert knows(store, 1, 2) == [False, False]
    store.close()


def test_beyond_the_window_a_message_sent_again_counts_again(tmp_path: Path) -> None:
    with Engine(tmp_path, msgspec.structs.replace(OPEN, dedupe_days=30)) as engine:
        send(engine, sold(1, CHROME))
        engine.settle()
        engine._compact()
        assert [one.what for one in send(engine, sold(1, CHROME))] == [DUPLICATE], "within the window"
        engine.sink.call(lambda: engine._store.outlive(datetime.now(UTC) + timedelta(seconds=1)))
        assert [one.what for one in send(engine, sold(1, CHROME))] == [ACCEPTED]
