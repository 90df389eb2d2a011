"""A slate as it is answered and kept: products as JSON, each with why it is there, and what is remembered of them."""

from typing import NamedTuple


class Slate(NamedTuple):
    """One placement's products."""

    slots: bytes
    """JSON, without the brackets around them."""
    reasons: bytes
    """Those that most of its worth stands on, the strongest first; as ``slots``."""
    products: list[int]
    personal: list[int]
    """Those of ``products`` that what is known of the visitor chose."""
    features: bytes
    """A byte each, 255 being 1, one product's after another's: what ``learning`` reads from the facts."""
    variant: str
    propensity: float
