"""People's own hours: planted ones come back, certainty means what it says, who came seldom is like everybody."""

from functools import cache
from typing import Any

import numpy as np

from detak.estimates.usual_hours import usual_hours

COMMON = np.array([1, 1, 1, 1, 1, 2, 4, 5, 6, 7, 8, 8, 8, 7, 7, 6, 6, 6, 7, 8, 9, 8, 5, 3], float)


@cache
def _people(visits: int, share: float = 0.5) -> tuple[Any, Any]:
    """Counts of 600 people, half of whose visits come around their own hour; and that hour."""
    random = np.random.default_rng(visits)
    own = random.choice(24, 600, p=COMMON / COMMON.sum())
    theirs = random.random((600, visits)) < share
    around = np.floor(own[:, None] + 0.5 + random.standard_normal((600, visits))).astype(int) % 24
    whenever = random.choice(24, (600, visits), p=COMMON / COMMON.sum())
    hours = np.where(theirs, around, whenever)
    return np.stack([np.bincount(row, minlength=24) for row in hours]).astype(float), own


def _away(one: Any, other: Any) -> Any:
    return np.abs((one - other + 12) % 24 - 12)


def test_own_hours_come_back() -> None:
    counts, own = _people(40)
    found = usual_hours(counts, COMMON * 1e4)
    assert np.mean(_away(found.own, own) <= 1) > 0.9
    assert abs(found.share - 0.5) <= 0.1
    assert found.spread == 1.0


def test_better_than_the_most_frequent_hour_where_visits_are_few() -> None:
    counts, own = _people(6)
    found = usual_hours(counts, COMMON * 1e4)
    naive = counts.argmax(axis=1)
    assert _away(found.own, own).mean() < 0.9 * _away(naive, own).mean()


def test_the_certainty_is_how_often_it_is_right() -> None:
    counts, own = _people(8)
    found = usual_hours(counts, COMMON * 1e4)
    right = _away(found.own, own) <= 1
    assert abs(found.certainty.mean() - right.mean()) < 0.08
    sure = found.certainty > np.median(found.certainty)
    assert right[sure].mean() > right[~sure].mean()


def test_who_never_came_has_the_hours_of_everybody() -> None:
    counts, _ = _people(40)
    found = usual_hours(np.vstack([counts, np.zeros(24)]), COMMON * 1e4)
    assert found.best[-1] == COMMON.argmax()
    assert np.allclose(found.chance.sum(axis=1), 1)
    assert found.certainty[-1] < 0.5


def test_where_nobody_has_an_hour_of_their_own_little_is_claimed() -> None:
    counts, _ = _people(40, 0.0)
    found = usual_hours(counts)
    assert found.share <= 0.1
    assert found.certainty.mean() < 0.35


def test_nobody() -> None:
    assert usual_hours(np.zeros((0, 24))).best.tolist() == []
