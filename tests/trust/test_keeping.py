"""What is kept beforehand answers as if it were made now, whatever happened since."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import send
from tests.shop import histories, order, track
from tests.trust.test_gate import OPEN, without

from detak.consent import Purpose
from detak.engine import Engine
from detak.insights.base import Facts
from detak.questions import Consent, Question
from detak.settings import Settings
from detak.told import Given
from detak.trust import keeping

NAMES = ("sessions",)
PEOPLE = ("ani", "budi", "citra")


def keep(engine: Engine) -> bool:
    return engine.gate.renew(datetime.now(UTC), least=0)


def kept(engine: Engine) -> bool:
    """Whether anything is kept."""
    with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
        return granted.facts.kept is not None


def sessions(engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = answers(engine)["sessions"]
    return found


def answers(engine: Engine, names: tuple[str, ...] = NAMES, *, anew: bool = True) -> dict[str, Any]:
    asked = {name: Question(name, anew=anew) for name in names}
    return {name: msgspec.json.decode(engine.answer(question).report) for name, question in asked.items()}


@settings(max_examples=2)
@given(histories(), histories(), st.sets(st.sampled_from(PEOPLE), min_size=1))
def test_refusal_equals_absence_in_what_was_kept(
    first: list[dict[str, Any]], later: list[dict[str, Any]], refusing: set[str]
) -> None:
    more = [{**one, "messageId": f"later-{one['messageId']}"} for one in later]
    with tempfile.TemporaryDirectory() as folder:
        with Engine(Path(folder) / "kept", OPEN) as engine:
            send(engine, *first)
            assert keep(engine)
            assert kept(engine)
            send(engine, *more)
            engine.understanding.given = Given(slow=0)
            answers(engine)
            for person in refusing:
                engine.consent(Consent(user_id=person, purposes={"analytics": False}), "web")
            refused = answers(engine, anew=False)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(keeping, "_FEW", 0)
                patch.setattr(keeping, "_RENEW", 0)
                assert keep(engine)
            assert differing(engine) == []
        with Engine(Path(folder) / "absent", OPEN) as engine:
            send(engine, *without([*first, *more], refusing))
            assert not kept(engine)
            assert refused == answers(engine)


def test_what_nobody_is_known_behind_counts_too(tmp_path: Path) -> None:
    told = [
        track("Products Searched", "s", properties={"query": "mangkok", "results": 0}),
        track("Product Viewed", "v", properties={"product_id": "P1", "name": "Barang 1"}),
        {**order(1, "o", user="ani"), "timestamp": "2026-10-01T10:00:00Z"},
    ]
    names = ("searches", "product_funnel")
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *told)
        send(engine, *({**one, "messageId": f"{one['messageId']}-2"} for one in told[:1]))
        before = answers(engine, names)
        assert before["searches"]["searches"] == 2
        assert before["product_funnel"]["products"][0]["seen"] == 1
        narrow = Question("cancellations", {"from": "2026-10-01", "to": "2026-10-02", "source": "web"})
        narrowed = engine.answer(narrow).report
        assert keep(engine)
        assert answers(engine, names) == before
        assert engine.answer(narrow).report == narrowed
        assert msgspec.json.decode(narrowed)["orders"] == 1


def test_a_segment_is_told_of_from_what_was_kept_of_its_people(tmp_path: Path) -> None:
    told = [
        {**track("Products Searched", f"s{who}", properties={"query": "mangkok", "results": 3}), "userId": who}
        for who in PEOPLE
    ]
    seen = {"product_id": "P1", "name": "Barang 1"}
    told += [{**track("Product Viewed", f"v{who}", properties=seen), "userId": who} for who in PEOPLE[1:]]
    told += [{**order(1, "o", user="ani"), "timestamp": "2026-10-01T10:00:00Z"}]
    asked = [Question(name, {"segment": "browsing"}) for name in ("searches", "product_funnel")]
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *told)
        before = [engine.answer(one).report for one in asked]
        assert keep(engine)
        after = [engine.answer(one).report for one in asked]
    assert after == before
    searches, funnel = (msgspec.json.decode(one) for one in after)
    assert searches["searches"] == 2
    assert funnel["products"][0]["seen"] == 2


def differing(engine: Engine) -> list[str]:
    """The tables that are not what would be made of the facts now."""

    def known(table: ir.Table, like: ir.Table) -> ir.Table:
        return table.filter(table.subject.notnull()).select(like.columns).cast(like.schema())

    def both(facts: Facts) -> dict[str, ir.Table]:
        made = keeping._made_of(facts.events, facts.items)
        told = {f"{name} kept": known(getattr(facts.kept, name), table) for name, table in made.items()}
        return told | {f"{name} made": known(table, table) for name, table in made.items()}

    with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
        assert granted.facts.kept is not None
        found = granted.run_all("differing", both)
    rows = {name: sorted(str(row) for row in table.to_pylist()) for name, table in found.items()}
    names = {name.split()[0] for name in rows}
    assert names == set(keeping._ORDERS)
    return sorted(name for name in names if rows[f"{name} kept"] != rows[f"{name} made"])


def view(key: str, minute: int, **who: str) -> dict[str, Any]:
    return {**track("Product Viewed", key), **who, "timestamp": f"2026-10-01T10:{minute:02d}:00Z"}


def test_what_comes_late_or_is_united_or_parted_is_counted_as_it_stands(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, view("1", 0, anonymousId="phone"), view("2", 40, userId="ani"))
        assert keep(engine)
        assert sessions(engine)["visits"] == 2
        send(engine, view("3", 20, userId="ani"))
        assert sessions(engine)["visits"] == 2
        send(engine, {**track("Signed In", "4", user="ani", anonymousId="phone"), "timestamp": "2026-10-02T10:00:00Z"})
        found = sessions(engine)
        assert (found["visits"], found["people"], found["events"]) == (2, 1, 4)
        assert keep(engine) is False
        (merge,) = engine.identity([("user", "ani")]).merges
        engine.part(merge.number)
        assert sessions(engine)["people"] == 2


def test_who_is_forgotten_is_in_nothing_that_was_kept(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, view("1", 0, userId="ani"), view("2", 0, userId="budi"))
        assert keep(engine)
        engine.forget([("user", "ani")])
        assert not kept(engine)
        assert sessions(engine)["people"] == 1
        assert keep(engine)
        assert sessions(engine)["people"] == 1


def test_it_is_made_where_it_is_worth_it(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, view("1", 0, userId="ani"))
        assert engine.gate.renew(datetime.now(UTC)) is False
        assert keep(engine)
        assert keep(engine) is False


def test_facts_that_serve_for_so_long_only_are_kept_for_a_day(tmp_path: Path) -> None:
    limited = Settings(sources=OPEN.sources, min_group=1, retention_days={"analytics": 3})
    now = datetime.now(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    old, young = (
        track("Product Viewed", one, user=one) | {"timestamp": when.isoformat()}
        for one, when in (("ani", today - timedelta(days=2)), ("budi", today))
    )
    with Engine(tmp_path, limited) as engine:
        send(engine, old, young)
        assert keep(engine)
        assert kept(engine)
        assert sessions(engine)["people"] == 2
        later = now + timedelta(days=1)
        with engine.gate.events(Purpose.ANALYTICS, before=later, why="test") as granted:
            assert granted.facts.kept is None
            assert granted.run(granted.facts.events.subject.nunique().as_table())[0][0].as_py() == 1
        assert engine.gate.renew(later, least=0)
        with engine.gate.events(Purpose.ANALYTICS, before=later, why="test") as granted:
            assert granted.facts.kept is not None
            visits = granted.facts.kept.visits
            assert granted.run(visits.count().as_table())[0][0].as_py() == 1


def test_a_question_asked_again_is_answered_from_the_facts_of_now(tmp_path: Path) -> None:
    """Its query was compiled before."""
    with Engine(tmp_path, OPEN) as engine:
        send(engine, order(1, "a", user="ani"))
        assert sessions(engine)["visits"] == 1
        send(engine, order(2, "b", user="budi"))
        assert sessions(engine)["visits"] == 2


def test_what_leaves_off_between_two_tables_leaves_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_FEW", 10)
    with Engine(tmp_path, OPEN) as engine:
        send(engine, track("Product Viewed", "1", user="ani"))
        assert keep(engine)
        before = engine.gate._store.look()
        send(engine, *(track("Product Viewed", f"v{user}", user=f"u{user}") for user in range(30)))
        told = iter([False, False, True])
        assert not engine.gate.renew(datetime.now(UTC), least=0, ended=lambda: next(told))
        after = engine.gate._store.look()
        assert (after.tables, len(after.touched)) == (before.tables, 30)
        assert next(told, None) is None, "two tables were made, no third"
        assert sessions(engine)["people"] == 31
        with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
            found = granted.run(granted.facts.events.select("id").limit(1))
        assert len(found) == 1
        assert keep(engine), "and the next beat makes them"
