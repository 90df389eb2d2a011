"""What is told of few people. One rule for every report: a number of people is told only where it, and what is left of
the people that it is a part of, are nobody or at least as many as the shop shows (``Shop.min_group``).

So nothing may follow from the other figures of the same report: where all parts but one are told beside their sum, the
one follows, and another is withheld with it (complementary suppression; Cox 1980, J. Am. Stat. Assoc. 75:377). What is
withheld is None, and said in words: it is never 0. Counts of orders, visits, events and things are no people.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from detak.insights import render
from detak.insights.base import Shop
from detak.words import say

_Floats = NDArray[np.float64]
_NOTHING: Final = 1e-9  # as long as rounding makes what is nothing


def few(count: int, least: int) -> bool:
    """Whether these are too few to be told of. Nobody is not: there is nobody that it would tell of."""
    return 0 < count < least


def told(count: int, least: int) -> int | None:
    """A number of people by itself."""
    return None if few(count, least) else count


def at_most(count: int, least: int) -> int:
    """The most that a number may be of which is told what ``told`` says: what is reckoned with it tells no more."""
    return least - 1 if few(count, least) else count


def part(count: int, whole: int, least: int) -> int | None:
    """Of ``whole`` people, which is told."""
    return None if few(count, least) or few(whole - count, least) else count


def parts(counts: Sequence[int], least: int, wholes: Sequence[int] | None = None) -> list[int | None]:
    """Those told of the parts of a sum that is known: what is withheld is not one part alone, nor too few together.

    Args:
        counts: the parts.
        least: as many people as are told of.
        wholes: where each is a part of other people as well, how many these are.
    """
    beside = [one - count for one, count in zip(wholes or counts, counts, strict=True)]
    shown: list[int | None] = [
        None if few(count, least) or few(rest, least) else count for count, rest in zip(counts, beside, strict=True)
    ]
    others = sorted((at for at, count in enumerate(shown) if count), key=lambda at: (-counts[at], at))
    while others and not sums_tell_nothing((counts, beside), shown, least):
        shown[others.pop()] = None
    return shown


def sums_tell_nothing(all_: Sequence[Sequence[int]], shown: Sequence[int | None], least: int) -> bool:
    """Whether the sums of each of ``all_`` may be told beside those that are ``shown`` (None: withheld)."""
    return not any(_gives_away(_hidden(one, shown), least) for one in all_)


def steps(counts: Sequence[int], least: int) -> list[int | None]:
    """Those told of people who got so far, and of them further, and so on: who turned back is a group as well."""
    shown: list[int | None] = []
    last: int | None = None
    for count in counts:
        shown.append(told(count, least) if last is None else part(count, last, least))
        last = count if shown[-1] is not None else last
    return shown


def split_steps(levels: Sequence[Sequence[int]], least: int) -> tuple[list[int | None], list[list[int | None]]]:
    """The same of everybody, and of each level: what may be told of them together, and what of each.

    A level's step follows where every other level tells that step: so two levels withhold it, or none, and what they
    withhold together goes by the rule as if they were a level. Where that cannot be, everybody's is withheld. What is
    withheld of everybody one level withholds as well: the sum of all would be it.
    """
    every = steps([sum(column) for column in zip(*levels, strict=True)], least)
    shown = [steps(one, least) for one in levels]
    for at, count in enumerate(every):
        others = [one for one, row in enumerate(shown) if row[at] is not None and not (at and row[at - 1] == 0)]
        others.sort(key=lambda one: (levels[one][at] == 0, levels[one][at], one), reverse=True)
        if count is None and others and all(row[at] is not None for row in shown):
            shown[others.pop()][at] = None
        while count is not None and others and _column_gives_away(levels, shown, at, least):
            shown[others.pop()][at] = None
        if count is not None and _column_gives_away(levels, shown, at, least):
            every[at] = None
    return every, shown


def untelling(sums: Sequence[Sequence[int]], people: Sequence[int], least: int) -> list[bool]:
    """Which of some sums of groups may be told; where not all may, those that come first.

    By adding and taking away what is told, nothing follows of too few people: neither how many a group are, nor a sum,
    nor what a sum leaves of the first.

    Args:
        sums: of each, the places of its groups in ``people``.
        people: by group, how many; that a group is nobody is taken to be known.
        least: as many as are told of.
    """
    counts = np.array(people, np.float64)
    rows = np.array([np.isin(np.arange(len(counts)), groups) & (counts > 0) for groups in sums], np.float64)
    guarded = np.vstack([np.eye(len(counts)), rows, rows[:1] - rows])
    size = np.abs(guarded) @ counts
    left = guarded[(size > 0) & (size < least)]
    basis: list[_Floats] = []
    shown = []
    for row in rows:
        new = row - sum((one * (one @ row) for one in basis), np.zeros(len(counts)))
        length = float(np.linalg.norm(new))
        if length > _NOTHING:
            new /= length
            beyond = left - np.outer(left @ new, new)
            if (np.linalg.norm(beyond, axis=1) < _NOTHING).any():
                shown.append(False)
                continue
            left, basis = beyond, [*basis, new]
        shown.append(True)
    return shown


def folded(levels: ir.Table, least: int) -> ir.Table:
    """``levels`` (``level, people`` and more, a row each) with ``small``: which of them are shown together.

    Those of few people; were they too few even together, the smallest of the others with them. A row that has ``small``
    already and is true stays so.
    """
    few_ = levels.people < least
    marked = levels.mutate(small=levels.small | few_ if "small" in levels.columns else few_)
    together = marked.people.sum(where=marked.small).over(ibis.window()).fill_null(0)
    turn = ibis.row_number().over(ibis.window(group_by=marked.small, order_by=[marked.people, marked.level]))
    joins = (together > 0) & (together < least) & (turn == 0)
    return marked.mutate(small=marked.small | joins)


def by_people(rows: ir.Table, least: int) -> ir.Table:
    """``rows`` (``level, subject`` and more) with ``small`` of their level as ``folded`` has it; who is small loses the
    ``level``."""
    each = rows.group_by("level").agg(people=people(rows))
    few_ = folded(each, least).select("small", folded="level")
    both = rows.join(few_, rows.level.identical_to(few_.folded)).drop("folded")
    return both.mutate(level=ibis.ifelse(both.small, ibis.null("string"), both.level))


def people(table: ir.Table) -> ir.IntegerScalar:
    """How many people are behind the rows; a row that nobody is known behind counts as one."""
    return (table.subject.nunique() + table.subject.isnull().sum().fill_null(0)).cast("int64")


def cell(count: int | None, language: str) -> str:
    """The number of people as it stands in a table."""
    return say(language, "few.withheld") if count is None else render.whole(count, language)


def below(count: int | None, shop: Shop) -> str:
    """In a sentence, where a number is withheld for no other reason than that it is small (``told``)."""
    if count is None:
        return say(shop.language, "few.below", least=render.whole(shop.min_group, shop.language))
    return render.whole(count, shop.language)


def mark(language: str) -> str:
    """The same on a map, where there is no room for a word."""
    return say(language, "few.mark")


def note(counts: Iterable[object], shop: Shop) -> str | None:
    """What is said beneath a report in which one of ``counts`` is withheld."""
    if all(count is not None for count in counts):
        return None
    return say(shop.language, "few.note", least=render.whole(shop.min_group, shop.language))


def _hidden(counts: Sequence[int], shown: Sequence[int | None]) -> list[int]:
    return [count for count, seen in zip(counts, shown, strict=True) if seen is None]


def _gives_away(withheld: Sequence[int], least: int) -> bool:
    return bool(withheld) and (len(withheld) == 1 or few(sum(withheld), least))


def _column_gives_away(
    levels: Sequence[Sequence[int]], shown: Sequence[Sequence[int | None]], at: int, least: int
) -> bool:
    hidden = [one for one, row in enumerate(shown) if row[at] is None]
    if _gives_away([levels[one][at] for one in hidden], least):
        return True
    before = [to for to in range(at) if hidden and hidden == [one for one, row in enumerate(shown) if row[to] is None]]
    return any(few(sum(levels[one][to] - levels[one][at] for one in hidden), least) for to in before)
