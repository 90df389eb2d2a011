"""An answer that took long is given again, unless somebody who is in it may not be any more."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from detak.answer_files import Told
from detak.consent import Purpose
from detak.engine import Engine
from detak.errors import CannotComputeError
from detak.insights.base import Report
from detak.insights.sessions_report import SessionsReport
from detak.questions import Consent, Question
from detak.told import Given
from detak.trust.passages import Standpoint
from tests.conftest import send
from tests.shop import track
from tests.trust.test_gate import OPEN

NOW = datetime(2026, 10, 1, tzinfo=UTC)
HERE = Standpoint(0, {}, None, ())


def view(who: str, key: str | None = None) -> dict[str, Any]:
    return {**track("Product Viewed", key or who, user=who), "timestamp": "2026-10-01T10:00:00Z"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Engine]:
    """Ani and Budi were there, and every answer counts as slow."""
    with Engine(tmp_path, OPEN) as engine:
        engine.understanding.given = Given(slow=0)
        send(engine, view("ani"), view("budi"))
        assert engine.gate.renew(datetime.now(UTC), least=0)
        assert people(engine) == 2
        yield engine


def people(engine: Engine, *, anew: bool = False) -> int:
    report = engine.report(Question("sessions", anew=anew))
    assert isinstance(report, SessionsReport)
    return report.people


def refuse(engine: Engine, who: str, purpose: str = "analytics") -> None:
    engine.consent(Consent(user_id=who, purposes={purpose: False}), "web")


def test_it_is_given_again_and_says_of_when_it_is(shop: Engine) -> None:
    first = shop.understanding.told(Question("sessions"))
    send(shop, view("citra"))
    assert people(shop) == 2
    assert shop.answer(Question("sessions")).at == first.at
    assert people(shop, anew=True) == 3
    assert people(shop) == 3


def test_who_refuses_is_in_no_answer_that_is_given_again(shop: Engine) -> None:
    send(shop, view("citra"))
    refuse(shop, "ani")
    assert people(shop) == 2


def test_who_came_later_and_refuses_takes_the_answer_along(shop: Engine) -> None:
    send(shop, view("citra"))
    assert people(shop, anew=True) == 3
    refuse(shop, "citra")
    assert people(shop) == 2


def test_who_was_never_there_and_refuses_changes_nothing(shop: Engine) -> None:
    refuse(shop, "dewi")
    send(shop, view("citra"))
    assert people(shop) == 2


def test_who_refuses_something_else_changes_nothing(shop: Engine) -> None:
    refuse(shop, "ani", "marketing")
    send(shop, view("citra"))
    assert people(shop) == 2


def test_who_is_forgotten_is_in_no_answer(shop: Engine) -> None:
    shop.forget([("user", "ani")])
    assert people(shop) == 1
    assert shop.gate.renew(datetime.now(UTC), least=0)
    assert people(shop) == 1


def test_a_device_that_turns_out_to_be_a_refusing_persons_is_in_no_answer(shop: Engine) -> None:
    send(shop, {**view("x", "phone-1"), "userId": None, "anonymousId": "phone"})
    assert people(shop, anew=True) == 3
    refuse(shop, "eka")
    send(shop, {**view("eka", "login"), "anonymousId": "phone"})
    assert people(shop) == 2


def test_the_audit_tells_of_answers_given_again(shop: Engine) -> None:
    people(shop)
    rows = [row for row in shop.audit().rows if row.why == "report sessions"]
    assert ["again" in row.detail for row in rows] == [False, True]


def test_plain_reports_are_made_before_they_are_asked_for(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detak.understanding.report_names", lambda: ["quality", "sessions"])
    send(shop, view("citra"))
    shop.understanding.given = Given(slow=0)
    shop.understanding.renew()
    send(shop, view("dewi"))
    assert people(shop) == 3


def test_nothing_is_given_again_where_nothing_is_kept(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        engine.understanding.given = Given(slow=0)
        send(engine, view("ani"))
        engine.understanding.renew()
        assert people(engine) == 1
        send(engine, view("budi"))
        assert people(engine) == 2


def test_answers_that_take_longer_stand_for_longer() -> None:
    given = Given()
    assert given.due("a", Report, NOW, lambda _: True)
    for seconds, ages in ((0.1, {3_600: False}), (1.0, {59: False, 61: True}), (10.0, {190: False, 201: True})):
        given.put("a", Told(Report(), NOW, seconds, HERE), lambda _: True)
        for age, due in ages.items():
            assert given.due("a", Report, NOW + timedelta(seconds=age), lambda _: True) is due


def test_an_answer_that_holds_no_more_is_made_before_it_is_asked_for(
    shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detak.understanding.report_names", lambda: ["sessions"])
    refuse(shop, "dewi")
    shop.understanding.renew()
    assert [row.detail for row in shop.audit().rows if row.why == "report sessions"][1:] == []
    refuse(shop, "ani")
    shop.understanding.renew()
    made = [row.detail for row in shop.audit().rows if row.why == "report sessions"]
    assert ["again" in one for one in made] == [False, False]
    assert people(shop) == 1
    assert "again" in [row.detail for row in shop.audit().rows if row.why == "report sessions"][-1]


def test_what_nobody_made_anew_in_time_is_not_given_first() -> None:
    given = Given()
    told = Told(Report(), datetime.now(UTC), 10.0, HERE)
    given.put("a", told, lambda _: True)
    assert given.find("a", Report) is told
    assert [given.fresh(told, told.at + timedelta(seconds=age)) for age in (0, 580, 581)] == [True, True, False]


def test_while_no_process_ran_an_answer_did_not_age() -> None:
    given = Given()
    told = Told(Report(), NOW - timedelta(days=9), 10.0, HERE)
    assert given.fresh(told, datetime.now(UTC))
    assert not given.fresh(told, datetime.now(UTC) + timedelta(seconds=590))


def test_only_so_many_are_kept_and_only_what_may_be_given_again() -> None:
    given = Given(slow=0)
    for at in range(300):
        given.put(str(at), Told(Report(), NOW, 1, HERE), lambda _: True)
    given.put("none", Told(Report(), NOW, 1, None), lambda _: True)
    assert [given.find(one, Report) is not None for one in ("none", "43", "44", "299")] == [False, False, True, True]
    given.drop("299")
    assert given.find("299", Report) is None


def test_a_purpose_that_was_not_asked_stands_by_itself(shop: Engine) -> None:
    told = shop.understanding.told(Question("sessions"))
    assert told.standpoint is not None
    assert shop.gate.stands(Purpose.ANALYTICS, told.standpoint, why="test")
    moved = told.standpoint._replace(since=NOW)
    assert not shop.gate.stands(Purpose.ANALYTICS, moved, why="test")


def test_no_turn_is_kept_for_what_cannot_be_made() -> None:
    given = Given()
    for at in range(3):
        with suppress(CannotComputeError), given.making(f"key {at}"):
            raise CannotComputeError("not on this data")
    assert given._making == {}
    inside: list[int] = []

    def alone(_: int) -> int:
        with given.making("again"):
            inside.append(1)
            time.sleep(0.01)
            return len(inside) - (inside.pop() - 1)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(alone, range(8))) == [1] * 8
    assert given._making == {}
