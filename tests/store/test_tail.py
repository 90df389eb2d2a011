"""The hot tail: all that was added, in its order, in few chunks, and no chunk copied again and again."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from tests.store.rows import batch

from detak.store import tail
from detak.store.tail import Tail

ROWS = tail._WHOLE // 4


def chunks(held: Tail) -> list[int]:
    return [len(one) for one in held.look()["events"].column("id").chunks]


def test_small_chunks_are_joined_and_large_ones_left_alone() -> None:
    held = Tail()
    first = batch(1, range(ROWS))
    for _ in range(40):
        held.add(first)
    assert sum(chunks(held)) == 40 * ROWS
    assert all(tail._WHOLE <= one <= 2 * tail._WHOLE for one in chunks(held)[:-4])


def test_many_that_are_very_small_are_joined_too() -> None:
    held = Tail()
    for number in range(500):
        held.add(batch(number + 1, [number]))
    assert sum(chunks(held)) == 500
    assert len(chunks(held)) <= tail._MANY + 1


@given(st.lists(st.integers(0, 3), max_size=80))
def test_everything_is_there_in_its_order(sizes: list[int]) -> None:
    held, added = Tail(), []
    for number, size in enumerate(sizes):
        one = batch(number + 1, range(10 * number, 10 * number + size))
        added.append(one.events)
        held.add(one)
    assert not added or held.look()["events"].equals(pa.concat_tables(added))
