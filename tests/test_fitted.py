"""What is fitted together."""

from dataclasses import replace

import numpy as np

from detak.fitted import settled
from detak.recommend.base import sequences


def test_the_order_of_people_follows_from_what_they_did() -> None:
    random = np.random.default_rng(4)
    rows = [random.integers(0, 9, int(random.integers(0, 6))).tolist() for _ in range(40)]
    data = sequences(rows, tuple("abcdefghi"))
    data = replace(data, time=random.integers(0, 2**50, len(data.item)))
    once, again = settled(data), settled(data.only(random.permutation(40)))
    assert once.item.tolist() == again.item.tolist()
    assert once.time.tolist() == again.time.tolist()
    assert once.person.tolist() == again.person.tolist()
    assert once.subjects[once.lengths > 0].tolist() == again.subjects[again.lengths > 0].tolist()
    assert sorted(once.subjects.tolist()) == list(range(40))
