"""The pages of some questions of one moment: what their placements share is looked up and scored together, and their
pages are composed together."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

from detak.decide.asking import Asked
from detak.decide.exploring import BEST, Drawn
from detak.decide.orders import Order
from detak.decide.page import Layout, compose
from detak.decide.pages import pages
from detak.decide.rows import Joined
from detak.decide.scoring import Pool
from detak.deciding.pools import Persons, Wanted
from detak.deciding.posing import Asker, Moment, Posed
from detak.deciding.shopfront import View

LIST: Final = "list"
"""The shelf of products that the shop itself named."""

Sight = tuple[str | None, View]
"""The product on whose page placements stand, and the rules that they go by."""


class Paged(NamedTuple):
    """One placement's page, and what it was made from."""

    drawn: Drawn
    persons: Persons
    bought: int
    """Products left out because they were bought lately."""
    view: View


class _There(NamedTuple):
    """What placements share that have a page and its rules in common."""

    persons: Persons
    theirs: list[int]
    shelves: list[int]


class _Planned(NamedTuple):
    view: View
    persons: Persons
    order: Order | Drawn
    """Drawn already, where the shop itself named the products."""
    bought: int = 0


class _Ways(NamedTuple):
    joined: Joined
    chance: Callable[[], float]


def paged(posed: Sequence[Posed], askers: Sequence[Asker], chance: Callable[[], float]) -> list[list[Paged]]:
    """The page of each placement of each question. There is a question.

    Args:
        posed: of one moment.
        askers: by question.
        chance: uniform on [0, 1); asked once for each page of which something may be tried, in their order.
    """
    joined = Joined()
    ways, there = _Ways(joined, chance), _looked_up(posed, askers, joined)
    planned = [
        [_planned(asked, asker, one.moment, sights, ways) for asked in one.question.placements]
        for one, asker, sights in zip(posed, askers, there, strict=True)
    ]
    orders = [[one.order for one in some if isinstance(one.order, Order)] for some in planned]
    drawn = (one for some in pages(joined.rows, orders) for one in some)
    return [
        [
            Paged(next(drawn) if isinstance(order, Order) else order, persons, bought, view)
            for view, persons, order, bought in some
        ]
        for some in planned
    ]


def _looked_up(posed: Sequence[Posed], askers: Sequence[Asker], joined: Joined) -> list[dict[Sight, _There]]:
    """For each question what its placements share, all looked up and scored together."""
    front, now = posed[0].moment.front, posed[0].moment.now
    wanted = [
        (at, product)
        for at, one in enumerate(posed)
        for product in dict.fromkeys([asked.product for asked in one.question.placements])
    ]
    found_ = front.pools.of([_wanted(askers[at], product) for at, product in wanted], now)
    persons = dict(zip(wanted, found_, strict=True))
    theirs = {key: one.all for key, one in persons.items()}
    seen: dict[View, dict[tuple[int, str | None], None]] = {}
    for at, one in enumerate(posed):
        for asked in one.question.placements:
            seen.setdefault(front.view(asked.name), {})[at, asked.product] = None
    found: list[dict[Sight, _There]] = [{} for _ in posed]
    for view, keys in seen.items():
        numbers = _scored(view, [persons[key] for key in keys], joined)
        for key in keys:
            shelves = view.shelves(numbers, joined.add, askers[key[0]].where, now)
            found[key[0]][key[1], view] = _There(persons[key], theirs[key], shelves)
    return found


def _scored(view: View, persons: Sequence[Persons], joined: Joined) -> "count[int]":
    """Put what is there for these visitors into the rows; the numbers of their shelves, visitor by visitor."""
    pools = [pool for one in persons for pool in view.personal(one)]
    return count(joined.add(view.scoring.rows(pools)) if pools else 0)


def _wanted(asker: Asker, product: str | None) -> Wanted:
    number = None if product is None else asker.naming.number(product)
    return Wanted(asker.visitor, asker.shut, asker.naming, number)


def _planned(asked: Asked, asker: Asker, moment: Moment, there: Mapping[Sight, _There], ways: _Ways) -> _Planned:
    view, number = moment.front.view(asked.name), asker.naming.number
    persons, theirs, shelves = there[asked.product, view]
    if asked.products is not None:
        return _Planned(view, persons, _reranked(asked, asked.products, view, persons, asker))
    lately = view.lately(asker.visitor.bought, moment.now)
    shut = [*asker.shut, *map(number, lately), *map(number, asked.exclude)]
    if asked.product is not None:
        shut.append(number(asked.product))
    lot = None if moment.preview else ways.chance()
    order = Order(
        asked.size, shelves, theirs, shut, view.pins(ways.joined), view.layout,
        view.exploration, lot, view.ruling, moment.now,
    )  # fmt: skip
    return _Planned(view, persons, order, len(lately))


def _reranked(asked: Asked, products: Sequence[str], view: View, persons: Persons, asker: Asker) -> Drawn:
    """The shop's own list, brought into order."""
    number = asker.naming.number
    listed = list(dict.fromkeys(map(number, products)))
    scored = view.listing.scored([Pool(LIST, listed, persons.fit(listed), leans=persons.leans)])
    shut = {number(one) for one in asked.exclude}
    return Drawn(compose(scored, Layout(asked.size, asked.size, 1.0), shut), BEST, 1.0)
