"""Touches of a made shop: as many as asked, the same again, and by taste."""

import numpy as np
import pytest

from detak.bench.tastes import touches
from detak.recommend.windows import Touched


@pytest.fixture(scope="module")
def made() -> Touched:
    return touches(2_000, 60_000, 7)


def test_it_makes_what_was_asked(made: Touched) -> None:
    assert len(made.item) == made.starts[-1] == 60_000
    assert made.items == pytest.approx(2_000, abs=20)
    assert (np.diff(made.starts) >= 0).all()
    assert made.item.max() < made.items
    assert np.median(np.diff(made.starts)) > 5


def test_the_same_figures_make_the_same_touches(made: Touched) -> None:
    again, other = touches(2_000, 60_000, 7), touches(2_000, 60_000, 8)
    assert (again.item == made.item).all()
    assert (again.starts == made.starts).all()
    assert (other.item[:1000] != made.item[:1000]).any()


def test_people_have_tastes(made: Touched) -> None:
    """What a person touches next is of the same tenth of the shop more often than chance has it."""
    tenth = made.item // 200
    inside = np.ones(len(made.item) - 1, np.bool_)
    inside[made.starts[1:-1][made.starts[1:-1] < len(made.item)] - 1] = False
    share = np.bincount(tenth, minlength=11) / len(tenth)
    assert (tenth[1:] == tenth[:-1])[inside].mean() > 2 * (share**2).sum()
