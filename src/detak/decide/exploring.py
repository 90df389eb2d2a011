"""Exploring, at a bounded cost: now and then another shelf stands first, with a chance that is known and logged.

Only an order that is worth almost as much as the best is tried (``most_loss``), and only for a share of the pages
(``share``), so that the expected loss stays below their product, whatever the scores are. The logged propensities are
what an order is learnt from and judged by before it is used (``learning``).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from detak.decide.page import Page

BEST: Final = "best"
EXPLORED: Final = "explored"
_SEEN: Final = 0.93  # how much less each place is looked at than the one before, until clicks say otherwise


@dataclass(frozen=True)
class Exploration:
    """How much is tried."""

    share: float = 0.1
    """Of the pages."""
    most_loss: float = 0.1
    """An order that is worth less than this much below the best one is never tried."""

    @property
    def bound(self) -> float:
        """The part of a page's value that exploring costs at most, on average."""
        return self.share * self.most_loss


class Drawn(NamedTuple):
    """A page that was drawn, how, and the chance it had."""

    page: Page
    variant: str
    propensity: float


def worth(page: Page) -> float:
    """What a page is worth: its products, each by how much its place is looked at."""
    total, look = 0.0, 1.0
    for shelf in page.shelves:
        for one in shelf:
            total += one.score * look
            look *= _SEEN
    return total


def draw(page: Page, exploration: Exploration, lot: float) -> Drawn:
    """The best page, or with a small chance one with another shelf on top. ``lot`` is uniform on [0, 1).

    All orders have the same chance of being tried, the best too; so each shown page's propensity is known exactly.
    """
    share = exploration.share
    if lot >= share or len(page.shelves) < 2:
        return Drawn(page, BEST, 1.0 if len(page.shelves) < 2 else _propensity(page, exploration, first=True))
    orders = alternatives(page, exploration)
    chosen = int(lot / share * len(orders))
    drawn = orders[min(chosen, len(orders) - 1)]
    first = drawn is page
    return Drawn(drawn, BEST if first else EXPLORED, _propensity(page, exploration, first=first))


def alternatives(page: Page, exploration: Exploration) -> list[Page]:
    """The page itself, and with each other shelf lifted to the top, where that costs little enough."""
    least = (1.0 - exploration.most_loss) * worth(page)
    rows = page.shelves
    lifted = [Page((rows[at], *rows[:at], *rows[at + 1 :])) for at in range(1, len(rows))]
    return [page, *(one for one in lifted if worth(one) >= least)]


def _propensity(page: Page, exploration: Exploration, *, first: bool) -> float:
    each = exploration.share / len(alternatives(page, exploration))
    return 1.0 - exploration.share + each if first else each
