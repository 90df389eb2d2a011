"""A chance for products that the shop has just begun to offer: nobody has touched them, so no model names them.

Some places of a shelf are theirs, and no more than those: ``New.share`` of it, spread over the shelf. A product is new
for ``New.days``, and until it has had ``New.touches``. For somebody whose touches are known it is the new products most
like these; else all of them in turn, another one every hour, so that each is shown about as often.
"""

import numpy as np

from detak.catalogue import UNKNOWN
from detak.recommend.base import NOBODY, Ints32, Scored
from detak.recommend.content import Items
from detak.recommend.ruled import Ruled, Truths
from detak.recommend.rules import New

_DAY = 86_400_000_000
_HOUR = 3_600_000_000


def newcomers(rule: New, items: Items, count: "np.ndarray[tuple[int], np.dtype[np.int64]]", now: int) -> Truths:
    """By product whether it is new at ``now`` (microseconds since 1970, UTC). ``count``: how often each was touched.

    Of a product of which it is not known since when the shop offers it, nothing is known to be new.
    """
    age = now - items.added
    return np.asarray((items.added != UNKNOWN) & (age < rule.days * _DAY) & (age >= 0) & (count < rule.touches))


def places(rule: New, k: int) -> list[int]:
    """Which places of a shelf of ``k`` are theirs, from 0: the last of each of its parts, never more than the share."""
    many = int(k * rule.share + 1e-9)
    return [round((at + 1) * k / many) - 1 for at in range(many)]


def in_turn(new: Ints32, now: int) -> Scored:
    """All of them, in an order that chance draws anew every hour."""
    order = np.random.default_rng(now // _HOUR).permutation(np.sort(new))
    return Scored(order, np.zeros(len(order), np.float32), np.full(len(order), NOBODY, np.int32))


def chosen(candidates: Scored, most: int, laid: Ruled) -> list[tuple[int, int]]:
    """The first ``most`` of the candidates, each with what speaks for it; no quota's ``at_most`` is overstepped.

    What is pinned has its place already, and counts.
    """
    pinned = [product for _, product in laid.pinned]
    limits = [limit for limit in laid.limits if limit.at_most is not None]
    taken, found = list(pinned), list[tuple[int, int]]()
    for product, because in zip(candidates.item.tolist(), candidates.because.tolist(), strict=True):
        if len(found) == most:
            break
        full = any(
            limit.group[product] >= 0
            and int((limit.group[taken] == limit.group[product]).sum()) >= (limit.at_most or 0)
            for limit in limits
        )
        if product not in taken and not full:
            taken.append(product)
            found.append((product, because))
    return found
