"""From real exports to reports, the whole way; skipped where the data is not beside this checkout."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from detak.engine import Engine
from detak.importing import Imported, RejectsFile, import_file
from detak.questions import Question
from detak.sources.base import Reading

# Counted in the file line by line: Monday 13:00, Sunday 20:00 and Thursday 3:00, Jakarta time.
SPOT_CHECKS = {(0, 13): 191, (6, 20): 179, (3, 3): 19}
SHOPEE = "indonesia-shopee-orders/all_months_clean"


def bring_in(engine: Engine, path: Path) -> Imported:
    now = datetime.now(UTC)
    reading = Reading(engine.settings.timezone, engine.settings.currency, now)
    return import_file(engine, path, "auto", reading, RejectsFile(engine.folder, now))


def report(engine: Engine, name: str, language: str = "en", **parameters: str) -> Any:
    return msgspec.json.decode(engine.answer(Question(name, parameters, language)).report)


@pytest.fixture(scope="module")
def shopee(tmp_path_factory: pytest.TempPathFactory, shared_data: Callable[[str], Path]) -> Any:
    path = shared_data(f"{SHOPEE}.xlsx")
    with Engine(tmp_path_factory.mktemp("shopee")) as engine:
        yield engine, bring_in(engine, path)


def test_shopee_counts(shopee: tuple[Engine, Imported]) -> None:
    _, first = shopee
    assert (first.source, first.read, first.accepted, first.duplicates, first.rejected) == (
        "shopee-orders", 20848, 20848, 0, 0,
    )  # fmt: skip


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_shopee_again_changes_nothing(
    shopee: tuple[Engine, Imported], shared_data: Callable[[str], Path], suffix: str
) -> None:
    engine, _ = shopee
    again = bring_in(engine, shared_data(f"{SHOPEE}.{suffix}"))
    assert (again.read, again.accepted, again.duplicates) == (20848, 0, 20848)


def test_shopee_timing(shopee: tuple[Engine, Imported]) -> None:
    told = report(shopee[0], "timing")
    assert len(told["cells"]) == 168
    assert sum(cell["orders"] for cell in told["cells"]) == 18868
    assert told["without_time"] == 1980
    cells = {(cell["weekday"], cell["hour"]): cell["orders"] for cell in told["cells"]}
    assert {cell: cells[cell] for cell in SPOT_CHECKS} == SPOT_CHECKS
    by = report(shopee[0], "timing", by="province")
    assert sum(cell["orders"] for cell in by["cells"]) == 18868


def test_shopee_cancellations(shopee: tuple[Engine, Imported]) -> None:
    told = report(shopee[0], "cancellations")
    assert (told["orders"], told["cancelled"]) == (20848, 2830)
    assert sum(reason["orders"] for reason in told["reasons"]) == 2830
    united = {reason["reason"]: reason for reason in told["reasons"]}
    assert united["change_address"]["orders"] == 306 + 79
    assert len(united["change_address"]["spellings"]) == 2
    assert united["change_address"]["actor"] == "buyer"
    assert united["unpaid"]["actor"] == "system"
    assert all(reason["lost"]["basis"] == "estimated" for reason in told["reasons"])
    for factor in told["factors"]:
        assert factor["low"] < factor["risk_ratio"] < factor["high"]
    # Before a courier is assigned the export names none: that follows from the cancelling and must not explain it.
    assert max(factor["rate"] for factor in told["factors"]) < 0.6


def test_shopee_both_languages(shopee: tuple[Engine, Imported]) -> None:
    indonesian, english = (report(shopee[0], "cancellations", language)["words"] for language in ("id", "en"))
    assert len(indonesian) == len(english) > 3
    assert not set(indonesian) & set(english)


def test_online_retail(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    whole = pq.read_table(shared_data("online-retail/online_retail.parquet"))  # read to the end in tests/sources
    path = tmp_path / "some.parquet"
    pq.write_table(whole.slice(0, 120_000), path)
    with Engine(tmp_path / "store") as engine:
        first = bring_in(engine, path)
        assert first.read == 120_000 == first.accepted + first.rejected
        assert first.rejects_file is not None
        assert len(Path(first.rejects_file).read_text().splitlines()) == first.rejected
        assert bring_in(engine, path).accepted == 0
        told = report(engine, "products", limit="3")
        assert told["products"][0]["name"] == "WHITE HANGING HEART T-LIGHT HOLDER"
        assert told["products"][0]["revenue"]["currency"] == "GBP"
