"""A question as it is answered: by whom it is asked, as far as that may be known, when, and by whose word."""

from collections.abc import Sequence
from typing import NamedTuple

from detak.decide.asking import Question
from detak.deciding.pools import Where
from detak.deciding.shopfront import Front
from detak.deciding.stock import Naming
from detak.decision import Reason
from detak.subject import Identifier
from detak.trust.passages import Visitor


class Asker(NamedTuple):
    """Who is asking, as far as it may be known, and in which situation."""

    visitor: Visitor
    where: Where
    minor: bool
    shut: frozenset[int]
    notes: tuple[Reason, ...]
    """What guardrails kept away."""
    naming: Naming


class Moment(NamedTuple):
    """When, from what, and by whose word a question is answered."""

    front: Front
    now: int
    """Microseconds since 1970, UTC."""
    server: bool
    """Whether the shop's own server asks: then for whomever it names."""
    refused: int = 0
    """Purposes that were refused with the question itself; bits."""
    preview: bool = False
    """Nothing is tried, and nothing remembered."""


class Posed(NamedTuple):
    """A question, and when and by whose word it is answered."""

    question: Question
    moment: Moment
    identifiers: Sequence[Identifier]
    """Who is asking, as the question says."""
