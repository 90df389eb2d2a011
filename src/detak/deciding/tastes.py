"""What people like, over the products as they are now: how much each is liked, which kinds somebody leans to, and what
is the best of a kind. Made with each change of the shop, asked with every page."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detak.decide.appeal import EVEN, REACH, leanings
from detak.decide.goods import Floats
from detak.deciding.stock import Stock
from detak.recommend.rules import DEFAULT

_BEST: Final = 12
_FAVOURITES: Final = 3


class Tastes:
    """Arrays go by product, with a last row for any other; kinds are the categories of ``Stock.category``.

    Args:
        stock: the products.
        liked: how much those that were seen in lists are liked by whoever sees them, from 0 to 1.
    """

    def __init__(self, stock: Stock, liked: Mapping[str, float]) -> None:
        self.stock = stock
        places = stock.places
        known = {places[one]: value for one, value in liked.items() if one in places}
        self._seen = np.fromiter(known, np.int64, len(known))
        self.liked: Floats = np.full(len(stock.items) + 1, EVEN)
        self.liked[self._seen] = np.fromiter(known.values(), np.float64, len(known))

    def leans(self, histories: Sequence[Sequence[int]]) -> Floats:
        """How much more each person turns to each kind than all do, from 0 to 1, by the products that they touched;
        the last entry of a row is that of no kind."""
        known, lengths = self.kinds, [len(one) for one in histories]
        touched = np.fromiter(chain.from_iterable(histories), np.int64, sum(lengths))
        person = np.arange(len(lengths)).repeat(lengths)
        found = leanings(person, known.take(np.minimum(touched, len(known) - 1)), self.usual, len(lengths))
        if len(self.silent):
            found[:, self.silent] = EVEN
        return found

    def favourites(self, leans: Floats) -> list[int]:
        """The kinds that somebody leans to, most of all first."""
        most = (-leans).argsort(kind="stable")[:_FAVOURITES]
        return [kind for kind, lean in zip(most.tolist(), leans.take(most).tolist(), strict=True) if lean > EVEN]

    def best(self, kind: int) -> list[int]:
        """The products of a kind that are worth the most, by how much they are liked; only those that lists showed."""
        return self._best.get(kind, [])

    @cached_property
    def kinds(self) -> NDArray[np.int32]:
        """The kind of each product; none, where leaning to it is nobody's trait."""
        kinds = self.stock.category
        return np.where(self.stock.telling[kinds], np.int32(-1), kinds)

    @cached_property
    def silent(self) -> NDArray[np.int64]:
        """The kinds of which nothing is said."""
        return self.stock.telling[: len(self.usual)].nonzero()[0]

    @cached_property
    def usual(self) -> Floats:
        """The share of all touches that go to each kind; a little for one that nobody touched."""
        touched = self.stock.answering.fitted.touched
        there = self.kinds[:-1][: len(touched)]
        count = int(self.stock.category[:-1].max(initial=-1)) + 1
        weight = np.bincount(there[there >= 0], touched[there >= 0], count) + 1.0
        return np.asarray(weight / weight.sum(), np.float64)

    @cached_property
    def _best(self) -> dict[int, list[int]]:
        stock, seen = self.stock, self._seen
        seen = seen[stock.open(DEFAULT)[seen] & ~stock.sensitive[seen] & (stock.category[seen] >= 0)]
        value = (self.liked[seen] - EVEN) * REACH + np.log(stock.worth(DEFAULT)[seen])
        kind = stock.category[seen]
        order = np.lexsort((seen, -value, kind))
        kinds, first = np.unique(kind[order], return_index=True)
        ranked = np.split(seen[order], first)[1:]
        return {one: theirs[:_BEST].tolist() for one, theirs in zip(kinds.tolist(), ranked, strict=True)}
