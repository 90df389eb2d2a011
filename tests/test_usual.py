from datetime import UTC, datetime, timedelta

from detak.alerts import Usual
from detak.engine import Engine
from detak.learning import learn_usual
from tests.conftest import send
from tests.shop import consenting, track


def test_what_failed_lately_is_usual_and_refusing_people_teach_nothing(engine: Engine) -> None:
    def paid(event: str, key: str, days: int, yes: bool = True) -> dict[str, object]:
        when = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        told = {"payment_method": "OVO"}
        return track(event, key, user=key, timestamp=when, context=consenting(analytics=yes), properties=told)

    send(
        engine,
        *(paid("Payment Info Entered", f"p{one}", days=1) for one in range(5)),
        paid("Payment Failed", "f1", days=2),
        paid("Payment Failed", "f2", days=40),
        paid("Payment Failed", "f3", days=1, yes=False),
    )
    assert learn_usual(engine.gate) == {("payment_failed", "OVO"): Usual(5, 1)}
