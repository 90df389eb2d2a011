"""Popular: what was touched most, all in all. The last resort, and a yardstick for all others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from detak.recommend.base import Floats, History, Interactions, Ints32, Scored, Situation
from detak.recommend.best import unexplained


@dataclass(frozen=True)
class PopularModel:
    """How much each product was touched, by the weight of the touches."""

    weight: Floats

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:
        """The most touched; the same for everyone."""
        del history, situation
        return unexplained(self.weight, k, exclude)

    def scores(self, histories: Interactions) -> Floats:
        """The same row for everyone."""
        return np.tile(self.weight, (histories.people, 1))

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The weights."""
        return {"weight": self.weight}


@dataclass(frozen=True)
class Popular:
    """Counts touches."""

    recommender: ClassVar[str] = "popular"

    def fit(self, data: Interactions) -> PopularModel:
        """Add the weights up."""
        return PopularModel(np.bincount(data.item, data.weight, len(data.items)).astype(np.float32))

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> PopularModel:
        """From the weights."""
        return PopularModel(arrays["weight"])
