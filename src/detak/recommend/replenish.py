"""Due again: when is this person likely to buy this product once more?

The hazard of a repeat purchase in each stretch of time since the last, by how often the person bought the product so
far, as in a life table (Cutler and Ederer 1958): spells that go on are counted as far as they are known. What a product
has too little of its own to say on it takes from its category, and that from the shop: a gamma frailty for how much it
is bought again (Clayton 1978), and a beta prior for when, whose strengths are those of the highest marginal likelihood.
A person's own pace and eagerness are read from their history when asked, and shrunk. Chances are set right against the
last weeks of the data (Platt 1999). On repeat purchases in shops: Bhagat et al., "Buy It Again: Modeling Repeat
Purchase Recommendations" (KDD 2018).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, gammaln, logit

from detak.recommend.base import NOBODY, Floats, History, Interactions, Ints, Ints32, Scored, Situation
from detak.recommend.content import Kind
from detak.recommend.neighbours import nothing, ranked
from detak.recommend.spells import DAY, EDGES, STRATA, STRETCHES, Doubles, Exposure, Spells, exposure, spells

STRENGTHS: Final = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0)
"""Prior spells, or prior purchases, that are tried."""
_HIGHEST: Final = 0.9
_AS_IT_IS: Final = np.array([0.0, 1.0])
_ASKED: Final = 1_000  # people that chances are set right by
_ENOUGH: Final = 50  # purchases that it takes
_OWN_PACE: Final = 8.0  # spells of one's own that weigh as much as the product's
_EAGER: Final = 3.0  # purchases expected that weigh as much as everybody's eagerness


@dataclass(frozen=True)
class Rhythm:
    """The model. ``climb[table[i]]`` is the cumulative hazard of product i by stratum at each of ``EDGES``, ``pace[i]``
    the mean logarithm of days between its purchases; log-odds x are set right to ``right[0] + right[1] * x``.
    """

    table: Ints32
    climb: Floats
    pace: Floats
    right: Doubles
    horizon: float

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """See ``Model``."""
        return {"table": self.table, "climb": self.climb, "pace": self.pace, "right": self.right}

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:
        """See ``Model``. The score is the probability that the product is bought within the horizon. Only products that
        the person bought; nothing where times are unknown."""
        item, chance, _ = self.chances(history, situation.now)
        if not len(item):
            return nothing()
        return ranked(item, chance, np.full(len(item), NOBODY, np.int32), k, exclude)

    def due(self, history: History, now: int, least: float = 0.02) -> Ints32:
        """Products that it is time for: bought within the horizon with a chance of ``least``, and longer ago than after
        a quarter of the purchases that ever follow."""
        item, chance, reached = self.chances(history, now)
        return item[(chance >= least) & (reached >= 0.25)]

    def chances(self, history: History, now: int) -> tuple[Ints32, Floats, Floats]:
        """Of each product the person bought: the chance to buy it within the horizon, and which part of those who ever
        buy it again has done so by now."""
        bought = (history.item < len(self.table)) & (history.item >= 0) & (history.time > 0)
        if history.kind is not None:
            bought &= history.kind == Kind.BUY
        now = now or int(history.time.max(initial=0))
        bought &= history.time <= now
        item, time = history.item[bought], history.time[bought]
        found = spells(np.zeros(len(item), np.int32), item, time, now)
        pace = self._pace(found)
        start = self._climbed(found, 0 * found.days)
        here, ahead, all_ = (
            self._climbed(found, days / pace) - start
            for days in (found.days, found.days + self.horizon, np.full(len(found.days), EDGES[-1]) * pace)
        )
        eager = (found.again.sum() + _EAGER) / (here.sum() + _EAGER)
        open_ = ~found.again
        chance = expit(self.right[0] + self.right[1] * _odds(-np.expm1(-eager * (ahead - here)[open_])))
        reached = np.divide(-np.expm1(-here), -np.expm1(-all_), out=np.zeros(len(here)), where=all_ > 0)[open_]
        return found.item[open_], chance.astype(np.float32), reached.astype(np.float32)

    def _pace(self, found: Spells) -> Doubles:
        """For each spell how much slower the person is with its product than others: from their own spells of it."""
        own = np.where(found.again, np.log(np.maximum(found.days, 0.5)) - self.pace[found.item], 0.0)
        _, which = np.unique(found.item, return_inverse=True)
        count = np.bincount(which, found.again)
        told = np.bincount(which, own) / (count + _OWN_PACE)
        return np.asarray(np.exp(np.clip(told, -1.5, 1.5))[which])

    def _climbed(self, found: Spells, days: Doubles) -> Doubles:
        """The cumulative hazard of each spell's product and stratum after so many days, straight between the edges."""
        at = np.clip(np.searchsorted(EDGES, days, side="right") - 1, 0, STRETCHES - 1)
        part = np.clip((days - EDGES[at]) / np.diff(EDGES)[at], 0, 1)
        table = self.table[found.item]
        low, high = self.climb[table, found.stratum, at], self.climb[table, found.stratum, at + 1]
        return np.asarray(low + part * (high - low), np.float64)


