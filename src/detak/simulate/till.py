"""Carts told as messages: looked at, checked out step by step, left for a reason whose signs show, or paid."""

from typing import Final

import numpy as np
import pyarrow as pa

from detak.simulate import reasons
from detak.simulate.config import Flags, Ints
from detak.simulate.people import PAYMENTS
from detak.simulate.pieces import join, lists, number, pick, quoted, texts, where
from detak.simulate.reasons import COUPON_REASONS, SLOW_MS
from detak.simulate.story import ADDRESS, CART, DELIVERY, LATER, ORDERED, PAYING, Cast, Signs, currency
from detak.simulate.timeline import Draft

_PAYMENTS: Final = texts([quoted(name) for name in PAYMENTS])
_COUPONS: Final = ("HEMAT10", "GAJIAN", "ONGKIRGRATIS", "DISKONKITA", "BELANJA10")
_DENIALS: Final = texts([quoted(one) for one in COUPON_REASONS])
_CODES: Final = texts([quoted(one) for one in _COUPONS])
_FAILURES: Final = texts(
    [
        quoted(one)
        for one in ("Saldo tidak cukup", "Waktu pembayaran habis", "Ditolak penyedia", "Gangguan penyedia pembayaran")
    ]
)


class Till:
    """Tells the carts of one block. Every method answers drafts; arrays are by cart."""

    def __init__(self, cast: Cast, ids: pa.Array, signs: Signs) -> None:
        self._cast = cast
        self._it = cast.checkout
        self._stage = self._it.outcome.stage
        self._cart = join('"cart_id":"C', ids, '"')
        self._checkout = join('"checkout_id":"K', ids, '"')
        self._order = join('"order_id":"O', ids, '"')
        self._signs = signs

    def tell(self) -> list[Draft]:
        """From the cart to the order."""
        return [*self._seen(), *self._address(), *self._delivery(), *self._coupon(), *self._paying(), *self._ordered()]

    def _draft(self, kind: str, flags: Flags, order: int, properties: pa.Array, path: "pa.Array | str") -> Draft:
        at = np.flatnonzero(flags)
        chosen = pa.array(at)
        here = path if isinstance(path, str) else path.take(chosen)
        return Draft(kind, self._it.visit[at], np.full(len(at), order), properties.take(chosen), here)

    def _exposed(self, reason: int) -> Flags:
        return np.asarray(self._it.outcome.exposed[:, reason])

    def _listed(self, products: Ints) -> pa.Array:
        lines = self._it.lines
        each = join(pick(self._cast.shelf.open_line, products), ',"quantity":', number(lines.quantity), "}")
        return lists(each, self._it.count)

    def _seen(self) -> list[Draft]:
        """The cart; prices compared; a question asked; something missing put back."""
        it, shelf, rng = self._it, self._cast.shelf, self._signs.rng
        seen = self._stage >= 1
        missing = self._signs.of(self._exposed(reasons.STOCK), 0.1)
        value = join(
            ',"value":', number(it.carts.value), currency(), ',"products":[', self._listed(it.lines.product), "]"
        )
        cart = join(self._cart, value, where(missing, ',"availability":"out_of_stock"'))
        compares = seen & self._signs.of(self._exposed(reasons.CHEAPER), 2.0)
        asks = seen & self._signs.of(self._exposed(reasons.ASK))
        main = join(pick(shelf.product, it.carts.main), currency())
        path = pick(shelf.path, it.carts.main)
        kind = pick(shelf.category, self._cast.world.goods.category[it.carts.main])
        sorted_ = join('"category":', kind, ',"sorts":[{"type":"price","value":"asc"}]')
        returns = compares & np.where(it.outcome.bought, rng.random(len(seen)) < 0.1, rng.random(len(seen)) < 0.5)
        swapped = np.flatnonzero((it.lines.bought != it.lines.product) & it.outcome.bought[it.lines.cart])
        return [
            self._draft("cart", seen, CART, cart, "/keranjang"),
            self._draft("filter", compares, CART + 1, sorted_, "/cari"),
            self._draft("again", compares & (rng.random(len(seen)) < 0.7), CART + 2, main, path),
            self._draft("chat", asks, CART + 3, main, path),
            *self._swapped(swapped),
            self._draft("return", returns, LATER, pa.repeat('"name":"Product"', len(seen)), path),
            self._draft("again", returns, LATER + 1, main, path),
        ]

    def _swapped(self, at: Ints) -> list[Draft]:
        """What is out of stock is taken out, and something else put in."""
        lines, shelf = self._it.lines, self._cast.shelf
        visit = self._it.visit[lines.cart[at]]
        drafts = []
        for kind, product, order in (("remove", lines.product, CART + 4), ("add", lines.bought, CART + 5)):
            told = join(pick(shelf.product, product[at]), currency(), ',"quantity":', number(lines.quantity[at]))
            drafts.append(Draft(kind, visit, np.full(len(at), order), told, pick(shelf.path, product[at])))
        return drafts

    def _address(self) -> list[Draft]:
        """The first step, where a slow page shows."""
        it = self._it
        here, on = self._stage >= 2, self._stage >= 3
        value = join(self._checkout, ",", self._cart, ',"value":', number(it.carts.value), currency())
        started = join(value, ',"products":[', self._listed(it.lines.product), "]")
        step = join(self._checkout, ',"step":1,"name":"Alamat"')
        slow = self._exposed(reasons.SLOW)
        # A page in a tab behind others counts seconds that nobody waited; a watch that stopped counts none.
        idle = here & ~slow & self._signs.of(np.zeros_like(slow), 0.5)
        told = np.where(idle, SLOW_MS + it.outcome.load_ms * 3, it.outcome.load_ms)
        timed = join(step, where(self._signs.kept(np.ones_like(slow)), join(',"load_ms":', number(told))))
        broken = here & slow & (self._signs.rng.random(len(slow)) < 0.25)
        return [
            self._draft("start", here, ADDRESS, started, "/checkout"),
            self._draft("step", here, ADDRESS + 2, timed, "/checkout/alamat"),
            self._draft("error", broken, ADDRESS + 3, join(step, ',"reason":"timeout"'), "/checkout/alamat"),
            self._draft("done", on, ADDRESS + 4, step, "/checkout/alamat"),
        ]

    def _delivery(self) -> list[Draft]:
        """The second step, where the cost of shipping shows."""
        it = self._it
        here, on = self._stage >= 3, self._stage >= 4
        step = join(self._checkout, ',"step":2,"name":"Pengiriman"')
        costs = join(',"shipping":', number(it.outcome.shipping))
        known = self._signs.kept(np.ones(len(here), np.bool_))
        cost = join(step, ',"value":', number(it.carts.value), where(known, costs), currency())
        method = where(it.outcome.shipping > 30_000, ',"shipping_method":"Kargo"', ',"shipping_method":"Reguler"')
        return [
            self._draft("step", here, DELIVERY, cost, "/checkout/pengiriman"),
            self._draft("done", on, DELIVERY + 5, join(step, method), "/checkout/pengiriman"),
        ]

    def _coupon(self) -> list[Draft]:
        """A coupon is tried."""
        it, rng = self._it, self._signs.rng
        tried = it.outcome.coupon & (self._stage >= 3)
        refused = tried & self._exposed(reasons.COUPON)
        n = len(tried)
        code = join(self._checkout, ',"coupon":', pick(_CODES, rng.integers(0, len(_COUPONS), n)))
        why = join(code, ',"reason":', pick(_DENIALS, rng.integers(0, len(COUPON_REASONS), n)))
        return [
            self._draft("coupon", tried, DELIVERY + 1, code, "/checkout/pengiriman"),
            self._draft("denied", self._signs.kept(refused), DELIVERY + 2, why, "/checkout/pengiriman"),
            self._draft("applied", tried & ~refused, DELIVERY + 2, code, "/checkout/pengiriman"),
        ]

    def _paying(self) -> list[Draft]:
        """The third step, where payments fail."""
        it, rng = self._it, self._signs.rng
        here = self._stage >= 4
        failed = here & self._exposed(reasons.PAYMENT)
        step = join(self._checkout, ',"step":3,"name":"Pembayaran"')
        first = self._cast.world.people.payment[it.carts.person]
        paid = join(self._checkout, ',"step":3,"payment_method":', pick(_PAYMENTS, first))
        why = join(paid, ',"reason":', pick(_FAILURES, rng.integers(0, len(_FAILURES), len(here))))
        again = join(self._checkout, ',"step":3,"payment_method":', pick(_PAYMENTS, it.payment))
        return [
            self._draft("step", here, PAYING, step, "/checkout/pembayaran"),
            self._draft("pay", here, PAYING + 1, paid, "/checkout/pembayaran"),
            self._draft("failed", self._signs.kept(failed), PAYING + 2, why, "/checkout/pembayaran"),
            self._draft("pay", it.retried, PAYING + 3, again, "/checkout/pembayaran"),
        ]

    def _ordered(self) -> list[Draft]:
        it = self._it
        total = it.revenue + it.outcome.shipping
        head = join(self._order, ",", self._checkout, ",", self._cart, ',"total":', number(total))
        money = join(',"revenue":', number(it.revenue), ',"shipping":', number(it.outcome.shipping))
        less = join(',"discount":', number(it.discount), currency(), ',"payment_method":', pick(_PAYMENTS, it.payment))
        place = pick(self._cast.shelf.city, self._cast.world.people.place[it.carts.person])
        told = join(head, money, less, place, ',"channel":"web","products":[', self._listed(it.lines.bought), "]")
        return [self._draft("order", it.outcome.bought, ORDERED, told, "/checkout/selesai")]
