"""Trials whose truth is known, for it was planted."""

import numpy as np

from detak.uplift.base import Floats, Trial


def planted(people: int = 3000, *, seed: int = 3, varies: float = 1.0, share: float = 0.5) -> tuple[Trial, Floats]:
    """A trial and each person's true effect: feature 0 says who acts anyway, feature 1 whom the treatment moves."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(people, 5))
    base = 1 / (1 + np.exp(-(features[:, 0] - 1)))
    effect = np.clip(0.05 + 0.12 * varies * features[:, 1], -base, 1 - base)
    treated = random.random(people) < share
    outcome = (random.random(people) < base + effect * treated).astype(np.float64)
    return Trial(features, treated, outcome, np.full(people, share)), effect


def spent(people: int = 2000, *, seed: int = 4) -> tuple[Trial, Floats]:
    """The same with money: an outcome of any size."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(people, 4))
    effect = 2.0 + 3.0 * features[:, 1]
    treated = random.random(people) < 0.5
    outcome = 10 + 4 * features[:, 0] + effect * treated + random.normal(size=people)
    return Trial(features, treated, outcome, np.full(people, 0.5)), effect