@dataclass(frozen=True)
class Replenish:
    """Chances are for the next ``horizon`` days."""

    recommender: ClassVar[str] = "replenish"
    again: ClassVar[bool] = True
    """What it recommends the person knows: whoever leaves that out leaves out everything."""

    horizon: float = 14.0

    def fit(self, data: Interactions) -> Rhythm:
        """See ``Recommender``. Where it is not known what touches were, all are taken for purchases."""
        end = int(data.time.max(initial=0))
        before = end - int(self.horizon * DAY)
        right = _set_right(self._fitted(data, before, _AS_IT_IS), data, before) if len(data.time) else _AS_IT_IS
        return self._fitted(data, end, right)

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Rhythm:
        """See ``Recommender``."""
        return Rhythm(arrays["table"], arrays["climb"], arrays["pace"], arrays["right"], self.horizon)

    def _fitted(self, data: Interactions, end: int, right: Doubles) -> Rhythm:
        """From what was known at ``end``: the shop, then categories, then the products that anybody bought again, each
        drawn to the one before it."""
        bought = _purchases(data) & (data.time <= end)
        found = spells(data.person[bought], data.item[bought], data.time[bought], end)
        items = len(data.items)
        kinds = (data.content.kinds if data.content else np.full(items, -1)).astype(np.int64)
        shop = exposure(found, np.zeros(len(found.item), np.int64), 1)
        whole = np.divide(shop.bought, shop.at_risk, out=np.zeros_like(shop.bought), where=shop.at_risk > 0)
        whole = np.minimum(_stepped(whole, shop), _HIGHEST)
        count = int(kinds.max(initial=-1)) + 1
        by_kind = drawn(exposure(found, kinds[found.item], count), np.repeat(whole, count, axis=0))
        own = np.unique(found.item[found.again])
        place = np.full(items, -1, np.int64)
        place[own] = np.arange(len(own))
        above = np.concatenate([by_kind, whole])[kinds[own]]  # -1, no category: the shop, which stands last
        by_item = drawn(exposure(found, place[found.item], len(own)), above)
        table = np.where(place >= 0, place, len(own) + np.where(kinds >= 0, kinds, count)).astype(np.int32)
        hazard = np.concatenate([by_item, by_kind, whole])
        climb = np.zeros((*hazard.shape[:2], STRETCHES + 1), np.float32)
        climb[:, :, 1:] = np.cumsum(-np.log1p(-hazard), axis=2)
        return Rhythm(table, climb, _paces(found, items, kinds), right, self.horizon)


def _purchases(data: Interactions) -> NDArray[np.bool_]:
    """Rows that are purchases of a known time."""
    known = data.time > 0
    return known if data.details is None else known & (data.details.kind == Kind.BUY)


