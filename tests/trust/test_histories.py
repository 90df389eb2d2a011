"""Live histories, held against the plainest way to keep them: a list a person."""

from collections.abc import Mapping

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detak.consent import Purpose
from detak.recommend.content import Kind
from detak.trust.histories import Histories
from detak.trust.touches import Arrived

PERSONAL, MARKETING = int(Purpose.PERSONALISATION), int(Purpose.MARKETING)
LATER = 2**62

Row = tuple[int, str, int, int, int]


def fresh(rows: list[Row]) -> Arrived:
    """(subject, product, kind, time, purposes) as they came in."""
    subject, product, kind, time, purposes = (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * 5
    return Arrived(
        np.array(subject, np.int64),
        [str(one) for one in product],
        np.array(kind, np.int8),
        np.array(time, np.int64),
        np.array(purposes, np.int8),
    )


rows = st.tuples(
    st.integers(1, 4),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([int(Kind.VIEW), int(Kind.BUY)]),
    st.integers(1, 50),
    st.sampled_from([PERSONAL, MARKETING, PERSONAL | MARKETING]),
)
steps = st.lists(st.one_of(st.lists(rows, max_size=30), st.integers(1, 4)), max_size=6)


def expected(kept: list[Row], after: int, until: int, most: int) -> list[tuple[str, int]]:
    held = kept[-most:]
    seen = [one for one in held if one[4] & PERSONAL and after < one[3] < until]
    return [(one[1], one[3]) for one in sorted(seen, key=lambda one: one[3])]


@settings(max_examples=50)
@given(steps, st.integers(0, 20), st.sampled_from([30, LATER]))
def test_they_are_what_a_list_a_person_would_be(told: list[list[Row] | int], after: int, until: int) -> None:
    live = Histories(most=8)
    plain: dict[int, list[Row]] = {}
    for step in told:
        if isinstance(step, int):
            live.drop([step])
            plain.pop(step, None)
            continue
        live.add(fresh(step))
        for row in step:
            plain.setdefault(row[0], []).append(row)
    everybody: list[Mapping[int, int]] = [{}, *({subject: after} for subject in range(1, 6)), {1: after, 2: after}]
    found = live.of(everybody, PERSONAL, until)
    assert not found[0][0].product
    for subject in range(1, 6):
        touches, bought = found[subject]
        mine = plain.get(subject, [])
        assert list(zip(touches.product, touches.time.tolist(), strict=True)) == expected(mine, after, until, 8)
        purchases = [one for one in mine if one[2] == Kind.BUY]
        assert list(zip(bought.product, bought.time.tolist(), strict=True)) == expected(purchases, after, until, 8)
    assert live.people == len(plain)
    both = found[-1][0]
    theirs = [row for one in (1, 2) for row in expected(plain.get(one, []), after, until, 8)]
    assert list(zip(both.product, both.time.tolist(), strict=True)) == sorted(theirs, key=lambda row: row[1])[-8:]


def test_many_people_are_found_again_whatever_came_before() -> None:
    live = Histories(most=4)
    random = np.random.default_rng(5)
    people = random.integers(1, 2**62, 66_000)
    for some in np.array_split(people, 7):
        live.add(fresh([(int(one), f"p{one % 50}", 0, int(one % 1_000), PERSONAL) for one in some]))
    for one in people[::500].tolist():
        assert live.of([{one: -1}], PERSONAL, LATER)[0][0].product == (f"p{one % 50}",)
    live.drop(people[::500].tolist())
    assert live.people == len(people) - len(people[::500])
    assert live.of([{int(people[0]): -1}], PERSONAL, LATER)[0][0].product == ()
    assert live.of([{int(people[1]): -1}], PERSONAL, LATER)[0][0].product == (f"p{people[1] % 50}",)


def test_who_is_dropped_leaves_nothing_in_the_arrays() -> None:
    live = Histories(most=8)
    live.add(fresh([(7, "secret", 3, 123_456_789, PERSONAL)]))
    live.drop([7])
    for rings in (live._any, live._bought):
        assert not rings._cells.any()


def test_views_do_not_push_purchases_out() -> None:
    live = Histories(most=4)
    live.add(fresh([(1, "bread", int(Kind.BUY), 1, PERSONAL)]))
    live.add(fresh([(1, f"p{at}", 0, at, PERSONAL) for at in range(2, 20)]))
    ((touches, bought),) = live.of([{1: 0}], PERSONAL, LATER)
    assert touches.product == ("p16", "p17", "p18", "p19")
    assert bought.product == ("bread",)
