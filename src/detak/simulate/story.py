"""Visits told as messages: pages, searches, lists, products looked at, and what goes into the cart."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from detak.simulate.browsing import ROUND, Browsing, Showing
from detak.simulate.checkout import Checkout
from detak.simulate.config import Flags, Ints
from detak.simulate.goods import categories
from detak.simulate.pieces import join, lists, number, pick, where
from detak.simulate.reasons import load_times
from detak.simulate.shelf import Shelf
from detak.simulate.timeline import Draft
from detak.simulate.visits import Visits
from detak.simulate.world import World

CART: Final = 10_000
ADDRESS, DELIVERY, PAYING, ORDERED, LATER = 20_000, 20_010, 20_020, 20_030, 30_000
_WISH: Final = 0.03


class Cast(NamedTuple):
    """What the telling draws on."""

    world: World
    shelf: Shelf
    visits: Visits
    browsing: Browsing
    checkout: Checkout


@dataclass(frozen=True)
class Signs:
    """Whether the sign of a reason is there: sometimes it is lost, sometimes it stands where there is no reason."""

    lost: float
    stray: float
    rng: np.random.Generator

    def of(self, exposed: Flags, likely: float = 1.0) -> Flags:
        """The sign of what is ``exposed``; it stands by itself with the chance ``stray x likely``."""
        lot = self.rng.random(len(exposed))
        return np.where(exposed, lot >= self.lost, lot < self.stray * likely)

    def kept(self, exposed: Flags) -> Flags:
        """The sign of something that nobody takes for it: it can only be lost."""
        return exposed & (self.rng.random(len(exposed)) >= self.lost)


def tell_browsing(cast: Cast, showing: Showing, signs: Signs) -> list[Draft]:
    """What happens up to the cart."""
    return [*_home(cast, showing, signs.rng), *_rounds(cast), *_looks(cast, signs)]


def currency() -> str:
    """The end of every property list with a price."""
    return ',"currency":"IDR"'


def _home(cast: Cast, showing: Showing, rng: np.random.Generator) -> list[Draft]:
    here = np.flatnonzero(cast.visits.home)
    load = load_times(cast.world, cast.visits.person[here], rng)
    slate = showing.slate[here]
    there = slate >= 0
    shown = lists(pick(cast.shelf.short, slate[there]), there.sum(axis=1))
    page = join('"name":"Home","load_ms":', number(load))
    listed = join('"list_id":"home","products":[', shown, "]")
    return [Draft("home", here, np.zeros_like(here), page, "/"), Draft("list", here, np.ones_like(here), listed, "/")]


def _rounds(cast: Cast) -> list[Draft]:
    rounds, shelf = cast.browsing.rounds, cast.shelf
    base = ROUND * (1 + rounds.number)
    at = np.flatnonzero(rounds.query >= 0)
    asked = rounds.query[at]
    results = np.where(rounds.empty[at], 0, np.maximum(cast.world.queries.results[asked], 1))
    typed = pick(shelf.query, asked)
    search = Draft(
        "search", rounds.visit[at], base[at], join('"query":', typed, ',"results":', number(results)), "/cari"
    )
    full = np.flatnonzero(~rounds.empty)
    kind = rounds.category[full]
    searched = rounds.query[full] >= 0
    shown = pick(shelf.page, kind * cast.world.pages.shape[1] + rounds.page[full])
    listed = join('"category":', pick(shelf.category, kind), ',"products":[', shown, "]")
    with_query = where(searched, join(',"query":', pick(shelf.query, np.maximum(rounds.query[full], 0))))
    path = pa.compute.if_else(pa.array(searched), "/cari", pick(shelf.category_path, kind))
    return [search, Draft("list", rounds.visit[full], base[full] + 2, join(listed, with_query, currency()), path)]


def _looks(cast: Cast, signs: Signs) -> list[Draft]:
    looks, shelf, rng = cast.browsing.looks, cast.shelf, signs.rng
    path = pick(shelf.path, looks.product)
    described = join(pick(shelf.product, looks.product), currency())
    spot = join(described, ',"position":', number(looks.position))
    known = signs.of(looks.gone & ~looks.added, 0.1)
    viewed = join(spot, where(known, ',"availability":"out_of_stock"'))
    doubts = np.array([kind.doubt for kind in categories()])[cast.world.goods.category[looks.product]]
    guide = np.flatnonzero(rng.random(len(looks.visit)) < 0.15 * doubts)
    wish = np.flatnonzero(~looks.added & (rng.random(len(looks.visit)) < _WISH))
    added = np.flatnonzero(looks.added)
    amount = join(described.take(pa.array(added)), ',"quantity":', number(looks.quantity[added]))
    return [
        Draft("click", looks.visit, looks.order, spot, where(looks.home, "/", "/cari")),
        Draft("view", looks.visit, looks.order + 1, viewed, path),
        _some("guide", cast, guide, 2, described, path),
        _some("wish", cast, wish, 2, described, path),
        Draft("add", looks.visit[added], looks.order[added] + 3, amount, path.take(pa.array(added))),
    ]


def _some(kind: str, cast: Cast, at: Ints, later: int, properties: pa.Array, path: pa.Array) -> Draft:
    looks, chosen = cast.browsing.looks, pa.array(at)
    return Draft(kind, looks.visit[at], looks.order[at] + later, properties.take(chosen), path.take(chosen))
