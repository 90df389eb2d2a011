"""The measurement of recommendation: what it reads, how it judges, and that it runs, small."""

from pathlib import Path

import numpy as np
import pytest

from detak.bench.recommend import Fitted, Unfitted, Wanted, judged, measure, read
from detak.errors import UsageError


def test_it_judges_by_the_first_ten() -> None:
    best = np.array([[7, 3], [4, 5], [1, -1]])
    found = judged(best, np.array([3, 4, 9]))
    assert (found.recall_10, found.people) == (0.6667, 3)
    assert found.ndcg_10 == round((1 / np.log2(3) + 1) / 3, 4)


def test_data_are_fitted_without_the_last_two(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text("1 10 20 30 40\n2 20 10\n3 40 10 20\n")
    found = read(path)
    assert found["items"] == 4
    assert (found["fit_item"].tolist(), found["fit_starts"].tolist()) == ([0, 1, 3], [0, 2, 3])
    assert (found["ask_item"].tolist(), found["ask_starts"].tolist()) == ([0, 1, 2, 3, 0], [0, 3, 5])
    assert found["wanted"].tolist() == [3, 1]


@pytest.mark.parametrize(("text", "why"), [("1 a b c", "cannot be read"), ("1 2\n", "nobody has three items")])
def test_data_that_are_none_are_told_so(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "data.txt"
    path.write_text(text)
    with pytest.raises(UsageError, match=why):
        read(path)


def test_small_data_are_measured_with_every_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody goes round the same ring of items, so the next one is known."""
    monkeypatch.setenv("DETAK_PEERS", str(tmp_path / "none"))
    ring = np.arange(60)
    path = tmp_path / "ring.txt"
    path.write_text("\n".join(f"{p} {' '.join(map(str, (ring + 7 * p)[:12] % 60))}" for p in range(300)))
    said: list[str] = []
    found = measure(Wanted(path, (), 8, beside=True), said.append)
    names = ["directed, dense", "directed, 100 neighbours", "directed, 8 neighbours", "blend"]
    own = [one for one in found.beside if isinstance(one, Fitted)]
    assert [one.name for one in own] == names
    assert all(one.found.recall_10 == 1 and one.found.ndcg_10 > 0.95 for one in own)
    missing = [one for one in found.beside if isinstance(one, Unfitted)]
    assert {one.missing for one in missing} == {"not installed: make peers"}
    assert len(said) == len(found.beside) == 7


def test_a_made_shop_is_measured_with_what_a_shop_runs() -> None:
    sizes = measure(Wanted(None, (1_000,), 50, beside=False, each=12), print).sizes
    assert [one.model for one in sizes] == ["directed", "blend"]
    for size in sizes:
        assert size.items == pytest.approx(1_000, abs=20)
        assert size.found.recall_10 > 0.05
        assert size.touches == pytest.approx(12_000, rel=0.1)
