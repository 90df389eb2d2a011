"""Online Retail: invoices, refunds, corrections, and the real file."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detak.errors import SourceError
from detak.event import ORDER_COMPLETED, ORDER_REFUNDED, Product

from .files import read, write_csv, write_xlsx

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
LINE = ["536365", "85123A", "LANTERN", 6, "12/1/2010 8:26", 2.55, 17850.0, "United Kingdom"]


def line(**changes: object) -> list[object]:
    """A line of an invoice."""
    return [changes.get(name, cell) for name, cell in zip(HEADER, LINE, strict=True)]


def test_lines_of_an_invoice_are_one_order(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "r.csv", [HEADER, line(), line(StockCode="71053", Quantity=2), line(InvoiceNo="536366")]
    )
    found = read("auto", path)
    assert [parcel.rows for parcel in found.parcels] == [range(2, 4), range(4, 5)]
    first = found.named(ORDER_COMPLETED)[0]
    assert (first.order_id, first.total, first.quantity, first.currency) == ("536365", 20.4, 8, "GBP")
    assert first.products == [
        Product(product_id="85123A", name="LANTERN", price=2.55, quantity=6),
        Product(product_id="71053", name="LANTERN", price=2.55, quantity=2),
    ]
    assert (found.messages[0].user_id, found.messages[0].timestamp) == ("17850", "2010-12-01T08:26:00.000000Z")


def test_summer_in_london_is_an_hour_ahead(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [HEADER, line(InvoiceDate="7/2/2011 9:00")])
    assert read("auto", path).messages[0].timestamp == "2011-07-02T08:00:00.000000Z"


def test_a_c_invoice_is_a_refund_and_an_invoice_goes_on(tmp_path: Path) -> None:
    rows = [line(), line(InvoiceNo="C536379", Quantity=-1), line(), line(CustomerID=None)]
    found = read("auto", write_xlsx(tmp_path / "r.xlsx", [HEADER, *rows]))
    (refund,) = found.named(ORDER_REFUNDED)
    assert (refund.total, refund.quantity, [product.quantity for product in refund.products or []]) == (2.55, 1, [1])
    assert [order.line for order in found.named(ORDER_COMPLETED)] == [None, 1]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Quantity", -80, "is negative outside a refund: a stock adjustment, not an order"),
        ("Quantity", "six", "is not a number"),
        ("Quantity", None, "is missing"),
        ("UnitPrice", -11062.06, "is negative"),
        ("InvoiceNo", "A563185", "is no invoice but a correction of the books"),
        ("InvoiceNo", None, "is missing"),
        ("InvoiceDate", "13/45/2010 8:26", "is no date or time that exists"),
    ],
)
def test_bad_lines_are_kept_aside(tmp_path: Path, column: str, value: object, reason: str) -> None:
    path = write_csv(tmp_path / "r.csv", [HEADER, line(), line(**{column: value}), line()])
    found = read("auto", path)
    assert [tuple(reject) for reject in found.rejects] == [(3, column, reason)]
    assert [parcel.rows for parcel in found.parcels] == [(2, 4)]


def test_the_second_edition_has_other_headers(tmp_path: Path) -> None:
    header = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
    found = read("auto", write_csv(tmp_path / "r.csv", [header, line(InvoiceDate="2009-12-01 07:45:00")]))
    assert found.messages[0].timestamp == "2009-12-01T07:45:00.000000Z"


def test_parquet_in_nanoseconds_is_the_same_as_csv(tmp_path: Path) -> None:
    table = pa.table({name: [cell] for name, cell in zip(HEADER, line(), strict=True)})
    stamp = pa.array([1_291_191_960_000_000_000], pa.timestamp("ns"))
    pq.write_table(table.set_column(4, "InvoiceDate", stamp), tmp_path / "r.parquet")
    assert (
        read("auto", tmp_path / "r.parquet").messages
        == read("auto", write_csv(tmp_path / "r.csv", [HEADER, line()])).messages
    )


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [HEADER[:-1], line()[:-1]])
    with pytest.raises(SourceError, match=r"Country were looked for; the file has InvoiceNo, StockCode"):
        read("online-retail", path)


def test_the_real_file_accounts_for_every_row(shared_data: Callable[[str], Path]) -> None:
    found = read("auto", shared_data("online-retail") / "online_retail.parquet")
    assert sorted(found.rows) == list(range(2, 541_911))
    assert len(found.rejects) == 1_336 + 3
    assert len({message.user_id for message in found.messages if message.user_id}) == 4_372
    assert all(message.timestamp for message in found.messages)
