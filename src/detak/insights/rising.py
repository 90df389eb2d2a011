"""What rises and what falls: counts of two stretches of time, compared with how all of them together moved."""

from collections.abc import Sequence
from typing import NamedTuple

import scipy

from detak.estimates.inference import Estimate, discoveries, wilson


class Change(NamedTuple):
    """How often one thing is counted now for each time before, over the same of everything."""

    ratio: Estimate
    """1: it moved as everything did."""
    notable: bool
    """Whether that is believed among so many comparisons (Benjamini and Hochberg, 5%)."""


def changes(counts: Sequence[tuple[int, int]], now: int, before: int) -> list[Change | None]:
    """The change of each ``(now, before)``; None where nothing is known of it, or of all.

    Of so many, the part that is now is binomial; without a change it is everything's part (the conditional test of two
    Poisson rates, Przyborowski and Wilenski 1940). Intervals are Wilson's, 95%.
    """
    if not now or not before:
        return [None] * len(counts)
    share = now / (now + before)
    p_values = [_p_value(one[0], sum(one), share) if sum(one) else 1.0 for one in counts]
    believed = discoveries(p_values)
    return [
        Change(_ratio(one[0], sum(one), now / before), notable) if sum(one) else None
        for one, notable in zip(counts, believed, strict=True)
    ]


def _p_value(now: int, both: int, share: float) -> float:
    """Two-sided, as twice the smaller tail."""
    return float(min(1.0, 2 * min(scipy.special.bdtr(now, both, share), scipy.special.bdtrc(now - 1, both, share))))


def _ratio(now: int, both: int, everything: float) -> Estimate:
    """Odds of being now rather than before, over those of everything. Nothing before: without an upper bound."""

    def odds(part: float) -> float:
        return part / (1 - part) / everything if part < 1 else float("inf")

    part = wilson(now, both)
    # Half a count on each side keeps the value finite where one of them is nothing.
    value = (now + 0.5) / (both - now + 0.5) / everything if now in (0, both) else odds(part.value)
    return Estimate(value, odds(part.low), odds(part.high))
