"""What people took out of their carts lately: nobody is to be chased with it. In memory, fed by facts."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

EVENT: Final = "Product Removed"
_DAYS: Final = 60
_MOST: Final = 50  # of one person
_COLUMNS: Final = ("subject", "product_id", "received", "purposes")


class Removals:
    """Of each person the products they took out, the last of them, and which purposes may know. One thread writes."""

    def __init__(self) -> None:
        self._of: dict[int, dict[str, tuple[int, int]]] = {}

    def add(self, items: pa.Table) -> None:
        """Those among facts (``event.ITEMS``), in the order in which they came in."""
        told = items.filter(pc.equal(items["event"], EVENT)).select(_COLUMNS)
        if not told.num_rows:
            return
        received = told["received"].cast(pa.int64()).to_pylist()
        columns = (told["subject"].to_pylist(), told["product_id"].to_pylist(), received, told["purposes"].to_pylist())
        for subject, product, time, purposes in zip(*columns, strict=True):
            if subject is not None and product is not None:
                theirs = dict(self._of.get(subject, {}))
                theirs.pop(product, None)
                theirs[product] = (time, purposes)
                while len(theirs) > _MOST:
                    del theirs[next(iter(theirs))]
                self._of[subject] = theirs  # replaced whole: readers see one or the other

    def of(self, since: Mapping[int, int], purpose: int) -> dict[str, int]:
        """What these people took out that a purpose may know, and when; of each nothing up to the moment given."""
        return {
            product: time
            for subject, until in since.items()
            for product, (time, purposes) in self._of.get(subject, {}).items()
            if time > until and purposes & purpose
        }

    def drop(self, subjects: Iterable[int]) -> None:
        """Forget people."""
        for one in subjects:
            self._of.pop(one, None)


def taken_out(items: ir.Table, *, today: date) -> ir.Table:
    """What was taken out lately, as of a day (UTC), among ``event.ITEMS``, oldest first."""
    until = datetime(today.year, today.month, today.day) - timedelta(days=_DAYS)
    kept = items.filter(items.event == EVENT, items.subject.notnull(), items.bot.isnull(), items.received > until)
    return kept.order_by("received").select("event", *_COLUMNS)
