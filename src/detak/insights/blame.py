"""For carts left behind, how likely each reason is: hazards that add up, step by step of the way to an order.

At each step a cart is left for one of the reasons whose sign showed by then, or for none that shows. How strongly each
pulls is learnt from all carts: those with a sign that went on count as much as those that did not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from detak.insights.cart_strata import REASONS, Flags, Floats, Ints, Strata
from detak.insights.carts import CART, ORDERED

NONE: Final = "only_looking"
"""No sign tells why: just looking, or a reason that leaves no trace."""
NAMES: Final = (*REASONS, NONE)
_ROUNDS: Final = 80
_PRIOR: Final = 0.5  # carts that a level counts beside its own: rare ones stay near the others
_SMALL: Final = 1e-9


@dataclass(frozen=True)
class Blame:
    """Who is to blame."""

    chances: Floats
    """Groups x NAMES: for a cart of the group that was left, how likely each is; sums to 1. 0 where it was bought."""

    def left(self, weights: Floats) -> Floats:
        """By name: what of the weights (carts, money) was left for it."""
        return np.asarray(weights @ self.chances)

    def spread(self, carts: Floats) -> Floats:
        """By name: the relative standard error of the carts left for it.

        Of the logarithm of a hazard the observed information is that of the complete data less what is missing (Louis
        1982, JRSS B 44:226); the hazards are taken one by one.
        """
        return np.asarray(1 / np.sqrt(np.maximum(carts @ self.chances**2, _SMALL)))


@dataclass(frozen=True)
class _Steps:
    """Every step that some cart was at: rows by step and group."""

    group: Ints
    step: Ints
    carts: Floats
    left: Flags
    """At this step."""
    there: Floats
    """Rows x pulls: how likely what pulls is there."""
    reason: Ints
    """By pull: index into ``REASONS``."""


def blame(strata: Strata, presence: Mapping[str, Floats]) -> Blame:
    """Fit the hazards of leaving by expectation and maximisation, and divide what was left among the reasons.

    The hazard at a step is that of the traceless (one for each step, times a factor for each level of ``STATE``, the
    same at all steps) plus one for each reason times its ``presence``: a noisy-or with a leak (Pearl 1988; Henrion
    1989), whose causes are told apart by the EM of competing risks. A reason pulls at the step where it shows, more
    where it is worse, and may pull later. ``presence``, by reason and group, is the chance that the reason is there: 1
    with its sign.
    """
    chances = np.zeros((len(strata.carts), len(NAMES)))
    if len(strata.carts) and (strata.stage < ORDERED).any():
        steps = _steps(strata, presence)
        parts = _fit(strata, steps)
        lost = steps.left
        chances[steps.group[lost]] = parts[lost]
    return Blame(chances)


def _steps(strata: Strata, presence: Mapping[str, Floats]) -> _Steps:
    step, group = np.nonzero(strata.stage >= np.arange(CART, ORDERED)[:, None])
    pulls, reason = [], []
    for index, (name, first) in enumerate(REASONS.items()):
        chance, grade = presence[name][group], strata.severity.get(name, np.zeros(len(strata.carts), np.int64))[group]
        sure = strata.signs[name][group] == 1
        here = chance * (step == first)
        grades = np.unique(grade)
        shares = [float((strata.carts[group] * here) @ (sure & (grade == one))) for one in grades]
        for one, share in zip(grades, shares, strict=True):
            unsure = share / max(sum(shares), _SMALL)  # of what does not show nobody knows how bad it is
            pulls.append(np.where(sure, here * (grade == one), here * unsure))
        pulls.append(chance * (step > first))
        reason += [index] * (len(grades) + 1)
    there = np.column_stack(pulls)
    seen = there.any(axis=0)  # what never is there pulls at nobody
    return _Steps(group, step, strata.carts[group], strata.stage[group] == step, there[:, seen], np.array(reason)[seen])


def _fit(strata: Strata, steps: _Steps) -> Floats:
    """Rows x NAMES: the part of each in the hazard."""
    carts, left, there = steps.carts, steps.left, steps.there
    turned = np.ascontiguousarray(there.T)  # multiplied several times as fast as a view
    base = max(float(carts @ left / carts.sum()), _SMALL)
    pulls, leak = np.full(there.shape[1], base), np.full(len(carts), base)
    levels = [(steps.step, ORDERED), *((strata.state[steps.group, at], size) for at, size in enumerate(strata.sizes))]
    for _ in range(_ROUNDS):
        total = leak + there @ pulls
        exposed, fired = carts * _waited(total, left), carts * left / total
        pulls = pulls * (turned @ fired) / np.maximum(turned @ exposed, _SMALL)
        leak = _traceless(levels, fired, exposed, leak)
    pulled = there * pulls
    parts = [pulled[:, steps.reason == index].sum(axis=1) for index in range(len(REASONS))]
    hazards = np.column_stack([*parts, leak])
    return np.asarray(hazards / hazards.sum(axis=1, keepdims=True))


def _waited(total: Floats, left: Flags) -> Floats:
    """How much of the step a cart is expected to have been at risk: all of it where it went on."""
    gone = np.where(total > 1e-4, 1 / np.maximum(total, _SMALL) - 1 / np.maximum(np.expm1(total), _SMALL), 0.5)
    return np.where(left, gone, 1.0)


def _traceless(levels: list[tuple[Ints, int]], fired: Floats, exposed: Floats, leak: Floats) -> Floats:
    """The hazard without a trace, each of its factors brought to where expected equals seen, one after another."""
    seen = fired * leak
    for level, size in levels:
        got = np.bincount(level, weights=seen, minlength=size)
        due = np.bincount(level, weights=exposed * leak, minlength=size)
        leak = leak * ((got + _PRIOR) / (due + _PRIOR))[level]
    return leak
