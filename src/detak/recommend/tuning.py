"""Choosing the settings of each model by what people touched next, which it was not told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import sparse

from detak.recommend.base import Floats, Interactions, Ints, Ints32
from detak.recommend.ease import Ease
from detak.recommend.followed import Followed
from detak.recommend.links import Links
from detak.recommend.ranker import gain

Members = Mapping[str, Followed | Ease]

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
    some = np.random.default_rng(0).permutation(asked.people)[:_PEOPLE]
    trial = _Trial(asked.only(np.sort(some)), target[np.sort(some)], again)
    chosen: dict[str, Followed | Ease] = {}
    links: dict[str, Links] = {}
    found: dict[str, float] = {}
    for name, one in members.items():
        chosen[name], links[name], found[name] = trial.best(one, told)
    return chosen, links, found


class _Trial:
    """The people that settings are tried on."""

    def __init__(self, asked: Interactions, target: Ints32, again: bool) -> None:
        self.asked, self.target, self.again = asked, target, again
        pairs = np.unique(asked.person.astype(np.int64) * len(asked.items) + asked.item)
        self.had = np.divmod(pairs, max(1, len(asked.items)))

    def best(self, one: Followed | Ease, told: Interactions) -> tuple[Followed | Ease, Links, float]:
        """The member with the settings that did best, what they fitted, and how well they did.

        How fast histories fade is chosen with the popularity taken out by default, then that at the chosen pace.
        """
        wanted = [0.0]
        if isinstance(one, Ease):
            weights = [one.fit(told).weight]
        else:  # the defaults come first: nothing else is chosen without a reason
            wanted = [one.wanted] if one.further else list(dict.fromkeys((one.wanted, *_WANTED)))
            weights = one.weights(told, wanted)
        paced = [Links(weights[0], decay) for decay in dict.fromkeys((one.decay, *_DECAYS))]
        found, links = self._first(paced)
        found, links = self._first([links, *(Links(weight, links.decay) for weight in weights[1:])])
        member = replace(one, decay=links.decay)
        if isinstance(member, Followed):
            member = replace(member, wanted=wanted[next(at for at, kept in enumerate(weights) if kept is links.weight)])
        return member, links, found

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
