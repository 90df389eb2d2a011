"""The measurement itself: the same crowd from the same seed, and a peer that disagrees is not overlooked."""

from pathlib import Path

import numpy as np
import pytest

from detak.bench.crowd import NAMES, crowd, fill
from detak.bench.insights import Ours, Timed, together
from detak.bench.peers import Answer, Missing
from detak.errors import StoreError
from detak.store.duckdb import DuckStore

MADE = crowd(3_000, seed=3)
TOOK = {name: Timed(1.0, 2.0) for name in ("sessions", "funnel", "retention")}
OURS = Ours(1.0, 1.0, [2, 5, 1, 60], [3, 1], [[2_900, 0, 3], [2_900, 1, 1]], TOOK, {}, 100)


def said(people: int) -> Answer:
    timed = {"seconds": 2.0, "cpu_seconds": 1.0}
    numbers = {
        "sessions": [[2.0, 5.0, 1.0, 60_500_000.0]],
        "funnel": [[3.0, float(people)]],
        "retention": [[2_900.0, 1.0, 1.0], [2_900.0, 0.0, 3.0]],
        "returned": [[3.0, 1.0]],
    }
    return Answer({"peak_mb": 9.0, **{name: {"rows": found, **timed} for name, found in numbers.items()}}, 1, 1, 1)


def test_the_same_seed_makes_the_same_crowd() -> None:
    again = crowd(3_000, seed=3)
    assert all(np.array_equal(one, other) for one, other in zip(MADE, again, strict=True))
    assert not np.array_equal(MADE.time, crowd(3_000, seed=4).time)
    assert len(MADE.time) == 3_000
    assert len(np.unique(np.stack([MADE.subject, MADE.time]), axis=1).T) == 3_000
    assert set(MADE.code) == set(range(len(NAMES)))


def test_a_store_holds_all_of_it(tmp_path: Path) -> None:
    store = DuckStore(tmp_path, part_rows=1_000, memory="500MB")
    fill(store, MADE)
    with store.reader() as reader:
        events = reader.table("events")
        found = reader.run(events.agg(rows=events.count(), people=events.subject.nunique()))
    store.close()
    assert found.to_pylist() == [{"rows": 3_000, "people": len(np.unique(MADE.subject))}]


def test_the_two_stand_beside_one_another() -> None:
    found = together(OURS, said(1), MADE, 165)
    assert found.beside["funnel"].equal is True
    assert (found.beside["funnel"].cpu_ratio, found.beside["funnel"].wall_ratio) == (2.0, 0.5)
    assert found.returned_equal is True


def test_other_numbers_are_an_error() -> None:
    with pytest.raises(StoreError, match="funnel"):
        together(OURS, said(2), MADE, 165)


def test_without_a_peer_the_times_stand_alone() -> None:
    found = together(OURS, Missing("not installed: make peers"), MADE, 165)
    assert (found.peer, found.beside["sessions"].equal) == ("not installed: make peers", None)
