"""How often the sign of a reason is lost on its way, told from the signs whose loss can be seen.

A step of the checkout that says nothing of its load time or its shipping, a second payment without a word of what
became of the first: such gaps are counted. Signs whose absence says nothing are taken to be lost as often as these.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from detak.insights.cart_strata import REASONS, UNKNOWN, Floats, Strata

_MEASURED: Final = ("slow_page", "shipping_cost")
_CERTAIN: Final = ("coupon_refused",)
"""Told by what did not follow: nothing is lost of it."""
_ENOUGH: Final = 30  # second payments, to be counted by themselves
_USED: Final = 0.5  # a figure that is missing more often is not lost: nobody sends it


class Losses(NamedTuple):
    """What part of the signs is lost, by reason; ``None`` of those whose absence can be seen."""

    lost: Mapping[str, float | None]
    usual: float
    """Where it can be counted."""


def losses(strata: Strata, again: int, unseen: int) -> Losses:
    """From the carts, and from how many payments were made ``again``, ``unseen`` of them without a word of failure."""
    gaps = [_missing(strata, name) for name in _MEASURED]
    told = [(gap, n) for gap, n in gaps if n and gap < _USED]
    weight = sum(n for _, n in told)
    usual = sum(gap * n for gap, n in told) / weight if weight else 0.0
    lost: dict[str, float | None] = dict.fromkeys(REASONS, usual)
    lost |= dict.fromkeys(_MEASURED)
    lost |= dict.fromkeys(_CERTAIN, 0.0)
    if again >= _ENOUGH:
        lost["payment_failed"] = unseen / again
    return Losses(lost, usual)


def scale(strata: Strata, reason: str, lost: float | None) -> float:
    """By what an effect told from signs is multiplied, to be that of the reason itself.

    Where a sign is lost at random with chance ``lost`` and shows for a part ``p`` of the carts, those without it hide
    some with the reason: the effect is (1 - p) / (1 - lost - p) times what is seen. Signs that stand where there is no
    reason change nothing: they find less in more carts. (Misclassification that does not depend on the outcome: Bross
    1954, Biometrics 10:478, solved for the effect on the exposed.)
    """
    risk = strata.only(strata.stage >= REASONS[reason])
    if lost is None:
        gap, _ = _missing(strata, reason)
        return 1 / (1 - gap) if gap < 1 else float("nan")
    known = risk.signs[reason] != UNKNOWN
    share = float(risk.carts @ (risk.signs[reason] == 1) / max(risk.carts @ known, 1))
    return (1 - share) / (1 - lost - share) if share < 1 - lost else float("nan")


def presence(sign: "np.ndarray[tuple[int], np.dtype[np.int64]]", propensity: Floats, lost: float | None) -> Floats:
    """By group, the chance that the reason is there: 1 with its sign, else what may have been lost."""
    gone = lost or 0.0
    odds = propensity / np.maximum(1 - propensity, 1e-3) * gone / max(1 - gone, 1e-3)
    hidden = np.minimum(odds, 0.9)
    return np.where(sign == 1, 1.0, np.where(sign == UNKNOWN, propensity, hidden))


def _missing(strata: Strata, reason: str) -> tuple[float, float]:
    """The part of the carts that came so far of which nobody can tell, and how many came."""
    came = strata.carts * (strata.stage >= REASONS[reason])
    n = float(came.sum())
    return (float(came @ (strata.signs[reason] == UNKNOWN)) / n if n else 0.0), n
