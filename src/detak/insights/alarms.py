"""Alerts in sentences."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from detak.alerts import Alert
from detak.insights import render
from detak.insights.abandonment_words import name
from detak.insights.base import Shop
from detak.words import say


def sentences(alerts: Sequence[Alert], shop: Shop, now: datetime) -> list[str]:
    """One for each: what, since when, how bad, what is usual. ``now``: UTC."""
    return [_sentence(alert, shop, now) for alert in alerts]


def _sentence(alert: Alert, shop: Shop, now: datetime) -> str:
    language = shop.language
    return say(
        language,
        "alerts.one_of" if alert.of else "alerts.one",
        reason=name(alert.reason, language),
        of=alert.of,
        failed=render.whole(alert.failed, language),
        tries=render.whole(alert.tries, language),
        since=f"{alert.since.astimezone(shop.zone):%H:%M}",
        minutes=render.whole(max((now - alert.since) / timedelta(minutes=1), 1), language),
        usual=render.percent(alert.usual, language),
    )
