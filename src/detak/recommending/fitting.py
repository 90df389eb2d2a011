"""From the facts to what recommenders are fitted on: everybody's touches that personalisation may use, in order."""

from datetime import datetime
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from detak.catalogue import Snapshot
from detak.consent import Purpose
from detak.recommend.base import Interactions
from detak.recommend.content import Details, Kind, Place, items_of
from detak.trust.gate import Gate
from detak.trust.touches import KINDS, WEIGHTS, runs

_ORDER: Final = ("subject", "happened", "received", "event_id", "line")

Whole = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def interactions(gate: Gate, catalogue: Snapshot, currency: str, now: datetime) -> Interactions:
    """What everybody who allows it touched before ``now`` (UTC), for recommenders to be fitted on.

    A product that is only in the catalogue, and that nobody touched, is not among the items.
    """
    with gate.events(Purpose.PERSONALISATION, before=now, why="fit") as granted:
        rows = granted.run_all("fit on touches", lambda facts: {"found": _touched(facts.items)})
        homes = granted.run_all("fit on homes", lambda facts: {"found": _homes(facts.events)})
    return _made(rows["found"], homes["found"], catalogue, currency)


def _touched(items: ir.Table) -> ir.Table:
    wanted = items.filter(items.event.isin(sorted(KINDS)), items.subject.notnull(), items.product_id.notnull())
    happened = ibis.least(ibis.coalesce(wanted.time, wanted.received), wanted.received)
    columns = [wanted[name] for name in ("subject", "received", "event_id", "line", "event", "product_id", "order_id")]
    return wanted.select(*columns, happened=happened).order_by(*_ORDER)


def _homes(events: ir.Table) -> ir.Table:
    """Where each person was last said to live."""
    stated = events.filter(events.subject.notnull(), events.province.notnull())
    latest = [ibis.desc(ibis.coalesce(stated.time, stated.received)), ibis.desc(stated.received), ibis.desc(stated.id)]
    ranked = stated.mutate(nth=ibis.row_number().over(ibis.window(group_by=stated.subject, order_by=latest)))
    return ranked.filter(ranked.nth == 0).select("subject", "province", "city").order_by("subject")


def _made(rows: pa.Table, homes: pa.Table, catalogue: Snapshot, currency: str) -> Interactions:
    subjects, person = np.unique(rows["subject"].to_numpy(), return_inverse=True)
    item, ids = _numbered(rows["product_id"])
    kind = _kinds(rows["event"])
    time = rows["happened"].cast(pa.int64()).to_numpy()
    order = _orders(rows)
    told = _first_told(person, item, kind, order)
    found = runs(person[told], item[told], kind[told], time[told])
    person, item, time, order = (column[told][found.last] for column in (person, item, time, order))
    weights = np.array([WEIGHTS[one] for one in Kind], np.float32)
    place, places = _places(subjects, homes)
    return Interactions(
        person.astype(np.int32),
        item.astype(np.int32),
        time,
        weights[found.kind],
        subjects,
        ids,
        Details(found.kind, order, place, places),
        items_of(catalogue.products, ids, currency),
    )


def _numbered(column: pa.ChunkedArray) -> tuple[Whole, tuple[str, ...]]:
    """The place of each product in the list of all of them, in the order of ids."""
    coded = column.combine_chunks().dictionary_encode()
    ids = np.array(coded.dictionary.to_pylist(), dtype=object)
    order = np.argsort(ids)
    place = np.empty(len(ids), np.int64)
    place[order] = np.arange(len(ids))
    return place[coded.indices.to_numpy()] if len(ids) else np.zeros(0, np.int64), tuple(ids[order].tolist())


def _kinds(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int8]]:
    coded = column.combine_chunks().dictionary_encode()
    kinds = np.array([KINDS[name] for name in coded.dictionary.to_pylist()], np.int8)
    return kinds[coded.indices.to_numpy()] if len(kinds) else np.zeros(0, np.int8)


def _orders(rows: pa.Table) -> Whole:
    """A number for each order: its own where it has one, else its message's; -1 where nothing was bought."""
    coded = rows["order_id"].combine_chunks().dictionary_encode()
    named = coded.indices.fill_null(-1).to_numpy()
    alone = np.unique(rows["event_id"].to_numpy(), return_inverse=True)[1] + len(coded.dictionary)
    bought = rows["event"].combine_chunks().to_numpy(zero_copy_only=False) == "Order Completed"
    found: Whole = np.where(bought, np.where(named >= 0, named, alone), -1).astype(np.int64)
    return found


def _first_told(person: Whole, item: Whole, kind: np.ndarray[Any, Any], order: Whole) -> Mask:
    """Rows but those of an order told again: one product of one order counts once."""
    kept = np.ones(len(item), np.bool_)
    bought = np.flatnonzero(kind == Kind.BUY)
    if len(bought):
        lines = np.stack([person[bought], order[bought], item[bought]], axis=1)
        kept[bought] = False
        kept[bought[np.unique(lines, axis=0, return_index=True)[1]]] = True
    return kept


def _places(subjects: Whole, homes: pa.Table) -> tuple[np.ndarray[Any, np.dtype[np.int32]], tuple[Place, ...]]:
    told = [Place(*one) for one in zip(homes["province"].to_pylist(), homes["city"].to_pylist(), strict=True)]
    places = {one: number for number, one in enumerate(sorted(set(told), key=str))}
    place = np.full(len(subjects), -1, np.int32)
    at = np.minimum(np.searchsorted(subjects, homes["subject"].to_numpy()), max(len(subjects) - 1, 0))
    for position, subject, home in zip(at.tolist(), homes["subject"].to_pylist(), told, strict=True):
        if len(subjects) and subjects[position] == subject:
            place[position] = places[home]
    return place, tuple(places)
