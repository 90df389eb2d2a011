"""Sealed files whose days lie within what is asked are shown as they are; of the others each row is weighed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.store.rows import START, batch

from detak.store.duckdb import DuckStore
from detak.store.parts import Part
from detak.store.views import view

MIDNIGHT = datetime.fromtimestamp(START / 1e6, UTC)


@pytest.mark.parametrize("tailed", [False, True])
@pytest.mark.parametrize("hours", [0, 1, 24, 25, 71, 72, 73, 400])
def test_only_what_happened_then_is_there(tmp_path: Path, hours: int, *, tailed: bool) -> None:
    store = DuckStore(tmp_path, part_rows=2, memory="200MB")
    store.append(batch(1, range(1, 15)))
    if not tailed:
        store.seal()
    at = MIDNIGHT + timedelta(hours=hours)
    timed = {key: MIDNIGHT + timedelta(days=key if key % 5 else 0) for key in range(1, 15)}  # received at midnight
    for asked, wanted in (({"before": at}, lambda when: when < at), ({"since": at}, lambda when: when >= at)):
        with store.reader(**asked) as reader:
            for name, key in (("events", "id"), ("items", "event_id")):
                found = reader.run(reader.table(name))[key].to_pylist()
                assert sorted(found) == [one for one, when in timed.items() if wanted(when)]


def test_a_part_of_days_that_are_over_is_not_asked_when() -> None:
    parts = [Part("old.parquet", "events", 1, 10, 11), Part("new.parquet", "events", 1, 12, 12)]
    parts.append(Part("untimed.parquet", "events", 1))
    sql = view("events", parts, Path, datetime.fromtimestamp(12 * 86_400 + 5, UTC), None)
    weighed, plain = sql.split(" WHERE ")
    assert "new.parquet" in weighed
    assert "untimed.parquet" in weighed
    assert "old.parquet" in plain
    assert "new.parquet" not in plain
