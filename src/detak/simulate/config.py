"""What a simulated world is made from. The same configuration always makes the same world."""

import tomllib
import zlib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from detak.errors import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY_MS: Final = 86_400_000
SHOP_ZONE: Final = 7  # hours ahead of UTC: Asia/Jakarta, which has no summer time

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The few numbers that a world follows from."""

    seed: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 1
    shoppers: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 10_000
    days: Annotated[int, msgspec.Meta(ge=1, le=3_660)] = 60
    start: date = date(2026, 1, 1)
    """The first day, in the shop's zone."""
    products: Annotated[int, msgspec.Meta(ge=20, le=200_000)] = 2_000
    confounding: Annotated[float, msgspec.Meta(ge=0, le=3)] = 1.0
    """How strongly a far province goes with slow pages, low income and weak intent. 0: these are independent."""
    hidden: Annotated[float, msgspec.Meta(ge=0, le=3)] = 0.0
    """The same for a trait of the person of which no event tells."""
    lost_signals: Share = 0.07
    """How often the sign of a reason is not recorded."""
    stray_signals: Share = 0.06
    """How often such a sign is recorded where there is no such reason."""
    refusals: Share = 0.15
    """Who refuses more than the necessary."""
    bots: Share = 0.04
    """Visits of programs, for each visit of a person."""
    campaign_every: Annotated[int, msgspec.Meta(ge=0, le=366)] = 7
    """Days from one campaign to the next; 0: none."""

    def day(self, number: int) -> date:
        """The date of a day of this world, counted from 0."""
        return self.start + timedelta(days=number)

    def midnight(self, number: int) -> int:
        """When that day begins in the shop's zone: milliseconds since 1970, UTC."""
        return (self.day(number) - date(1970, 1, 1)).days * DAY_MS - SHOP_ZONE * 3_600_000


WORLDS: Final[Mapping[str, Config]] = MappingProxyType(
    {
        "plain": Config(confounding=0.0),
        "confounded": Config(confounding=1.0),
        "strongly-confounded": Config(confounding=2.0),
        "hidden": Config(confounding=1.0, hidden=1.0),
        "silent": Config(lost_signals=0.3, stray_signals=0.02),
        "noisy": Config(lost_signals=0.15, stray_signals=0.2),
    }
)
"""Named worlds, for judging what is told from events. Size and seed are set with ``msgspec.structs.replace``."""


def checked(config: Config) -> Config:
    """The configuration, once it is seen to lie within its bounds.

    Raises:
        UsageError: it does not; the message names the field and the bound.
    """
    try:
        found = msgspec.convert(msgspec.to_builtins(config), Config)
    except msgspec.ValidationError as error:
        raise UsageError(f"there is no such simulated world: {error}") from None
    if not 1990 <= found.start.year <= 2200:
        raise UsageError("there is no such simulated world: it starts between the years 1990 and 2200")
    return found


def stream(config: Config, purpose: str, *numbers: int) -> np.random.Generator:
    """Random numbers of their own for each purpose, day and block: who draws them, and in what order, is all one."""
    entropy = [config.seed, zlib.crc32(purpose.encode()), *numbers]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))


@cache
def table(name: str) -> dict[str, Any]:
    """A table of ``data/``: words, places, goods."""
    return tomllib.loads((resources.files("detak.simulate") / "data" / f"{name}.toml").read_text(encoding="utf-8"))


def sigmoid(x: Floats) -> Floats:
    """The logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30, 30))), dtype=np.float64)