def _set_right(model: Rhythm, data: Interactions, before: int) -> Doubles:
    """Intercept and slope under which what was bought after ``before`` is most likely, from a model that ends there."""
    person, bought = data.person, _purchases(data)
    asked = np.unique(person[bought & (data.time <= before)])
    asked = asked[:: max(1, len(asked) // _ASKED)]
    chances, came = [], []
    for one in asked.tolist():
        item, chance, _ = model.chances(data.of(one), before)
        rows = slice(int(data.starts[one]), int(data.starts[one + 1]))
        later = data.item[rows][bought[rows] & (data.time[rows] > before)]
        chances.append(chance)
        came.append(np.isin(item, later))
    if not chances or np.concatenate(came).sum() < _ENOUGH:
        return _AS_IT_IS
    return _logistic(_odds(np.concatenate(chances)), np.concatenate(came).astype(np.float64))


def _odds(chance: Doubles | Floats) -> Doubles:
    return np.asarray(logit(np.clip(chance.astype(np.float64), 1e-6, 1 - 1e-6)))


def _logistic(x: Doubles, y: Doubles) -> Doubles:
    """Intercept and slope of a logistic regression on one variable, by Newton's method."""
    told, columns = np.array([0.0, 1.0]), np.stack([np.ones_like(x), x])
    for _ in range(25):
        p = expit(told @ columns)
        step = np.linalg.solve((columns * (p * (1 - p))) @ columns.T + 1e-9 * np.eye(2), columns @ (y - p))
        told = told + step
        if np.abs(step).max() < 1e-9:
            break
    return told


def _stepped(hazard: Doubles, seen: Exposure) -> Doubles:
    """The shop's hazards where a stratum has nobody at risk: those of the stratum before it."""
    filled = hazard.copy()
    for stratum in range(1, STRATA):
        empty = seen.at_risk[:, stratum] < 1
        filled[:, stratum][empty] = filled[:, stratum - 1][empty]
    return filled


def drawn(seen: Exposure, above: Doubles) -> Doubles:
    """Hazards of groups, drawn to ``above``, those of what they belong to. All groups x strata x stretches."""
    if not len(seen.bought):
        return above[:0]
    expected = (seen.at_risk * above).sum(axis=(1, 2))
    bought = seen.bought.sum(axis=(1, 2))
    weight = _best([_frailty(bought, expected, one) for one in STRENGTHS])
    frailty = (bought + weight) / (expected + weight)
    prior = np.clip(above * frailty[:, None, None], 1e-6, _HIGHEST)
    told = seen.at_risk > 0
    strength = _best([_beta(seen.bought[told], seen.at_risk[told], prior[told], one) for one in STRENGTHS])
    return np.asarray(np.minimum((seen.bought + strength * prior) / (seen.at_risk + strength), _HIGHEST))


def _best(likelihood: list[float]) -> float:
    return STRENGTHS[int(np.argmax(likelihood))]


def _frailty(bought: Doubles, expected: Doubles, strength: float) -> float:
    """log P(bought | expected) with a frailty ~ Gamma(strength, strength): negative binomial, up to a constant."""
    told = gammaln(bought + strength) - gammaln(strength) + strength * np.log(strength)
    return float((told - (bought + strength) * np.log(expected + strength)).sum())


def _beta(bought: Doubles, at_risk: Doubles, prior: Doubles, strength: float) -> float:
    """log P(bought | at risk) with a hazard ~ Beta of mean ``prior``: beta-binomial, up to a constant."""
    a, b = strength * prior, strength * (1 - prior)
    missed = np.maximum(at_risk - bought, 0)
    return float((betaln(bought + a, missed + b) - betaln(a, b)).sum())


def _paces(found: Spells, items: int, kinds: Ints) -> Floats:
    """By product the mean logarithm of days between purchases, drawn to its category's and that to the shop's."""
    took, item = np.log(np.maximum(found.days[found.again], 0.5)), found.item[found.again]
    overall = float(took.mean()) if len(took) else float(np.log(30))
    kind, count = kinds[item], int(kinds.max(initial=-1)) + 1
    known = kind >= 0
    by_kind = (np.bincount(kind[known], took[known], count) + _EAGER * overall) / (
        np.bincount(kind[known], minlength=count) + _EAGER
    )
    above = np.append(by_kind, overall)[kinds]
    told = (np.bincount(item, took, items) + _EAGER * above) / (np.bincount(item, minlength=items) + _EAGER)
    return np.asarray(told, np.float32)
