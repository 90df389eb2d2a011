"""What every source keeps: each row once, the same ids each time, and no exception but its own."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from detak.errors import SourceError
from detak.event import Message
from detak.plugins import members
from detak.sources.base import Parcel, Reading, Reject, Source, find, names

READING = Reading(zone=ZoneInfo("Asia/Jakarta"), currency="IDR", now=datetime(2026, 11, 22, tzinfo=UTC))


def shopee(path: Path) -> tuple[Path, int]:
    """A cleaned export, the second order without a time, the third impossible."""
    header = (
        "order_id,total_qty,product_categories,Status Pesanan,Opsi Pengiriman,Total Pembayaran,Waktu Pesanan Dibuat"
    )
    rows = ["A,1,Celengan,Selesai,SPX Hemat,38300,2024-04-01 00:15", "B,2,Ember,Batal,SPX Hemat,0,"]
    rows += ["C,1,Ember,Selesai,SPX Hemat,1,2024-13-45", "A,1,Celengan,Selesai,SPX Hemat,38300,2024-04-01 00:15"]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path, len(rows)


def retail(path: Path) -> tuple[Path, int]:
    """Invoices as Parquet: two lines, a refund, a stock adjustment."""
    columns = {
        "InvoiceNo": ["1", "1", "C2", "3"],
        "StockCode": ["a", "b", "a", "a"],
        "Description": ["A", None, "A", "A"],
        "Quantity": [1, 2, -1, -5],
        "InvoiceDate": [datetime(2010, 12, 1)] * 4,
        "UnitPrice": [1.5, 2.0, 1.5, 0.0],
        "CustomerID": [17850.0, 17850.0, None, None],
        "Country": ["France"] * 4,
    }
    pq.write_table(pa.table(columns), path)
    return path, 4


def journey(path: Path) -> tuple[Path, int]:
    """Coupon redemptions as Parquet."""
    columns = {
        "household_id": [1, 2],
        "coupon_upc": [51, 52],
        "campaign_id": [26, 26],
        "redemption_date": [datetime(2017, 1, 1), None],
    }
    pq.write_table(pa.table(columns), path)
    return path, 2


def table(path: Path) -> tuple[Path, int]:
    """Lines of orders; a negative price, a broken quotation mark."""
    rows = [
        "A,2024-01-01,Kopi,1,5",
        "A,2024-01-01,Teh,2,5",
        "B,2024-01-01,Kopi,1,-5",
        'C,2024-01-01,"Kopi,1,5',
        "D,,Kopi,1,5",
    ]
    path.write_text("\n".join(["no pesanan,tanggal,nama produk,qty,harga", *rows]) + "\n")
    return path, len(rows)


def segment(path: Path) -> tuple[Path, int]:
    """Events, one of them none."""
    event = {"type": "track", "event": "Product Viewed", "userId": "u"}
    rows = [event, event | {"messageId": "m"}, {"type": "track"}, {"batch": [event | {"userId": "v"}]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path, len(rows)


FILES: dict[str, Callable[[Path], tuple[Path, int]]] = {
    "shopee-orders": shopee,
    "online-retail": retail,
    "complete-journey": journey,
    "csv": table,
    "segment": segment,
}
every = pytest.mark.parametrize("name", names())


def read(source: Source, path: Path) -> list[Parcel | Reject]:
    """All that comes of a file."""
    return list(source.read(path, READING))


def attempt(name: str, path: Path) -> list[Parcel | Reject] | str:
    """All that comes of a file, or what its source says is wrong with it."""
    try:
        return read(find(name, path), path)
    except SourceError as error:
        return str(error)


def recognised(name: str, path: Path) -> bool:
    """Whether the source takes the file for its own; one too damaged to tell is not."""
    try:
        return members("detak.sources", "source")[name].recognises(path)  # type: ignore[attr-defined,no-any-return]
    except SourceError:
        return False


def messages(found: list[Parcel | Reject]) -> list[Message]:
    """The messages in it."""
    return [message for one in found if isinstance(one, Parcel) for message in one.messages]


@every
def test_a_file_is_recognised_by_its_source_alone(name: str, tmp_path: Path) -> None:
    assert find("auto", FILES[name](tmp_path / "file")[0]).source == name


@every
def test_each_row_is_in_exactly_one_parcel_or_reject(name: str, tmp_path: Path) -> None:
    path, rows = FILES[name](tmp_path / "file")
    counted: list[int] = []
    for one in read(find(name, path), path):
        counted += [one.row] if isinstance(one, Reject) else one.rows
    first = 1 if name == "segment" else 2
    assert sorted(counted) == list(range(first, first + rows))


@every
def test_the_same_file_twice_is_the_same_messages(name: str, tmp_path: Path) -> None:
    path, _ = FILES[name](tmp_path / "file")
    once, twice = (messages(read(find(name, path), path)) for _ in range(2))
    assert once
    assert [message.message_id for message in once] == [message.message_id for message in twice]
    assert all(message.message_id for message in once)


@every
def test_what_comes_out_is_on_the_wire_what_it_is_here(name: str, tmp_path: Path) -> None:
    path, _ = FILES[name](tmp_path / "file")
    for message in messages(read(find(name, path), path)):
        again = msgspec.json.decode(msgspec.json.encode(message), type=Message)
        assert (again.message_id, again.event, again.timestamp) == (
            message.message_id,
            message.event,
            message.timestamp,
        )
        assert message.timestamp is None or message.timestamp.endswith("Z")


@every
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_archive_is_a_source_error(name: str, share: float, tmp_path: Path) -> None:
    pq.write_table(pa.table({"InvoiceNo": ["1"] * 500}), tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: int(len(whole) * share)])
    if name == "segment" and share:
        pytest.skip("to JSON Lines an archive is lines that are no JSON")
    with pytest.raises(SourceError):
        read(find(name, tmp_path / "cut"), tmp_path / "cut")


@pytest.mark.parametrize("magic", ["PK\x03\x04", "PAR1"])
def test_a_truncated_file_is_called_damaged_and_not_unknown(magic: str, tmp_path: Path) -> None:
    (tmp_path / "orders").write_bytes(magic.encode() + b"half of it")
    with pytest.raises(SourceError, match=r"cannot be read .*; export or download it again"):
        find("auto", tmp_path / "orders")


@every
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    garbage=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda words: words.encode("utf-8", "ignore")))
)
def test_garbage_is_not_recognised_and_never_crashes(name: str, garbage: bytes, tmp_path: Path) -> None:
    assume(b"{" not in garbage)  # a line of JSON that this code speaks of somewhere is no garbage
    path = tmp_path / "garbage"
    for start in (b"", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"\xff\xfe"):
        path.unlink(missing_ok=True)  # to write over a file takes some disks long
        path.write_bytes(start + garbage)
        assert not recognised(name, path)
        found = attempt(name, path)
        assert str(path) in found if isinstance(found, str) else not messages(found)


@every
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_file_never_crashes(name: str, data: st.DataObject, tmp_path: Path) -> None:
    path, _ = FILES[name](tmp_path / "file")
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole))
    found = attempt(name, path)
    assert str(path) in found if isinstance(found, str) else all(found)
