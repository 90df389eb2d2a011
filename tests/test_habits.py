from typing import Any

from detak.alerts import Alerts
from detak.engine import Engine
from detak.habits import Habits
from tests.conftest import send
from tests.shop import consenting, track


def test_habits_are_learnt_once_a_day_and_again_when_somebody_is_forgotten(engine: Engine) -> None:
    alerts = Alerts()
    habits = Habits(engine.gate, alerts, engine.intent)
    of = ("coupon_refused", "")

    def tried(key: str) -> dict[str, Any]:
        return track("Coupon Entered", key, user=key, context=consenting(analytics=True))

    send(engine, tried("a"))
    habits.renew()
    assert alerts.usual[of].tries == 1
    send(engine, tried("b"))
    habits.renew()
    assert alerts.usual[of].tries == 1
    engine.forget([("user", "a")])
    send(engine, tried("c"))
    habits.renew()
    assert alerts.usual[of].tries == 2
