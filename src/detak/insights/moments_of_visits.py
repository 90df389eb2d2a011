"""Moments of visits, counted: what ``intent.FACTORS`` says at each touch, and whether the visit ended in a purchase."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from detak.estimates.intent import FACTORS, VISIT, Ints, Moments
from detak.event import ORDER_COMPLETED
from detak.insights.base import Facts

_CARTS = ("Product Added", "Wishlist Product Added to Cart")
_PAUSE = ibis.interval(seconds=VISIT // 1_000_000)
_LEARN, _CALIBRATE = 0.7, 0.85  # of the time up to the last touch
MOST: Final = 1_000_000
"""Touches, about so many, that are looked at: more say nothing new of a few dozen numbers."""


def sampled(facts: Facts, events: tuple[str, ...]) -> Facts:
    """Of many people every second, third, ... with all their touches, so that not many more than ``MOST`` are left."""
    many = _parts(_touched(facts, events).count().as_scalar())
    return replace(facts, items=facts.items.filter(facts.items.subject % many == 0))


def reduce_sampled(facts: Facts, events: tuple[str, ...]) -> ir.Table:
    """``one_in``: of so many people one is in ``sampled``."""
    touched = _touched(facts, events)
    return touched.agg(one_in=_parts(touched.count()))


def _touched(facts: Facts, events: tuple[str, ...]) -> ir.Table:
    return facts.items.filter(facts.items.event.isin(events))


def _parts(touches: ir.IntegerScalar) -> ir.IntegerScalar:
    return ibis.greatest((touches + MOST - 1) // MOST, 1).cast("int64")


def moments(facts: Facts, events: tuple[str, ...]) -> ir.Table:
    """A row a touch that is no purchase: ``FACTORS``, ``later`` (the visit ended in a purchase) and ``part``.

    ``events`` are touches. People, products and times that are unknown are left out.
    """
    items = facts.items
    it = items.filter(
        items.event.isin(events), items.subject.notnull(), items.product_id.notnull(), items.time.notnull()
    )
    it = it.select("subject", "time", "event_id", "line", product=it.product_id, event=it.event)
    buy = it.event == ORDER_COMPLETED
    walk = ibis.window(group_by="subject", order_by=["time", "event_id", "line"])
    silent = (it.time > it.time.lag().over(walk) + _PAUSE).fill_null(False)
    bought = buy.lag().over(walk).fill_null(False)
    walked = it.select(
        "subject",
        "time",
        "product",
        turn=ibis.row_number().over(walk),
        buy=buy,
        cart=it.event.isin(_CARTS),
        fresh=silent | (bought & ~buy),
        # A visit in which something was bought ends with that: behind it begins the next.
        after=bought & (silent | ~buy),
        same=it["product"] == it["product"].lag().over(walk),
    )
    return _counted(_marked(walked), it)


def _marked(it: ir.Table) -> ir.Table:
    """The touches by visit, with what is first of its kind in it; ``bought``: how many visits before ended so."""
    so_far = ibis.window(group_by="subject", order_by="turn", preceding=None, following=0)
    it = it.select(
        *("subject", "time", "product", "turn", "buy", "cart"),
        visit=it.fresh.cast("int64").sum().over(so_far),
        bought=it.after.cast("int64").sum().over(so_far),
        run=(it.fresh | ~it.same.fill_null(False)).cast("int64"),
    )
    mine = ibis.window(group_by=["subject", "visit", "product"], order_by="turn", preceding=None, following=0)
    return it.select(
        *("subject", "time", "turn", "buy", "visit", "bought", "run"),
        new=(ibis.row_number().over(mine) == 0).cast("int64"),
        put=(it.cart & (it.cart.cast("int64").sum().over(mine) == 1)).cast("int64"),
    )


def _counted(it: ir.Table, every: ir.Table) -> ir.Table:
    visit = {"group_by": ["subject", "visit"], "order_by": "turn"}
    so_far, whole = ibis.window(**visit, preceding=None, following=0), ibis.window(**visit)
    latest, earliest = every.time.max().as_scalar(), every.time.min().as_scalar()
    it = it.select(
        *("subject", "turn", "buy", "bought", "time"),
        looks=it.run.sum().over(so_far),
        different=it.new.sum().over(so_far),
        carts=it.put.sum().over(so_far),
        minutes=((it.time.epoch_seconds() - it.time.min().over(so_far).epoch_seconds()) // 60).cast("int64"),
        visits=it.visit,
        ends=it.buy.max().over(whole).cast("int64"),
        passed=(it.time.epoch_seconds() - earliest.epoch_seconds())
        / ibis.greatest(latest.epoch_seconds() - earliest.epoch_seconds(), 1),
    )
    it = it.mutate(
        again=it.looks - it.different, part=ibis.cases((it.passed < _LEARN, 0), (it.passed < _CALIBRATE, 1), else_=2)
    )
    return it.filter(~it.buy)


def reduce_present(facts: Facts, events: tuple[str, ...], now: datetime) -> ir.Table:
    """Who is on a visit that goes on at ``now`` (UTC) and has no purchase in it, counted: ``FACTORS``, ``people``."""
    items, since = facts.items, (now - timedelta(microseconds=VISIT)).astimezone(UTC).replace(tzinfo=None)
    lately = items.filter(items.event.isin(events), items.time >= since).select("subject").distinct()
    rows = moments(replace(facts, items=items.semi_join(lately, "subject")), events)
    last = rows.mutate(back=ibis.row_number().over(group_by="subject", order_by=rows.turn.desc()))
    # A purchase ends a visit: where there is none in somebody's last one, its last moment is theirs now.
    last = last.filter(last.back == 0, last.ends == 0, last.time >= since)
    banded = last.select(**{name: _band(last[name], bounds) for name, bounds in FACTORS.items()})
    return banded.group_by(list(FACTORS)).agg(people=banded.count())


def read_present(found: pa.Table) -> tuple[Ints, Ints]:
    """From the result of ``reduce_present``: levels (groups x ``FACTORS``), and people of each."""
    columns = [found[name].to_numpy().astype(np.int64) for name in FACTORS]
    levels = np.column_stack(columns).reshape(found.num_rows, len(FACTORS))
    return levels, found["people"].to_numpy().astype(np.int64)


def reduce_moments(rows: ir.Table) -> ir.Table:
    """``moments`` in groups: a level a factor, ``part``; ``moments`` and ``purchases`` of each."""
    levels = {name: _band(rows[name], bounds) for name, bounds in FACTORS.items()}
    banded = rows.select("ends", "part", **levels)
    return banded.group_by([*FACTORS, "part"]).agg(moments=banded.count(), purchases=banded.ends.sum())


def read_moments(found: pa.Table) -> Moments:
    """From the result of ``reduce_moments``."""
    rows = found.sort_by([(name, "ascending") for name in (*FACTORS, "part")])
    columns = [rows[name].to_numpy().astype(np.int64) for name in FACTORS]
    return Moments(
        np.column_stack(columns).reshape(rows.num_rows, len(FACTORS)),
        rows["moments"].to_numpy().astype(np.float64),
        rows["purchases"].to_numpy().astype(np.float64),
        rows["part"].to_numpy().astype(np.int64),
    )


def _band(value: ir.Value, bounds: tuple[int, ...]) -> ir.Value:
    return ibis.cases(*[(value <= bound, at) for at, bound in enumerate(bounds)], else_=len(bounds)).cast("int64")
