"""``detak evaluate retail``."""

from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detak.commands.evaluate._told import rounded, stopwatch, text
from detak.commands.evaluate.sequences import leave_one_out, settings
from detak.errors import CannotComputeError, SourceError
from detak.recommend.base import Floats, Interactions
from detak.recommend.baskets import Split, figures, places, split
from detak.recommend.blend import Blend
from detak.recommend.evaluate import Scores, interval
from detak.terminal import explained, json_option, print_

_COLUMNS = ("CustomerID", "StockCode", "InvoiceDate", "Quantity")
_DAY = 86_400_000_000
_K = 10


@click.command("retail")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--days", type=click.IntRange(1), default=30, show_default=True, help="How many last days are asked for.")
@json_option
@explained
def command(file: Path, days: int, as_json: bool) -> None:
    """Split by time: fit on what was before, recommend what comes next. FILE: UCI Online Retail as Parquet.

    Asked for everybody's first basket of the last days; once for products new to the person, once for any. Beside it
    the most popular products, and the figures of leaving one out on the same purchases.
    """
    data = _read(file)
    moment = int(data.time.max()) - days * _DAY
    told = data.rows(data.time < moment)
    if not len(told.item):
        raise CannotComputeError(f"{file}: nothing was bought before the last {days} days")
    with stopwatch() as costs:
        model = Blend().fit(told)
    answer: dict[str, Any] = {**costs, "items": len(data.items), "settings": settings(model)}
    for name, again in (("new products", False), ("any products", True)):
        parts = split(data, moment, again)
        answer[name] = _figures(model, parts, again)
        answer[f"{name}, the most popular"] = _figures(_Popular(told), parts, again)
    single = leave_one_out(_once(data))
    answer["leave one out"] = {name: value for name, value in single.items() if name.endswith("@10")}
    print_(answer, text(answer), as_json)


class _Popular:
    """Everybody is shown what most people bought: what a recommender has to be better than."""

    def __init__(self, told: Interactions) -> None:
        self.count = np.bincount(told.item, minlength=len(told.items)).astype(np.float32)

    def scores(self, histories: Interactions) -> Floats:
        return np.tile(self.count, (histories.people, 1))


def _figures(model: Scores, parts: Split, again: bool) -> dict[str, Any]:
    if not parts.next.people:
        raise CannotComputeError("nobody who had bought before bought again in the last days")
    found = figures(places(model, parts, again), parts.next, _K)
    means = rounded({f"{name}@{_K}": float(values.mean()) for name, values in found.items()})
    low, high = interval(found["ndcg"])
    return {**means, "ndcg@10 95%": [round(low, 5), round(high, 5)], "people": parts.next.people}


def _read(file: Path) -> Interactions:
    """Purchases by known customers, returns left out; an invoice is one moment."""
    try:
        table = pq.read_table(file, columns=list(_COLUMNS))
    except (OSError, pa.ArrowException) as error:
        raise SourceError(
            f"{file}: cannot be read as Parquet with {', '.join(_COLUMNS)} ({type(error).__name__})"
        ) from None
    kept = pc.and_(pc.is_valid(table["CustomerID"]), pc.greater(table["Quantity"], 0))
    table = table.filter(kept).sort_by([("CustomerID", "ascending"), ("InvoiceDate", "ascending")])
    if not len(table):
        raise CannotComputeError(f"{file}: nothing was bought by a known customer")
    subjects, person = np.unique(table["CustomerID"].to_numpy(), return_inverse=True)
    items, item = np.unique(table["StockCode"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    time = table["InvoiceDate"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    weight = np.ones(len(item), np.float32)
    columns = (person.astype(np.int32), item.astype(np.int32), time, weight)
    return Interactions(*columns, subjects.astype(np.int64), tuple(items.tolist()))


def _once(data: Interactions) -> Interactions:
    """Each product once a person, when first bought: so that leaving one out asks for something new."""
    keys = data.person.astype(np.int64) * len(data.items) + data.item
    kept = np.zeros(len(keys), np.bool_)
    kept[np.unique(keys, return_index=True)[1]] = True
    return data.rows(kept)
