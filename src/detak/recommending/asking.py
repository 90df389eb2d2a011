"""What may be asked of recommendation, and what comes back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from detak.subject import Identifier
from detak.trust.passages import Visitor

FOR_YOU: Final = "for_you"
"""The shelf for a person, by the best recommender there is."""
BESIDE: Final = "beside"
"""What goes beside a product, whoever looks at it: people's visits first, then what products are like."""
NEWEST: Final = "newest"
"""What the shop listed last: where nothing else is known."""
AS_SENT: Final = "as_sent"
"""In a list that was to be ranked, a product that nothing is known of."""
BY_RULE: Final = "rules"
"""Of a product that no recommender named: it is pinned, or a quota wants it."""


@dataclass(frozen=True)
class Ask:
    """What is asked for. ``k`` products at most."""

    identifiers: Sequence[Identifier] = ()
    session: Sequence[str] = ()
    """Products that the person looked at by the asker's word, oldest first; kept nowhere."""
    k: int = 10
    shelf: str = FOR_YOU
    """``for_you``, ``newest``, or a recommender by its name."""
    product: str | None = None
    """The product on whose page it stands."""
    category: str | None = None
    """Only products whose category path has this step, capitals aside."""
    province: str | None = None
    city: str | None = None
    exclude: Collection[str] = ()
    among: Sequence[str] | None = None
    """Only these, brought into order; None: any."""
    trusted: bool = True
    """Whether whoever asks may name anybody; else a user counts only beside a device that is known to be theirs."""
    again: bool = False
    """Whether what the person touched already may come again."""
    placement: str | None = None
    """Where it is shown: the rules that the shop laid down for that place hold; None: no such rules."""


class Pick(msgspec.Struct, frozen=True):
    """A product of an answer, and why it is there."""

    product_id: str
    score: float
    """Compares with others of the same ``by``."""
    by: str
    """The recommender that says so."""
    because: str | None = None
    """The product of the history that speaks for it most."""
    rules: tuple[str, ...] = ()
    """The shop's rules that had it stand where it stands."""


@dataclass(frozen=True)
class Recommended:
    """Products, best first."""

    items: list[Pick]
    model_version: str
    cold: bool
    """Whether nothing of the person stood behind it: what every new visitor is shown."""
    visitor: Visitor = field(repr=False)
    """Who asked, as the gate answered."""
