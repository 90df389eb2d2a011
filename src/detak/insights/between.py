"""An estimate as reports tell it: with its interval."""

import msgspec

from detak.money import Money


class Between(msgspec.Struct, frozen=True):
    """An estimate with its 95% interval."""

    value: float
    low: float
    high: float


class MoneyBetween(msgspec.Struct, frozen=True):
    """The same of money, in the shop's currency."""

    value: Money
    low: Money
    high: Money
