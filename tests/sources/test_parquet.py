"""Parquet by columns: the same orders and rejects as the same rows one by one, wherever chunks begin."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detak.sources import parquet

from .files import READING, Read, read

NOON, NEVER = datetime(2017, 7, 1, 12), datetime(1970, 1, 1)
DISCOUNTS = {name: st.sampled_from([0.0, 0.0, 0.25, None]) for name in ("retail_disc", "coupon_disc")}
JOURNEY = st.fixed_dictionaries(
    {
        "basket_id": st.sampled_from([1, 1, 2, None]),
        "household_id": st.sampled_from([900, None]),
        "product_id": st.sampled_from([7, 8, None]),
        "quantity": st.sampled_from([1, 1, 3, 0, -1, None]),
        "sales_value": st.sampled_from([1.5, 1.5, 2.67, 0.0, -1.0, None]),
        "coupon_match_disc": st.just(0.0),
        "transaction_timestamp": st.sampled_from([NOON, NOON, NEVER, None]),
        **DISCOUNTS,
    }
)
RETAIL = st.fixed_dictionaries(
    {
        "InvoiceNo": st.sampled_from(["1", "1", "C2", " 1", "A3", None]),
        "StockCode": st.sampled_from(["85123A", "22", None]),
        "Description": st.sampled_from(["LANTERN", " lantern ", None]),
        "Quantity": st.sampled_from([1, 1, 6, -1, None]),
        "InvoiceDate": st.sampled_from([NOON, NOON, NEVER, None]),
        "UnitPrice": st.sampled_from([2.55, 2.55, 0.0, -1.0, None]),
        "CustomerID": st.sampled_from([17850.0, None]),
        "Country": st.sampled_from(["France", None]),
    }
)
Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_CHUNK_ROWS", 4)
    monkeypatch.setattr(parquet, "_SLICE_ROWS", 3)


def by_columns(source: str, rows: Rows, folder: Path, **types: pa.DataType) -> Read:
    """What comes of the rows as Parquet."""
    columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    for name in {"transaction_timestamp", "InvoiceDate"} & columns.keys():
        columns[name] = columns[name].cast(pa.timestamp("ns"))
    for name, form in types.items():
        encoded = pa.types.is_dictionary(form)
        columns[name] = columns[name].dictionary_encode() if encoded else columns[name].cast(form)
    pq.write_table(pa.table(columns), folder / "rows.parquet")
    return read(source, folder / "rows.parquet")


def by_rows(source: str, rows: Rows, folder: Path) -> Read:
    """What comes of the rows as text."""
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return read(source, folder / "rows.csv")


@pytest.mark.parametrize(("source", "row"), [("complete-journey", JOURNEY), ("online-retail", RETAIL)])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_columns_say_what_rows_say(
    source: str, row: st.SearchStrategy[dict[str, Any]], data: st.DataObject, tmp_path: Path
) -> None:
    rows = data.draw(st.lists(row, min_size=1, max_size=14))
    columns, lines = by_columns(source, rows, tmp_path), by_rows(source, rows, tmp_path)
    assert columns.parcels == lines.parcels
    assert columns.rejects == lines.rejects


def basket(**changes: Any) -> dict[str, Any]:
    """A line of the only basket."""
    line = {"basket_id": 1, "household_id": 900, "product_id": 7, "quantity": 1, "sales_value": 1.5}
    line |= dict.fromkeys(("retail_disc", "coupon_disc", "coupon_match_disc"), 0.0)
    return line | {"transaction_timestamp": NOON} | changes


def test_an_order_over_many_chunks_is_one_order(tmp_path: Path) -> None:
    rows = [basket() for _ in range(11)]
    rows[5]["quantity"] = -1
    found = by_columns("complete-journey", rows, tmp_path)
    (parcel,) = found.parcels
    assert parcel.rows == (2, 3, 4, 5, 6, *range(8, 13))
    assert [reject.row for reject in found.rejects] == [7]


@pytest.mark.parametrize(
    ("column", "form"),
    [
        ("transaction_timestamp", pa.timestamp("us", "Asia/Tokyo")),
        ("transaction_timestamp", pa.timestamp("s")),
        ("transaction_timestamp", pa.string()),
        ("basket_id", pa.string()),
        ("product_id", pa.dictionary(pa.int32(), pa.int64())),
        ("quantity", pa.float32()),
        ("sales_value", pa.decimal128(9, 2)),
        ("coupon_disc", pa.string()),
    ],
)
def test_it_does_not_matter_how_a_column_is_kept(column: str, form: pa.DataType, tmp_path: Path) -> None:
    rows = [basket(), basket(quantity=2), basket(basket_id=2)]
    plain = by_columns("complete-journey", rows, tmp_path)
    assert by_columns("complete-journey", rows, tmp_path, **{column: form}) == plain
    assert plain.messages[0].timestamp == "2017-07-01T12:00:00.000000Z"


def test_a_time_to_come_is_turned_away_and_tomorrow_is_not(tmp_path: Path) -> None:
    now = READING.now.replace(tzinfo=None)
    rows = [basket(transaction_timestamp=now.replace(day=now.day + days), basket_id=days) for days in (1, 2)]
    found = by_columns("complete-journey", rows, tmp_path)
    assert [parcel.rows for parcel in found.parcels] == [range(2, 3)]
    assert [tuple(reject) for reject in found.rejects] == [(3, "transaction_timestamp", "is in the future")]
