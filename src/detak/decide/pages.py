"""The pages of many questions' placements: those of one question after one another, no product twice among them."""

from collections.abc import Sequence
from dataclasses import replace

from detak.decide.compiled_pages import compiled
from detak.decide.exploring import BEST, Drawn, draw
from detak.decide.orders import Order
from detak.decide.page import Placed, compose, pinned
from detak.decide.rows import Rows
from detak.kernel.library import library


def pages(rows: Rows, questions: Sequence[Sequence[Order]]) -> list[list[Drawn]]:
    """The page of each placement of each question, drawn from those that may be tried."""
    kernel = library()
    if kernel is None:
        return plainly(rows, questions)
    ruled = [any(one.ruling for one in some) for some in questions]
    quick = iter(compiled(kernel, rows, [some for some, apart in zip(questions, ruled, strict=True) if not apart]))
    if not any(ruled):
        return list(quick)
    slow = iter(plainly(rows, [some for some, apart in zip(questions, ruled, strict=True) if apart]))
    return [next(slow if apart else quick) for apart in ruled]


def plainly(rows: Rows, questions: Sequence[Sequence[Order]]) -> list[list[Drawn]]:
    """``pages`` in Python."""
    lists = rows.lists()
    return [_pages(rows, lists, some) for some in questions]


def _pages(rows: Rows, lists: Sequence[list[Placed]], orders: Sequence[Order]) -> list[Drawn]:
    shown: set[int] = set()
    left: dict[tuple[int, int], list[Placed]] = {}
    found = []
    for one in orders:
        shelves = [_shelf(left, lists, rows, at, one) for at in one.shelves]
        drawn = _page(rows, shelves, one, shown.union(one.shut))
        shown.update([placed.product for placed in drawn.page.slate])
        for key, shelf in left.items():  # so that the next page need not pass over it
            left[key] = [placed for placed in shelf if placed.product not in shown]
        found.append(drawn)
    return found


def _shelf(
    left: dict[tuple[int, int], list[Placed]], lists: Sequence[list[Placed]], rows: Rows, at: int, order: Order
) -> list[Placed]:
    """What is left of a shelf for the visitor."""
    key = (at, id(order.theirs))
    found = left.get(key)
    if found is None:
        theirs = set(order.theirs) if rows.common[at] else ()
        found = left[key] = [placed for placed in lists[at] if placed.product not in theirs] if theirs else lists[at]
    return found


def _page(rows: Rows, shelves: Sequence[list[Placed]], order: Order, shut: set[int]) -> Drawn:
    there = [one for one in shelves if one]
    pins = list(zip([at for at, _ in order.pins], rows.placed([row for _, row in order.pins]), strict=True))
    pins = [(at, one) for at, one in pins if at < order.k and one.product not in shut]
    layout = order.layout(order.k - len(pins))
    if order.ruling is not None:
        there = order.ruling.chosen(there, order.k, shut, order.now)
        layout = replace(layout, category_share=1.0)
    shut.update([one.product for _, one in pins])
    page = compose(there, layout, shut)
    drawn = Drawn(page, BEST, 1.0) if order.lot is None else draw(page, order.exploration, order.lot)
    return drawn._replace(page=pinned(drawn.page, pins)) if pins else drawn
