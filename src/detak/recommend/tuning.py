"""Choosing the settings of each model by what people touched next, which it was not told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from detak.recommend.base import Floats, Interactions, Ints32
from detak.recommend.ease import Ease
from detak.recommend.followed import Followed
from detak.recommend.links import Links
from detak.recommend.ranker import gain

Members = Mapping[str, Followed | Ease]

_DECAYS: Final = (0.2, 0.4, 0.6, 0.8, 0.95)
_WANTED: Final = (0.0, 0.25, 0.5)
_CELLS: Final = 18_000_000  # people x products that a setting is tried on
_NOT_FOUND: Final = 2**31
_AT_ONCE: Final = 4_000_000
_FEWEST: Final = 100


def tuned(
    members: Members, told: Interactions, asked: Interactions, target: Ints32, again: bool
) -> tuple[Members, dict[str, Links], dict[str, float]]:
    """The members as they do best on ``target``, fitted on ``told``, and the NDCG@10 of each.

    Each setting is tried on the same sample of ``asked``. ``again``: products of the history count as suggestions.
    """
    most = max(_FEWEST, _CELLS // max(1, len(told.items)))
    some = np.random.default_rng(0).permutation(asked.people)[:most]
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

    def best(self, one: Followed | Ease, told: Interactions) -> tuple[Followed | Ease, Links, float]:
        """The member with the settings that did best, what they fitted, and how well they did."""
        sums = one.reduce(told)
        settings = [one]  # the defaults come first: nothing else is chosen without a reason
        if isinstance(one, Followed) and not one.further:
            settings += [replace(one, wanted=wanted) for wanted in _WANTED if wanted != one.wanted]
        tried = []
        for setting in settings:
            weight = setting.conclude(sums).weight
            for decay in dict.fromkeys((one.decay, *_DECAYS)):
                links = Links(weight, decay)
                tried.append((self.gain(links), replace(setting, decay=decay), links))
        found, member, links = max(tried, key=lambda row: row[0])
        return member, links, found

    def gain(self, links: Links) -> float:
        """NDCG@10 of these settings."""
        people = np.arange(self.asked.people)
        step = max(1, _AT_ONCE // max(1, len(self.asked.items)))
        places = [self._places(links, people[first : first + step]) for first in range(0, len(people), step)]
        return gain(np.concatenate(places)) if places else 0.0

    def _places(self, links: Links, people: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Floats:
        part, target = self.asked.only(people), self.target[people]
        scores = links.scores(part)
        own = scores[np.arange(len(people)), target]
        if not self.again:
            scores[part.person, part.item] = -np.inf
        return np.asarray((scores >= own[:, None]).sum(axis=1) + (own <= 0) * _NOT_FOUND)
