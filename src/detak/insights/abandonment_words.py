"""The report on carts left behind, in blocks: what to do first, then the figures, then how firm they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from detak.insights import render
from detak.insights.blocks import Bar, Bars, Block, Note, Row, Table, Words
from detak.words import say

if TYPE_CHECKING:
    from detak.insights.abandonment import AbandonmentReport, Back, Reason
    from detak.insights.base import Shop

_FIRM = 2.0  # an unseen trait that doubles both is seldom overlooked


def blocks(report: AbandonmentReport, shop: Shop) -> list[Block]:
    """All of it."""
    language = shop.language
    if not report.left:
        return [Words([say(language, "abandonment.nothing" if not report.carts else "abandonment.none_left")])]
    found: list[Block] = [Words([_headline(report, shop), *_advice(report, shop)])]
    found += [_ranking(report, shop), _shares(report, language)]
    estimated = [one for one in report.reasons if one.back]
    if estimated:
        found += [_effects(estimated, shop), Words([_firm(one, one.back, language) for one in estimated if one.back])]
        found.append(Note(say(language, "abandonment.assumed", lost=render.percent(report.lost_signs, language))))
    if report.few:
        names = ", ".join(name(one, language) for one in report.few)
        found.append(Note(say(language, "abandonment.few", reasons=names)))
    return found


def name(reason: str, language: str) -> str:
    """What a person calls the reason."""
    return say(language, f"abandonment.{reason}")


def _headline(report: AbandonmentReport, shop: Shop) -> str:
    language = shop.language
    return say(
        language,
        "abandonment.headline" if report.money.amount else "abandonment.headline_unpriced",
        left=render.whole(report.left, language),
        carts=render.whole(report.carts, language),
        share=render.percent(report.left / report.carts, language),
        money=render.money(report.money, language),
    )


def _advice(report: AbandonmentReport, shop: Shop) -> list[str]:
    """What pays most to remove; of those whose interval holds more than nothing."""
    language = shop.language
    sure = [(one, one.back) for one in report.reasons if one.back and one.back.orders.low > 0]
    sure.sort(key=lambda pair: -pair[1].money.value.amount)
    said = [
        say(
            language,
            "abandonment.advice" if at == 0 else "abandonment.advice_next",
            reason=name(one.reason, language),
            orders=render.whole(back.orders.value, language),
            low=render.whole(back.orders.low, language),
            high=render.whole(back.orders.high, language),
            money=render.money(back.money.value, language),
        )
        for at, (one, back) in enumerate(sure[:3])
    ]
    return said or [say(language, "abandonment.no_advice")]


def _ranking(report: AbandonmentReport, shop: Shop) -> Table:
    language = shop.language
    heads = [say(language, f"abandonment.head_{key}") for key in ("reason", "left", "share", "interval", "money")]
    rows = [
        Row(
            [
                name(one.reason, language),
                render.whole(one.left.value, language),
                render.percent(one.share.value, language),
                f"{render.percent(one.share.low, language)} – {render.percent(one.share.high, language)}",
                render.money(one.money, language) if report.money.amount else "–",
            ],
            key=one.reason,
        )
        for one in report.reasons
    ]
    return Table(say(language, "abandonment.ranking"), heads, rows)


def _shares(report: AbandonmentReport, language: str) -> Bars:
    bars = [
        Bar(
            name(one.reason, language),
            one.share.value,
            render.percent(one.share.value, language),
            one.share.low,
            one.share.high,
            one.reason,
        )
        for one in report.reasons
    ]
    return Bars(say(language, "abandonment.shares"), bars)


def _effects(estimated: list[Reason], shop: Shop) -> Table:
    language = shop.language
    heads = [say(language, f"abandonment.head_{key}") for key in ("removing", "back", "interval", "worth", "plain")]
    rows = [
        Row(
            [
                name(one.reason, language),
                render.whole(back.orders.value, language),
                f"{render.whole(back.orders.low, language)} – {render.whole(back.orders.high, language)}",
                render.money(back.money.value, language),
                render.whole(back.unadjusted, language),
            ],
            key=one.reason,
        )
        for one in sorted(estimated, key=lambda one: -(one.back.orders.value if one.back else 0))
        if (back := one.back)
    ]
    return Table(say(language, "abandonment.effects"), heads, rows)


def _firm(one: Reason, back: Back, language: str) -> str:
    """How strong an unseen trait would have to be to explain the effect away, and what one as strong as seen does."""
    reason = name(one.reason, language)
    if back.orders.low <= 0:
        return say(language, "abandonment.unsure", reason=reason)
    firm = "abandonment.firm" if back.evalue_low >= _FIRM else "abandonment.frail"
    said = say(language, firm, reason=reason, times=render.decimal(back.evalue_low, language))
    if back.strongest is None or back.hidden_low is None or back.hidden_high is None:
        return said
    return f"{said} " + say(
        language,
        "abandonment.hidden" if back.hidden_low > 0 else "abandonment.hidden_none",
        trait=say(language, f"abandonment.trait_{back.strongest}"),
        low=render.whole(max(back.hidden_low, 0), language),
        high=render.whole(back.hidden_high, language),
    )
