"""What people were shown lately, for the limits of "served, not watched". In memory, of the latest people alone."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

DAY: Final = 86_400_000_000
_MOST_PRODUCTS: Final = 200  # of one person


class _Theirs(NamedTuple):
    shown: dict[str, tuple[int, int]]
    """Product -> how often, and since when (microseconds)."""
    offers: list[int]
    """When an offer was given."""


class Served:
    """Counts by person; those who came longest ago go first where there are too many. One thread uses it.

    Args:
        most: people remembered.
    """

    def __init__(self, most: int = 200_000) -> None:
        self._most = most
        self._of: OrderedDict[int, _Theirs] = OrderedDict()

    def show(self, subject: int, products: Iterable[str], now: int, days: int) -> None:
        """These were put before the person."""
        shown = self._theirs(subject).shown
        for product in products:
            count, since = shown.get(product, (0, now))
            shown[product] = (1, now) if now - since > days * DAY else (count + 1, since)
        while len(shown) > _MOST_PRODUCTS:
            del shown[next(iter(shown))]

    def tired(self, subject: int, most: int, days: int, now: int) -> list[str]:
        """What was put before the person too often."""
        theirs = self._of.get(subject)
        if theirs is None or not most:
            return []
        return [one for one, (count, since) in theirs.shown.items() if count >= most and now - since <= days * DAY]

    def clicked(self, subject: int, products: Collection[str]) -> None:
        """The person turned to these: whatever they were shown of them before is forgotten."""
        theirs = self._of.get(subject)
        if theirs is not None:
            for product in products:
                theirs.shown.pop(product, None)

    def give(self, subject: int, now: int) -> None:
        """The person got an offer."""
        self._theirs(subject).offers.append(now)

    def given(self, subject: int, days: int, now: int) -> int:
        """How many offers the person got within so many days."""
        theirs = self._of.get(subject)
        if theirs is None:
            return 0
        theirs.offers[:] = [one for one in theirs.offers if now - one <= days * DAY]
        return len(theirs.offers)

    def drop(self, subjects: Sequence[int] | set[int]) -> None:
        """Forget people."""
        for one in subjects:
            self._of.pop(one, None)

    def _theirs(self, subject: int) -> _Theirs:
        theirs = self._of.get(subject)
        if theirs is None:
            theirs = self._of[subject] = _Theirs({}, [])
            if len(self._of) > self._most:
                self._of.popitem(last=False)
        else:
            self._of.move_to_end(subject)
        return theirs
