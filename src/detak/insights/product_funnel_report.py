"""How far each product gets: the report, and what a manager reads of it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from detak.insights import few, render
from detak.insights.base import Report, Shop
from detak.insights.blocks import Block, Note, Row, Table, Words
from detak.money import Money
from detak.words import say

ADD, BUY = "add", "buy"
_NAMED: Final = 3


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Of those who saw a product, the share that went so far; drawn towards that of its category."""

    step: str
    share: float | None
    """Null, as is the interval: it would tell a number of people that is withheld (``few``)."""
    low: float | None
    """Of the 95% credible interval."""
    high: float | None
    usual: float | None
    """Of the category. Null: it would tell of few people."""
    outlier: int
    """1: more than its category, -1: less; 0: that may be chance."""


class Funnelled(msgspec.Struct, frozen=True, kw_only=True):
    """One product, or category; people."""

    product: str | None
    """Its id, or its name where it has none; null for a category."""
    name: str
    category: str | None
    seen: int
    added: int | None
    """Of those who saw it. Null, as of the next two: withheld (``few``)."""
    bought: int | None
    """Of those who saw it; cancelled orders do not count."""
    unseen: int | None
    """Bought it and are not known to have seen it."""
    add: Step
    buy: Step
    missing: float | None
    """How many more would have bought at the share of its category; below 0: fewer would have. Where ``bought`` is
    withheld at least so many more, or fewer; null where that cannot be said."""
    money: Money | None
    """What ``missing`` is worth at its price; null for a category, and where no price is known."""


class ProductFunnelReport(Report, frozen=True, kw_only=True):
    """Products and categories, the most seen first; and the products that differ from their category."""

    products: list[Funnelled]
    categories: list[Funnelled]
    outliers: list[Funnelled]
    compared: int
    withheld: str | None
    """What is to be said of it, where something is."""

    def blocks(self, shop: Shop) -> list[Block]:
        """What stands out and what that is worth; then the tables."""
        language = shop.language
        if not self.compared:
            return [Words([say(language, "product_funnel.nothing")])]
        told: list[Block] = [Words(_sentences(self, shop))]
        passed = sorted((one for one in self.outliers if one.buy.outlier < 0), key=lambda one: -(one.missing or 0))
        carted = [one for one in self.outliers if one.add.outlier > 0 and one.buy.outlier <= 0]
        liked = sorted((one for one in self.outliers if one.buy.outlier > 0), key=lambda one: one.missing or 0)
        for title, rows in (("passed", passed), ("carted", carted), ("liked", liked)):
            if rows:
                told.append(_table(rows, title, shop))
        told += [_table(self.categories, "categories", shop), _table(self.products, "products", shop)]
        notes = [say(language, "product_funnel.method", least=render.whole(shop.min_group, language))]
        return [*told, *map(Note, [*notes, self.withheld] if self.withheld else notes)]


def _sentences(report: ProductFunnelReport, shop: Shop) -> list[str]:
    language = shop.language
    told = []
    passed = sorted((one for one in report.outliers if one.buy.outlier < 0), key=lambda one: -_worth(one))
    liked = sorted((one for one in report.outliers if one.buy.outlier > 0), key=_worth)
    for key, rows in (("do_passed", passed), ("do_liked", liked)):
        if rows:
            told.append(say(language, f"product_funnel.{key}", products=_listed(rows, shop)))
    count = render.whole(report.compared, language)
    lead = "lead" if told else "alike"
    outliers = render.whole(len(report.outliers), language)
    return [*told, say(language, f"product_funnel.{lead}", products=count, outliers=outliers)]


def _worth(one: Funnelled) -> float:
    return float(one.money.amount) if one.money else one.missing or 0.0


def _listed(rows: Sequence[Funnelled], shop: Shop) -> str:
    return "; ".join(
        say(
            shop.language,
            f"product_funnel.{_said(one)}",
            name=render.clip(one.name),
            share=_percent(one.buy.share, shop.language),
            usual=_percent(one.buy.usual, shop.language),
            least=render.whole(shop.min_group, shop.language),
            seen=render.whole(one.seen, shop.language),
            money=render.money(_absolute(one.money), shop.language),
        )
        for one in rows[:_NAMED]
    )


def _said(one: Funnelled) -> str:
    if one.buy.share is None:
        return "one_few" if one.missing and one.missing > 0 else "one_withheld"
    return "one" if one.money else "one_unpriced"


def _percent(share: float | None, language: str) -> str:
    return few.cell(None, language) if share is None else render.percent(share, language)


def _absolute(money: Money | None) -> Money | None:
    return Money(abs(money.amount), money.currency) if money else None


def _table(rows: Sequence[Funnelled], title: str, shop: Shop) -> Table:
    language = shop.language
    heads = ("name", "seen", "added", "bought", "add", "buy", "interval", "usual", "money")
    return Table(
        say(language, f"product_funnel.{title}"),
        [say(language, f"product_funnel.head_{one}") for one in heads],
        [
            Row(
                [
                    one.name,
                    *(few.cell(count, language) for count in (one.seen, one.added, one.bought)),
                    *(_percent(share, language) for share in (one.add.share, one.buy.share)),
                    _interval(one.buy, language),
                    _percent(one.buy.usual, language),
                    render.money(one.money, language),
                ],
                f"seen/{one.product}" if one.product is not None else None,
            )
            for one in rows
        ],
    )


def _interval(one: Step, language: str) -> str:
    if one.low is None or one.high is None:
        return few.cell(None, language)
    return f"{render.percent(one.low, language)} – {render.percent(one.high, language)}"
