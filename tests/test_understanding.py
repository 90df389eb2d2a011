"""How reports are asked, through a whole engine."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from detak.consent import Purpose
from detak.engine import Engine
from detak.errors import UsageError
from detak.questions import Consent, Question
from tests.conftest import send
from tests.shop import consenting, order, track


@pytest.fixture
def shop(engine: Engine) -> Engine:
    yes = consenting(analytics=True)
    for number in range(12):
        province = "Bali" if number % 2 else "Banten"
        made = order(number, f"m{number}", user=f"u{number}", province=province)
        send(engine, {**made, "context": yes, "timestamp": f"2026-10-{number + 1:02d}T03:00:00Z"})
    return engine


def asked(engine: Engine, name: str, **filters: str) -> Any:
    compare = filters.pop("compare", "") == "yes"
    return msgspec.json.decode(engine.answer(Question(name, filters, "en", compare=compare)).report)


def test_filters_narrow_a_report_down(shop: Engine) -> None:
    assert asked(shop, "timing")["orders"] == 12
    assert asked(shop, "timing", province="bali")["orders"] == 6
    assert asked(shop, "timing", **{"from": "2026-10-01", "to": "2026-10-03"})["orders"] == 3
    assert asked(shop, "timing", segment="repeat")["orders"] == 0


def test_few_people_are_told_neither_by_a_filter_nor_by_a_number_that_opens(shop: Engine) -> None:
    for number in range(20, 24):
        made = order(number, f"m{number}", user=f"u{number}", province="Papua")
        send(shop, {**made, "context": consenting(analytics=True), "timestamp": "2026-10-01T03:00:00Z"})
    for question in (
        Question("timing", {"province": "Papua"}, "en"),
        Question("timing", {"province": "Bali"}, "en"),  # with Banten, and all, it would tell of Papua
        Question("funnel", {"province": "Bali,Papua"}, "en", people="step:1"),
    ):
        with pytest.raises(UsageError, match="fewer than 5 people"):
            shop.answer(question)


def test_ten_do_not_open_where_the_two_others_would_be_told(shop: Engine) -> None:
    for number in range(10):
        seen = track("Product Viewed", f"v{number}", userId=f"u{number}", properties={"product_id": "P1"})
        send(shop, {**seen, "context": consenting(analytics=True), "timestamp": "2026-10-13T03:00:00Z"})
    steps = {"steps": "Order Completed,Product Viewed", "within": "100"}
    whole, ten = (shop.report(Question("funnel", steps, "en", people=key)) for key in ("step:1", "step:2"))
    assert (whole.people, ten.people) == (12, None)
    assert "left beside them" in ten.text(shop.understanding.shop("en"))


def test_the_period_before_stands_beside(shop: Engine) -> None:
    found = asked(shop, "timing", **{"from": "2026-10-09", "to": "2026-10-14", "compare": "yes"})
    assert found["previous"] == {"first": "2026-10-03", "last": "2026-10-08"}
    assert (found["now"]["orders"], found["before"]["orders"]) == (4, 6)
    assert {"what": "orders", "now": 4, "before": 6, "change": -2, "ratio": 4 / 6} in found["differences"]


def test_a_comparison_needs_a_period(shop: Engine) -> None:
    with pytest.raises(UsageError, match="which period"):
        asked(shop, "timing", compare="yes")


def test_an_own_parameter_comes_before_a_filter(shop: Engine) -> None:
    assert asked(shop, "quality", days="3")["days"] == 3


@pytest.mark.parametrize(("name", "filters"), [("quality", {"province": "Bali"}), ("health", {"from": "2026-01-01"})])
def test_counts_of_messages_cannot_be_narrowed_down(engine: Engine, name: str, filters: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="counts messages"):
        asked(engine, name, **filters)


def test_what_is_neither_parameter_nor_filter_is_named(engine: Engine) -> None:
    with pytest.raises(UsageError, match=r"nonsense; it has: by; .*province"):
        asked(engine, "timing", nonsense="1")


def test_numbers_that_do_not_open_say_so(engine: Engine) -> None:
    with pytest.raises(UsageError, match="do not open"):
        engine.answer(Question("timing", people="x"))


def test_people_have_usual_hours_and_whoever_refuses_has_those_of_everybody(engine: Engine) -> None:
    yes = consenting(analytics=True)
    for day in range(1, 15):
        for user, clock in (("ani", "00"), ("budi", "13")):
            time = f"2026-10-{day:02d}T{clock}:15:00Z"
            send(engine, track("Product Viewed", f"{user}-{day}", user=user, timestamp=time, context=yes))
    with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
        rows = granted.run(granted.facts.events.select("subject", "time")).to_pylist()
    people = [next(row["subject"] for row in rows if row["time"].hour == hour) for hour in (0, 13)]
    hours = engine.understanding.usual_hours
    assert hours(Purpose.ANALYTICS, people, why="test").best.tolist() == [7, 20]
    engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
    assert hours(Purpose.ANALYTICS, people, why="test").best.tolist() == [20, 20]


def test_each_thing_is_listed_where_a_report_speaks_of_single_ones(engine: Engine) -> None:
    yes = {"context": consenting(analytics=True)}
    send(engine, *({**track("Product Added", who, user=who), **yes} for who in ("ani", "budi")))
    found = engine.names(Question("abandonment"), 10)
    assert sorted(one.identifiers[0].value for one in found) == ["ani", "budi"]
    assert [one.told["stage"] for one in found] == ["cart", "cart"]
    assert sum(found[0].told["reasons"].values()) == pytest.approx(1, abs=0.05)
    assert "each of abandonment" in {row.why for row in engine.audit().rows}
    with pytest.raises(UsageError, match="name the number"):
        engine.names(Question("funnel"), 10)
