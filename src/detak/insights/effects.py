"""What removing each reason would bring back, and which carts it is to blame for: the models, fitted together."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np

from detak.estimates.causal import Removal, Study, evalue, removal, strengths
from detak.estimates.inference import Estimate
from detak.insights.blame import Blame, blame
from detak.insights.cart_strata import REASONS, STATE, UNKNOWN, Floats, Strata
from detak.insights.carts import ORDERED
from detak.insights.losses import Losses, losses, presence, scale

_MADE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "shipping_cost": ("worth", "province", "pieces"),
    "slow_page": ("speed",),
}
"""What a sign is made of: it says nothing of how strong an unseen trait may be."""


@dataclass(frozen=True)
class Effect:
    """What there would be without a reason."""

    orders: Estimate
    """More orders."""
    money: Estimate
    """Their value, minor units."""
    unadjusted: float
    """The orders that a plain comparison promises: carts with the sign against those that came as far without it."""
    evalue: float
    """How much likelier an unseen trait must make both the reason and leaving, to explain all of it away."""
    evalue_low: float
    """The same, to bring the interval to nothing; 1: it holds nothing already."""
    strongest: str | None
    """The trait of ``STATE`` that would have misled most, had it not been seen."""
    hidden: tuple[float, float] | None
    """Between which the orders lie if an unseen trait misleads as much as that one would."""


@dataclass(frozen=True)
class Findings:
    """Everything that is learnt of why carts are left."""

    losses: Losses
    effects: Mapping[str, Effect]
    """By reason; without those that too few carts tell of."""
    blame: Blame


def findings(strata: Strata, again: int, unseen: int) -> Findings:
    """Fit everything. ``again`` and ``unseen``: as of ``losses.losses``."""
    lost = losses(strata, again, unseen)
    effects: dict[str, Effect] = {}
    there: dict[str, Floats] = {}
    for reason, first in REASONS.items():
        came = strata.stage >= first
        study = _study(strata.only(came), reason)
        found = removal(study)
        share = float(study.cases @ study.exposed) / max(float(study.cases @ study.known), 1.0)
        chance = np.full(len(strata.carts), share)
        if found is not None:
            chance[came] = found.propensity
            effect = _effect(strata.only(came), study, found, (reason, scale(strata, reason, lost.lost[reason])))
            if effect is not None:
                effects[reason] = effect
        there[reason] = presence(strata.signs[reason], chance, lost.lost[reason]) * came
    return Findings(lost, effects, blame(strata, there))


def _study(came: Strata, reason: str) -> Study:
    """Carts that came far enough, alike in their state and in the signs that show by then."""
    others = [name for name, first in REASONS.items() if name != reason and first <= REASONS[reason]]
    levels = np.column_stack([came.state, *[came.signs[name] for name in others]])
    sign = came.signs[reason]
    sizes = (*came.sizes, *[UNKNOWN + 1] * len(others))
    return Study(came.carts, sign != UNKNOWN, sign == 1, came.stage == ORDERED, levels, sizes)


def _effect(came: Strata, study: Study, found: Removal, of: tuple[str, float]) -> Effect | None:
    reason, factor = of
    if not isfinite(factor) or not isfinite(found.ratio.value):
        return None
    each = came.value / came.carts
    paid = found.per_case * each
    n = float(study.cases @ study.known)
    money = float(study.cases @ paid)
    error = float(np.sqrt(study.cases @ (study.known * (paid - money / n) ** 2))) * 1.96
    low = found.ratio.low
    strongest, hidden = _hidden(study, found, reason)
    return Effect(
        Estimate(*(factor * value for value in found.gained)),
        Estimate(*(factor * value for value in (money, money - error, money + error))),
        _unadjusted(study),
        evalue(found.ratio.value),
        evalue(low) if low > 1 else 1.0,
        strongest,
        hidden and (hidden[0] * factor, hidden[1] * factor),
    )


def _hidden(study: Study, found: Removal, reason: str) -> tuple[str | None, tuple[float, float] | None]:
    """The strongest trait seen, and what is left of the effect, and what it may be, if one as strong was not."""
    usable = [at for at, name in enumerate(STATE) if name not in _MADE_OF.get(reason, ())]
    strong = strengths(study).tolist()
    at = max(usable, key=lambda one: strong[one])
    if strong[at] <= 1:
        return None, None
    had = float(study.cases @ (study.exposed & study.outcome))
    ratio = found.ratio.value
    return STATE[at], (had * (ratio / strong[at] - 1), had * (ratio * strong[at] - 1))


def _unadjusted(study: Study) -> float:
    exposed = float(study.cases @ study.exposed)
    bare = study.known & ~study.exposed
    with_it = float(study.cases @ (study.exposed & study.outcome)) / exposed
    return exposed * (float(study.cases @ (bare & study.outcome)) / float(study.cases @ bare) - with_it)
