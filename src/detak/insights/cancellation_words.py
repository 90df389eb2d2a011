"""The cancellations report in sentences and tables, in the shop's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from detak.insights import render
from detak.insights.blocks import Block, Note, Row, Table, Words
from detak.insights.risks import Factor
from detak.money import Money, show
from detak.words import say

if TYPE_CHECKING:
    from detak.insights.cancellations import CancellationsReport, Split
    from detak.insights.lost import Lost

_REASONS = 3
_FACTORS = 8


def sentences(report: CancellationsReport, language: str) -> list[str]:
    """What a person should know, the most important first."""
    if not report.orders:
        return [say(language, "cancellations.nothing")]
    counts = {"orders": render.whole(report.orders, language), "cancelled": render.whole(report.cancelled, language)}
    if not report.cancelled:
        return [say(language, "cancellations.none", orders=counts["orders"])]
    rate = render.percent(report.cancelled / report.orders, language)
    return [
        say(language, "cancellations.rate", rate=rate, **counts),
        _reasons(report, language),
        _actors(report, language),
        *[_lost(one, language) for one in [report.lost, *report.lost_other] if one],
        *risk_sentences(report.factors, language),
    ]


def blocks(report: CancellationsReport, language: str) -> list[Block]:
    """The sentences, then the tables behind them."""
    found: list[Block] = [Words(report.words)]
    if report.reasons:
        found.append(_reason_table(report, language))
    if not isinstance(report.by, msgspec.UnsetType):
        found += [_split_table(report.by, language), *([Note(report.by.note)] if report.by.note else [])]
    if told := [one for one in report.factors if one.notable]:  # all of them are in the JSON
        found.append(_factor_table(told, language))
    return found


def _reasons(report: CancellationsReport, language: str) -> str:
    listed = ", ".join(
        say(
            language,
            "cancellations.reason",
            label=one.label,
            orders=render.whole(one.orders, language),
            share=render.percent(one.orders / report.cancelled, language),
        )
        for one in report.reasons[:_REASONS]
    )
    return say(language, "cancellations.reasons", reasons=listed)


def _actors(report: CancellationsReport, language: str) -> str:
    listed = ", ".join(f"{one.label} {render.percent(one.share, language)}" for one in report.by_actor)
    return say(language, "cancellations.actors", actors=listed)


def _lost(value: Lost, language: str) -> str:
    if value.amount is None:
        return say(language, "cancellations.lost_unknown", currency=value.currency)
    return say(language, f"cancellations.lost_{value.basis}", amount=worth(value, language))


def worth(value: Lost | None, language: str) -> str:
    """The amount; an estimate in three digits, for it is no more exact than that."""
    if value is None or value.amount is None:
        return "–"
    if value.basis != "estimated":
        return show(Money(value.amount, value.currency), language)
    rounded = round(value.amount, 3 - len(str(abs(value.amount))))
    return show(Money(rounded, value.currency), language)


def risk_sentences(factors: list[Factor], language: str) -> list[str]:
    """A sentence for each level that stands out, the strongest first; of many, those surely far from 1."""
    if not factors:
        return [say(language, "cancellations.too_few")]
    told = [one for one in factors if one.notable and one.kind in {"value", "several"} and not one.low <= 1 <= one.high]
    if not told:
        return [say(language, "cancellations.no_factor")]
    surest = sorted(told, key=lambda one: -max(one.low, 1 / one.high))[:_FACTORS]
    strongest = sorted(surest, key=lambda one: -max(one.risk_ratio, 1 / one.risk_ratio))
    named = dict.fromkeys(one.factor for one in factors)
    names = ", ".join(say(language, f"factor.{factor}") for factor in named)
    return [*(_risk(one, language) for one in strongest), say(language, "cancellations.method", factors=names)]


def _risk(factor: Factor, language: str) -> str:
    who = say(language, f"factor.{factor.factor}_orders", level=factor.level)
    others = say(language, f"factor.{factor.factor}_others")
    if factor.kind == "several":
        who, others = say(language, "factor.several_orders"), say(language, "factor.several_others")
    if factor.risk_ratio > 1:
        values = [render.times(one, language) for one in (factor.risk_ratio, factor.low, factor.high)]
        key = "cancellations.more"
    else:
        less = (1 - factor.risk_ratio, 1 - factor.high, 1 - factor.low)
        values = [render.whole(100 * one, language) for one in less]
        key = "cancellations.less"
    return say(language, key, who=who, others=others, value=values[0], low=values[1], high=values[2])


def _reason_table(report: CancellationsReport, language: str) -> Table:
    heads = [say(language, f"cancellations.head_{key}") for key in ("reason", "actor", "orders", "lost")]
    rows = [
        Row(
            [
                one.label,
                say(language, f"actor.{one.actor}"),
                render.whole(one.orders, language),
                ("≈ " if one.lost and one.lost.basis == "estimated" else "") + worth(one.lost, language),
            ]
        )
        for one in report.reasons
    ]
    return Table(say(language, "cancellations.by_reason"), heads, rows, left=2)


def _split_table(split: Split, language: str) -> Table:
    heads = [say(language, f"report.{split.dimension}")]
    heads += [say(language, f"cancellations.head_{key}") for key in ("orders", "cancelled", "rate", "interval")]
    rows = [
        Row(
            [
                one.level,
                render.whole(one.orders, language),
                render.whole(one.cancelled, language),
                render.percent(one.rate, language),
                f"{render.percent(one.low, language)}–{render.percent(one.high, language)}",
            ]
        )
        for one in split.levels
    ]
    return Table(say(language, "cancellations.by_level"), heads, rows)


def _factor_table(told: list[Factor], language: str) -> Table:
    heads = [say(language, f"cancellations.head_{key}") for key in ("factor", "level", "orders", "rate", "ratio")]
    heads.append(say(language, "cancellations.head_interval"))
    rows = [
        Row(
            [
                say(language, f"factor.{one.factor}"),
                one.level,
                render.whole(one.orders, language),
                render.percent(one.rate, language),
                render.decimal(one.risk_ratio, language, 2),
                f"{render.decimal(one.low, language, 2)}–{render.decimal(one.high, language, 2)}",
            ]
        )
        for one in told
    ]
    return Table(say(language, "cancellations.by_factor"), heads, rows, left=2)
