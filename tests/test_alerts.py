from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from detak.alerts import Alerts, Count, Usual
from detak.consent import Purpose
from detak.event import EVENTS
from detak.reading.hearing import counts

OVO = ("payment_failed", "OVO")
USUAL = {OVO: Usual(2_000, 200)}


def _day(chance: float, tries: int, seed: int, first: int = 0) -> list[Count]:
    """A try a minute, each failing with the chance."""
    failed = np.random.default_rng(seed).random(tries) < chance
    return [Count(first + at, OVO, 1, int(one)) for at, one in enumerate(failed)]


def test_an_outage_is_noticed_after_a_handful_of_payments_and_its_end_too() -> None:
    alerts = Alerts(dict(USUAL))
    alerts.add(_day(0.1, 500, 1))
    assert alerts.now() == []
    alerts.add(_day(0.9, 15, 2, first=500))
    (alert,) = alerts.now()
    assert (alert.reason, alert.of) == OVO
    assert 490 <= alert.since.timestamp() / 60 <= 505
    assert alert.failed > 0.7 * alert.tries
    assert alert.usual == pytest.approx(0.1, abs=0.03)
    alerts.add(_day(0.1, 60, 3, first=515))
    assert alerts.now() == []


@pytest.mark.parametrize("chance", [0.02, 0.1, 0.2, 0.4])
def test_quiet_weeks_stay_quiet(chance: float) -> None:
    alerts = Alerts({OVO: Usual(2_000, 2_000 * chance)})
    for week in range(20):
        for count in _day(chance, 1_000, week, first=1_000 * week):
            alerts.add([count])
            assert alerts.now() == []


def test_an_outage_does_not_become_usual() -> None:
    alerts = Alerts(dict(USUAL))
    alerts.add(_day(0.9, 2_000, 4))
    (alert,) = alerts.now()
    assert alert.usual < 0.15


def test_what_is_new_is_told_by_what_is_alike() -> None:
    alerts = Alerts(dict(USUAL))
    new = ("payment_failed", "Bank Baru")
    alerts.add(Count(minute, new, 1, 1) for minute in range(12))
    assert [alert.of for alert in alerts.now()] == ["Bank Baru"]


def test_what_usually_fails_is_not_called() -> None:
    alerts = Alerts({OVO: Usual(2_000, 1_500)})
    alerts.add(_day(0.95, 200, 5))
    assert alerts.now() == []


NOW = datetime(2026, 5, 1, 10, 0, 30)


def _events(*rows: dict[str, object]) -> pa.Table:
    usual = {
        "id": 1, "received": NOW, "time": NOW, "type": "track", "source": "web", "line": 0, "subject": 7,
        "purposes": int(Purpose.ANALYTICS), "event": "Payment Info Entered", "payment": "OVO",
    }  # fmt: skip
    return pa.Table.from_pylist([{**usual, **row} for row in rows], schema=EVENTS)


def test_counts_tries_and_failures_by_the_minute() -> None:
    minute = int(NOW.replace(tzinfo=UTC).timestamp() // 60)
    heard = counts(
        _events(
            {},
            {"subject": 8},
            {"subject": 8, "event": "Payment Failed"},
            {"event": "Coupon Entered", "received": NOW + timedelta(minutes=1), "payment": None},
            {"event": "Product Viewed"},
        )
    )
    assert heard == [Count(minute, OVO, 2, 1), Count(minute + 1, ("coupon_refused", ""), 1, 0)]


def test_one_person_is_no_outage() -> None:
    tries = [{"event": "Payment Failed", "received": NOW + timedelta(seconds=one)} for one in range(20)]
    assert [one.fails for one in counts(_events(*tries))] == [1]


@pytest.mark.parametrize(
    "row",
    [
        {"time": NOW - timedelta(hours=1)},
        {"bot": "crawler"},
        {"purposes": int(Purpose.MARKETING)},
        {"event": "Order Completed"},
    ],
)
def test_what_says_nothing_of_now_or_may_not_be_used_is_not_heard(row: dict[str, object]) -> None:
    assert counts(_events(row)) == []
