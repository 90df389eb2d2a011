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
            total += one[2] * look
            look *= _SEEN
    return total


def draw(page: Page, exploration: Exploration, lot: float) -> Drawn:
    """The best page, or with a small chance one with another shelf on top. ``lot`` is uniform on [0, 1).

    All orders have the same chance of being tried, the best too; so each shown page's propensity is known exactly.
    """
    if len(page.shelves) < 2:
        return Drawn(page, BEST, 1.0)
    share = exploration.share
    tops = _tops(page, exploration)
    each = share / len(tops)
    chosen = tops[min(int(lot / share * len(tops)), len(tops) - 1)] if lot < share else 0
    if chosen == 0:
        return Drawn(page, BEST, 1.0 - share + each)
    return Drawn(_lifted(page, chosen), EXPLORED, each)


def _lifted(page: Page, at: int) -> Page:
    rows = page.shelves
    return Page((rows[at], *rows[:at], *rows[at + 1 :]))


def _tops(page: Page, exploration: Exploration) -> list[int]:
    """Which shelves may stand on top: the first, and those whose lifting costs little enough.

    Lifting a shelf moves those above it down by its length: each row's worth is summed up once.
    """
    start, tops = 1.0, [0]
    above = 0.0  # what the rows so far are worth where they stand
    gained: list[float] = []  # by row, what lifting it adds
    for row in page.shelves:
        own, look = 0.0, 1.0
        for one in row:
            own += one[2] * look
            look *= _SEEN
        gained.append(own * (1.0 - start) - above * (1.0 - look))
        above += own * start
        start *= look
    least = -exploration.most_loss * above
    tops += [at for at in range(1, len(gained)) if gained[at] >= least]
    return tops
