"""What is learnt afresh once a day: how often things usually fail, for alerts, and what a visit tells of a purchase."""

from datetime import UTC, date, datetime

from detak.alerts import Alerts
from detak.beat import Ended, never
from detak.intentions import Intentions
from detak.learning import learn_usual
from detak.trust.gate import Gate


class Habits:
    """Of one shop. The engine's beat renews them."""

    def __init__(self, gate: Gate, alerts: Alerts, intent: Intentions) -> None:
        self._gate = gate
        self._alerts = alerts
        self._intent = intent
        self._known: date | None = None

    def renew(self, ended: Ended = never) -> None:
        """Learn, if not yet today; and where somebody who was learnt from has been forgotten since."""
        today = datetime.now(UTC).date()
        if today != self._known or self._intent.forgotten:
            self._alerts.know(learn_usual(self._gate))
            if ended():
                return
            if self._intent.learnt == today:  # before a restart: it is kept
                self._intent.remember()
            else:
                self._intent.learn()
            self._known = today
