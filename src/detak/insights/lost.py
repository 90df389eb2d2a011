"""What cancelled orders would have been worth.

Exports put 0, or nothing, where a cancelled order's payment stood. Where an order's own amount is known it counts as
it is. Elsewhere the expectation given its category and quantity does: pieces times the price of a piece, as the orders
with an amount paid it in that category and band of quantity (a ratio estimator, Cochran 1977, Sampling Techniques,
ch. 6; in bands, since many pieces cost less each; thin cells are drawn towards their category, thin categories towards
the shop).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import msgspec

from detak.insights.bands import quantity_band

_PRIOR_ORDERS = 10
"""A cell of so many orders weighs as much as what it is drawn towards."""

_Kind = tuple[bool, str | None]  # several categories; the one
_Cell = tuple[_Kind, str | None]  # the kind; the band of quantity
_ALL: _Kind = (True, "")  # no order is of this kind: all of them together


class Lost(msgspec.Struct, frozen=True):
    """The worth of cancelled orders, and how it is known."""

    amount: int | None
    """Minor units; null where it cannot be computed."""
    currency: str
    basis: str
    """``recorded``: every amount is known; ``estimated``: one at least is not; ``unknown``: nothing to go by."""


class Worth(NamedTuple):
    """Orders of one kind: how many, the pieces in them, their amount."""

    orders: int
    quantity: float
    amount: float


def reduce_worth(orders: ir.Table) -> ir.Table:
    """Orders of one kind in a row: cancelled or not, the reason as it was written, and what an estimate needs.

    An amount of 0 is not ``recorded``: that is how exports write that nothing was paid.
    """
    quantity = ibis.ifelse(orders.quantity > 0, orders.quantity, ibis.null("float64"))
    described = orders.mutate(
        quantity=quantity,
        band=quantity_band(quantity),
        recorded=(orders.amount > 0).fill_null(False),
    )
    kind = ["cancelled", "reason", "currency", "several", "category", "band", "recorded"]
    return described.group_by(kind).agg(
        orders=described.count(), quantity=described.quantity.sum(), amount=described.amount.sum()
    )


@dataclass(frozen=True)
class Prices:
    """What orders of one currency cost, learnt once from those whose amount is known."""

    mean: Mapping[_Kind, float]
    """The amount of an order, by kind."""
    piece: Mapping[_Kind, float]
    """The price of a piece, by kind."""
    correction: Mapping[_Cell, float]
    """How much dearer or cheaper a piece is in a band of quantity than in its kind as a whole."""

    @classmethod
    def learn(cls, cells: Mapping[_Cell, Worth]) -> "Prices":
        """From the worth of each kind and band; the price of a kind never met is that of all together."""
        counted = {cell: worth for cell, worth in cells.items() if cell[1] is not None}
        mean = _shrunk({cell: worth._replace(quantity=worth.orders) for cell, worth in cells.items()})
        piece = _shrunk(counted)
        expected = {
            cell: worth._replace(quantity=worth.quantity * _of_kind(piece, cell[0])) for cell, worth in counted.items()
        }
        return cls(mean, piece, _corrections(expected))

    def expected(self, cell: _Cell, orders: int, quantity: float) -> float | None:
        """What so many orders with so many pieces in all would cost; null where no order has an amount."""
        kind, band = cell
        if not self.mean:
            return None
        if band is None or not self.piece:
            return orders * _of_kind(self.mean, kind)
        correction = self.correction.get(cell, self.correction.get((_ALL, band), 1.0))
        return quantity * _of_kind(self.piece, kind) * correction


@dataclass(frozen=True)
class Ledger:
    """Adds up what is lost, a currency at a time."""

    prices: Mapping[str, Prices]
    currency: str
    """The one that most orders are in; rows without a currency are taken to be in it."""
    others: tuple[str, ...]
    """The other currencies there are."""

    @classmethod
    def open(cls, rows: Sequence[Mapping[str, Any]], shop_currency: str) -> "Ledger":
        """From the rows of ``reduce_worth``."""
        orders = Counter[str]()
        cells: dict[str, dict[_Cell, Worth]] = {}
        for row in rows:
            currency = row["currency"] or shop_currency
            orders[currency] += row["orders"]
            if row["recorded"]:
                of = cells.setdefault(currency, {})
                worth = Worth(row["orders"], row["quantity"] or 0.0, row["amount"])
                of[_cell(row)] = _sum([worth, of.get(_cell(row), Worth(0, 0, 0))])
        main = max(orders, key=lambda one: (orders[one], one == shop_currency, one), default=shop_currency)
        prices = {currency: Prices.learn(of) for currency, of in cells.items()}
        return cls(prices, main, tuple(sorted(orders.keys() - {main})))

    def total(self, rows: Iterable[Mapping[str, Any]], currency: str) -> Lost | None:
        """What the rows come to in the currency; null where none of them is in it."""
        prices = self.prices.get(currency, Prices({}, {}, {}))
        amount, basis, any_row = 0.0, "recorded", False
        for row in rows:
            if (row["currency"] or self.currency) != currency:
                continue
            any_row = True
            if row["recorded"]:
                amount += row["amount"]
                continue
            expected = prices.expected(_cell(row), row["orders"], row["quantity"] or 0.0)
            if expected is None:
                return Lost(None, currency, "unknown")
            amount, basis = amount + expected, "estimated"
        return Lost(round(amount), currency, basis) if any_row else None


def _cell(row: Mapping[str, Any]) -> _Cell:
    return (row["several"], row["category"]), row["band"]


def _sum(several: Iterable[Worth]) -> Worth:
    listed = list(several)
    return Worth(
        sum(one.orders for one in listed), sum(one.quantity for one in listed), sum(one.amount for one in listed)
    )


def _shrunk(cells: Mapping[_Cell, Worth]) -> dict[_Kind, float]:
    """Amount over quantity of each kind, drawn towards that of all (``_ALL``) by ``_PRIOR_ORDERS`` orders like them."""
    every = _sum(cells.values())
    if not every.quantity:
        return {}
    whole = every.amount / every.quantity
    prior = _PRIOR_ORDERS * every.quantity / every.orders
    found = {_ALL: whole}
    for kind in {cell[0] for cell in cells}:
        own = _sum(worth for cell, worth in cells.items() if cell[0] == kind)
        found[kind] = (own.amount + prior * whole) / (own.quantity + prior)
    return found


def _corrections(expected: Mapping[_Cell, Worth]) -> dict[_Cell, float]:
    """Paid over expected (``quantity`` here) of each cell, drawn towards that of its band (``_ALL`` kinds of it)."""
    every = _sum(expected.values())
    found: dict[_Cell, float] = {}
    for band in {cell[1] for cell in expected}:
        here = {cell: worth for cell, worth in expected.items() if cell[1] == band}
        whole = _sum(here.values())
        ratio = found[_ALL, band] = whole.amount / whole.quantity
        prior = _PRIOR_ORDERS * every.amount / every.orders
        for cell, worth in here.items():
            found[cell] = (worth.amount + prior * ratio) / (worth.quantity + prior)
    return found


def _of_kind(values: Mapping[_Kind, float], kind: _Kind) -> float:
    return values.get(kind, values[_ALL])
