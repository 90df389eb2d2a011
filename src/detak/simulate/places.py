"""Provinces and cities as the simulated shop sees them: how many live there, how far it is, what a parcel costs."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from detak.simulate.config import Floats, Ints, table


@dataclass(frozen=True)
class Places:
    """Arrays by city; those of a province follow one another."""

    city: tuple[str, ...]
    province: tuple[str, ...]
    share: Floats
    """Of the country's people: the province's by its population, in it by the cities' sizes. Sums to 1."""
    remote: Floats
    """0 beside the warehouse to 1."""
    shipping: Ints
    """Rupiah for the first kilogram."""
    zone: Ints
    """Hours ahead of UTC."""


@cache
def places() -> Places:
    """All of them."""
    rows = [
        (city, name, one["population"] * part / sum(one["cities"].values()), one)
        for name, one in table("places")["province"].items()
        for city, part in one["cities"].items()
    ]
    weight = np.array([row[2] for row in rows], dtype=np.float64)
    return Places(
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        weight / weight.sum(),
        np.array([row[3]["remote"] for row in rows], dtype=np.float64),
        np.array([row[3]["shipping"] for row in rows], dtype=np.int64),
        np.array([row[3]["zone"] for row in rows], dtype=np.int64),
    )
