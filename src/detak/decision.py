"""The Decision: what was shown to whom in which place, by which policy, with which chance, and why.

A recommendation, an order of products and a discount are all decisions. Each is kept before it is answered, and later
events name it (``decision_id``): measurement is that join.
"""

import os
from typing import Final

import msgspec
import pyarrow as pa

_TIME_DIGITS: Final = 12
_DIGITS: Final = 32
_RANDOM_BYTES: Final = 10
_LATEST: Final = 253_000_000_000_000_000  # microseconds: within the year 9987


class Reason(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Why: ``code`` is a key of the texts; ``about`` the product, place or rule that it names."""

    code: str
    about: str = ""


class Slot(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One product of a slate, the shelf it stands on, and what speaks for it most."""

    product_id: str
    shelf: str = ""
    reason: Reason | None = None


class Promotion(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A promise: the part of the price that is taken off, under the name of its offer and the code it is had with."""

    offer: str
    discount: float
    code: str = ""
    ends: int | None = None
    """When it holds no more, microseconds since 1970, UTC; None: it has no end."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What one placement shows. ``time`` is microseconds since 1970, UTC."""

    decision_id: str
    placement: str
    slate: list[Slot]
    promotion: Promotion | None
    variant: str
    """What chance had a hand in: ``best``, ``explored``, an arm of the holdout."""
    propensity: float
    """The chance with which this slate, of those it was drawn from, was shown."""
    reasons: list[Reason]
    """The strongest first; what guardrails took away or held back too."""
    policy: str
    model: str
    time: int
    arm: str = ""
    """Of the trial of offers; empty: none was to be had."""
    arm_propensity: float = 1.0
    """The chance, over all arms, of this offer, or of none."""


class Decided(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The decisions of one request, as the log keeps them: who asked, and what was answered.

    The identifiers travel to the sink, which knows whether they may be kept with it; facts never hold them.
    """

    user_id: str | None
    anonymous_id: str | None
    granted: int
    """Purposes that were allowed with the question itself; bits."""
    refused: int
    decisions: list[Decision] | msgspec.Raw
    features: list[bytes]
    """Of each decision, slots x features, 255 is 1: what an order is learnt from afterwards."""


DECISIONS: Final = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # what events name as decision_id
        ("subject", pa.int64()),  # null: nobody, or somebody who does not allow personalisation
        pa.field("time", pa.timestamp("us"), nullable=False),  # UTC
        pa.field("received", pa.timestamp("us"), nullable=False),  # the same moment: decisions are made here
        pa.field("source", pa.string(), nullable=False),
        pa.field("purposes", pa.int16(), nullable=False),
        ("bot", pa.string()),
        pa.field("placement", pa.string(), nullable=False),
        pa.field("policy", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("variant", pa.string(), nullable=False),
        pa.field("propensity", pa.float64(), nullable=False),
        ("offer", pa.string()),
        ("discount", pa.float64()),  # part of the price
        pa.field("arm", pa.string(), nullable=False),  # holdout, trial, chosen; empty: no offer was to be had
        pa.field("arm_propensity", pa.float64(), nullable=False),
        ("slate", pa.list_(pa.string())),  # product ids, in the order shown
        ("shelves", pa.list_(pa.string())),  # of each product, the shelf it stood on
        ("because", pa.list_(pa.string())),  # of each product, ``code about``
        ("features", pa.binary()),  # slots x features, a byte each
        ("reasons", pa.string()),  # JSON
    ]
)
"""Facts, one row a decision."""


def decision_ids(micros: int, count: int) -> list[str]:
    """Ids of decisions made at that moment (microseconds since 1970): the time, then 80 bits that nobody guesses.

    Whoever holds an id may ask what was decided under it, so it must not be told from another one.
    """
    head = f"{micros // 1000:0{_TIME_DIGITS}x}"
    drawn = os.urandom(_RANDOM_BYTES * count).hex()
    size = 2 * _RANDOM_BYTES
    return [head + drawn[at : at + size] for at in range(0, size * count, size)]


def decided_at(decision_id: str) -> int | None:
    """When a decision with that id was made, to the millisecond, in microseconds; None: it is no such id."""
    if len(decision_id) != _DIGITS:
        return None
    try:
        int(decision_id, 16)
        made = int(decision_id[:_TIME_DIGITS], 16) * 1000
    except ValueError:
        return None
    return made if made < _LATEST else None
