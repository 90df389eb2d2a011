"""Choosing the settings of each model by what people touched next, which it was not told."""

from dataclasses import replace
from typing import Final

import numpy as np
from scipy import sparse

from detak.recommend.base import Floats, Interactions, Ints, Ints32
from detak.recommend.ease import Ease
from detak.recommend.followed import Followed, weighed
from detak.recommend.links import DEPTH, Links
from detak.recommend.pairs import ByItem
from detak.recommend.parts import Members, fitted
from detak.recommend.ranker import gain

_DECAYS: Final = (0.2, 0.4, 0.6, 0.8, 0.95)
_WANTED: Final = (0.0, 0.25, 0.5)
_PEOPLE: Final = 1_500  # that a setting is tried on
_NOT_FOUND: Final = 2**31


def tuned(
    members: Members, told: Interactions, asked: Interactions, target: Ints32, again: bool
) -> tuple[Members, dict[str, Links], dict[str, float]]:
    """The members as they do best on ``target``, fitted on ``told``, and the NDCG@10 of each.

    Each setting is tried on the same sample of ``asked``. ``again``: products of the history count as suggestions.
    """
    some = np.sort(np.random.default_rng(0).permutation(asked.people)[:_PEOPLE])
    trial = _Trial(asked.only(some), target[some], again)
    touches = ByItem.of(told)
    heard = touches.only(np.unique(trial.asked.last(DEPTH).item))  # no other rows are looked at
    chosen = {name: trial.weighed(one, heard) for name, one in members.items()}
    links: dict[str, Links] = {}
    found: dict[str, float] = {}
    for name, one in fitted(chosen, told, touches).items():
        found[name], links[name] = trial.paced(one) if chosen[name] is members[name] else (trial.gain(one), one)
    return {name: replace(one, decay=links[name].decay) for name, one in chosen.items()}, links, found


class _Trial:
    """The people that settings are tried on."""

    def __init__(self, asked: Interactions, target: Ints32, again: bool) -> None:
        self.asked, self.target, self.again = asked, target, again
        pairs = np.unique(asked.person.astype(np.int64) * len(asked.items) + asked.item)
        self.had = np.divmod(pairs, max(1, len(asked.items)))

    def weighed(self, one: Followed | Ease, touches: ByItem) -> Followed | Ease:
        """The member at the pace, and with so much of the suggested one's popularity taken out, as did best.

        How fast histories fade is chosen with the popularity taken out by default, then that at the chosen pace.
        """
        if isinstance(one, Ease) or one.further:
            return one
        # The defaults come first: nothing else is chosen without a reason.
        tried = [replace(one, wanted=wanted) for wanted in dict.fromkeys((one.wanted, *_WANTED))]
        weights = weighed(tried, touches)
        decay = self.paced(Links(weights[0], one.decay))[1].decay
        best = self._first([Links(weight, decay) for weight in weights])[1]
        return replace(tried[next(at for at, kept in enumerate(weights) if kept is best.weight)], decay=decay)

    def paced(self, links: Links) -> tuple[float, Links]:
        """With histories fading as did best, and how well that did."""
        return self._first([Links(links.weight, decay) for decay in dict.fromkeys((links.decay, *_DECAYS))])

    def _first(self, tried: list[Links]) -> tuple[float, Links]:
        """The best of some, of equals the first."""
        found = [self.gain(links) for links in tried]
        at = int(np.argmax(found))
        return found[at], tried[at]

    def gain(self, links: Links) -> float:
        """NDCG@10 of these settings."""
        told = links.told(self.asked)
        row = np.arange(self.asked.people).repeat(np.diff(told.indptr))
        own = np.zeros(self.asked.people, np.float32)
        hit = told.indices == self.target[row]
        own[row[hit]] = told.data[hit]
        ahead = np.bincount(row[told.data >= own[row]], minlength=self.asked.people)
        if not self.again and len(self.had[0]):
            ahead -= self._had(told, own)
        return gain(np.where(own > 0, ahead, _NOT_FOUND))

    def _had(self, told: sparse.csr_array, own: Floats) -> Ints:
        """By person: how many products of the history stand as high as the one that is sought."""
        person, item = self.had
        value = told[person, item]
        ahead = (value >= own[person]) & (value != 0) & (item != self.target[person])
        return np.bincount(person[ahead], minlength=len(own))
