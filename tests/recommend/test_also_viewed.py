"""Who looked at this also looked at."""

from tests.recommend.made import HOUR, NONE, made, past

from detak.recommend.also_viewed import AlsoViewed
from detak.recommend.base import Situation
from detak.recommend.content import Kind


def looks(*visits: list[int]) -> list[tuple[int, int, int, Kind, int]]:
    """A visit a person, a look a minute."""
    return [
        (who, item, at * HOUR // 60, Kind.VIEW, -1) for who, visit in enumerate(visits) for at, item in enumerate(visit)
    ]


def asked(rows: list[tuple[int, int, int, Kind, int]], of: int, recommender: AlsoViewed | None = None) -> list[int]:
    model = (recommender or AlsoViewed()).fit(made(rows, 6))
    return model.recommend(past(of), 6, NONE, Situation()).item.tolist()


def test_what_comes_after_goes_before_what_came_before() -> None:
    assert asked(looks([0, 1, 2], [0, 1, 2]), 1) == [2, 0]


def test_the_nearer_the_stronger() -> None:
    assert asked(looks([0, 1, 2, 3], [0, 1, 2, 3]), 0) == [1, 2, 3]


def test_a_product_looked_at_twice_in_a_row_is_one_look_and_none_beside_itself() -> None:
    once, again = looks([0, 1, 2]), looks([0, 0, 1, 1, 1, 2])
    assert asked(once, 0) == asked(again, 0)


def test_another_visit_is_no_neighbour() -> None:
    rows = [(0, 0, 0, Kind.VIEW, -1), (0, 1, 2 * HOUR, Kind.VIEW, -1)]
    assert asked(rows, 0) == []


def test_what_stands_beside_everything_is_corrected_for() -> None:
    """5 follows everything, 1 follows 0 alone, as often as 5 does."""
    rows = looks([0, 1], [0, 1], [0, 5], [0, 5], [2, 5], [3, 5], [4, 5], [2, 5])
    assert asked(rows, 0) == [1, 5]
    assert asked(rows, 0, AlsoViewed(correction=0)) == [1, 5]  # alike: by number
    swapped = [(who, {1: 5, 5: 1}.get(item, item), *rest) for who, item, *rest in rows]
    assert asked(swapped, 0) == [5, 1]  # type: ignore[arg-type]


def test_blocks_make_no_difference() -> None:
    rows = looks(*[[at % 6, (at * 5 + 1) % 6, (at * 3 + 2) % 6, (at + 3) % 6] for at in range(40)])
    data = made(rows, 6)
    whole = AlsoViewed().fit(data)
    parts = AlsoViewed(block=7).fit(data)
    assert whole.item.tolist() == parts.item.tolist()
    assert abs(whole.strength - parts.strength).max() < 1e-6
