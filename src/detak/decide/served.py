"""What people were shown and offered lately, for the limits of "served, not watched". In memory, of the latest people
alone."""

from collections import Counter, OrderedDict
from collections.abc import Collection, Sequence
from typing import Final

from detak.decide.offers import Choice
from detak.decide.rulebook import OfferRules

DAY: Final = 86_400_000_000
_MOST_PRODUCTS: Final = 200  # of one person


class _Theirs:
    __slots__ = ("choice", "offers", "often", "shown")

    def __init__(self) -> None:
        self.shown: dict[str, tuple[int, int]] = {}  # product -> how often, and since when (microseconds)
        self.often = 0  # none of them oftener
        self.offers: list[int] = []  # days on which an offer was given, since 1970
        self.choice: tuple[int, OfferRules, Choice] | None = None  # the last day's, and the rules that it went by

    def meet(self, products: Sequence[str], now: int) -> None:
        """See these for the first time."""
        self.shown, self.often = dict.fromkeys(products, (1, now)), 1
        if len(self.shown) < len(products):
            often = Counter(products)
            self.shown.update({one: (many, now) for one, many in often.items() if many > 1})
            self.often = max(often.values())

    def count(self, products: Sequence[str], now: int, begin: int) -> None:
        """See these, whatever was seen before; what began before ``begin`` begins anew."""
        shown, often, once = self.shown, self.often, (1, now)
        for product in products:
            before = shown.get(product)
            if before is None or before[1] < begin:
                shown[product] = once
            else:
                often = max(often, before[0] + 1)
                shown[product] = (before[0] + 1, before[1])
        self.often = max(often, 1)

    def adopt(self, other: "_Theirs") -> None:
        """What they were offered under another number. What was settled that day under this one stands."""
        self.offers = sorted({*self.offers, *other.offers})
        if other.choice is not None and (self.choice is None or other.choice[0] > self.choice[0]):
            self.choice = other.choice


class Served:
    """Counts by person; those who came longest ago go first where there are too many. One thread uses it.

    Args:
        most: people remembered.
    """

    def __init__(self, most: int = 200_000) -> None:
        self._most = most
        self._of: OrderedDict[int, _Theirs] = OrderedDict()

    def show(self, subject: int, products: Sequence[str], now: int, days: int) -> None:
        """These were put before the person."""
        theirs = self._theirs(subject)
        if theirs.shown:
            theirs.count(products, now, now - days * DAY)
        else:
            theirs.meet(products, now)
        shown = theirs.shown
        while len(shown) > _MOST_PRODUCTS:
            del shown[next(iter(shown))]

    def tired(self, subject: int, most: int, days: int, now: int) -> list[str]:
        """What was put before the person too often."""
        theirs = self._of.get(subject)
        if theirs is None or not most or theirs.often < most:
            return []
        return [one for one, (count, since) in theirs.shown.items() if count >= most and now - since <= days * DAY]

    def clicked(self, subject: int, products: Collection[str]) -> None:
        """The person turned to these: whatever they were shown of them before is forgotten."""
        theirs = self._of.get(subject)
        if theirs is not None:
            for product in products:
                theirs.shown.pop(product, None)

    def give(self, subject: int, day: int) -> bool:
        """The person got an offer that day; whether it was the first of the day."""
        offers = self._theirs(subject).offers
        if day in offers:
            return False
        offers.append(day)
        return True

    def given(self, subject: int, days: int, day: int) -> list[int]:
        """On which of the latest ``days`` days, ``day`` the last of them, the person got an offer."""
        theirs = self._of.get(subject)
        if theirs is None:
            return []
        theirs.offers[:] = [one for one in theirs.offers if day - one < days]
        return theirs.offers

    def settle(self, subject: int, day: int, rules: OfferRules, choice: Choice) -> None:
        """What the person is offered, or not, for the rest of the day, as long as the rules stay."""
        self._theirs(subject).choice = day, rules, choice

    def settled(self, subject: int, day: int, rules: OfferRules) -> Choice | None:
        """What was settled for the person on that day by these rules."""
        theirs = self._of.get(subject)
        if theirs is None or theirs.choice is None:
            return None
        when, by, choice = theirs.choice
        return choice if when == day and (by is rules or by == rules) else None

    def adopt(self, person: int, others: Collection[int]) -> None:
        """These are the person's, too: what they were offered before they signed in stays theirs that day."""
        known = [theirs for one in others if (theirs := self._of.get(one)) is not None]
        for theirs in known:
            self._theirs(person).adopt(theirs)

    def drop(self, subjects: Sequence[int] | set[int]) -> None:
        """Forget people."""
        for one in subjects:
            self._of.pop(one, None)

    def _theirs(self, subject: int) -> _Theirs:
        theirs = self._of.get(subject)
        if theirs is None:
            theirs = self._of[subject] = _Theirs()
            if len(self._of) > self._most:
                self._of.popitem(last=False)
        else:
            self._of.move_to_end(subject)
        return theirs
