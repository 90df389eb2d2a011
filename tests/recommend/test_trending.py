"""What is popular now, and where."""

import numpy as np
import pytest
from tests.recommend.goods import goods
from tests.recommend.made import DAY, HOUR, NONE, Row, made, past

from detak.recommend.base import Situation, sequences
from detak.recommend.content import Kind, Place
from detak.recommend.trending import HALF_LIVES, Trending

BANDUNG, GARUT, MEDAN = Place("Jawa Barat", "Bandung"), Place("Jawa Barat", "Garut"), Place("Sumatera Utara", "Medan")
START = 1_767_200_400_000_000  # 2026-01-01 00:00 in Jakarta
SHOP = goods(("a", "Fashion > Gamis", ""), ("b", "Sepatu", ""), ("c", "Fashion", ""), ("d", "Sepatu", ""))


def looks(*told: tuple[int, int, int, int]) -> list[Row]:
    """``(people from, people to, product, day)``: one look each."""
    return [
        (who, item, START + day * DAY + who * HOUR, Kind.VIEW, -1) for a, b, item, day in told for who in range(a, b)
    ]


def test_touches_fade() -> None:
    rows = looks((0, 30, 0, 0), (0, 10, 1, 60))
    assert Trending(half_life_days=7).fit(made(rows, 2)).recommend(past(), 2, NONE, Situation()).item.tolist() == [1, 0]
    assert Trending(half_life_days=365).fit(made(rows, 2)).recommend(past(), 2, NONE, Situation()).item.tolist() == [
        0,
        1,
    ]


@pytest.mark.parametrize(("days", "chosen"), [(4, slice(0, 3)), (0, slice(5, 7))])
def test_how_fast_they_fade_follows_from_the_data(days: int, chosen: slice) -> None:
    """A product in fashion for so many days each, or the same taste always (days: 0)."""
    random = np.random.default_rng(3)
    at = np.sort(random.uniform(0, 120, 6_000))
    steady = random.choice(12, len(at), p=np.arange(12, 0, -1) / 78)
    item = (at / days).astype(int) % 12 if days else steady
    rows = [
        (n % 500, int(one), int(START + day * DAY), Kind.VIEW, -1)
        for n, (one, day) in enumerate(zip(item, at, strict=True))
    ]
    told = {life: Trending(half_life_days=life).fit(made(rows, 12)).total.tolist() for life in HALF_LIVES[chosen]}
    assert Trending().fit(made(rows, 12)).total.tolist() in told.values()


def in_places() -> tuple[list[Row], list[int]]:
    """Bandung looks at 0, Garut and Medan at 1; 2 is the best-known of all."""
    rows = looks(
        *[row for day in range(10) for row in ((0, 40, 0, day), (40, 80, 1, day), (80, 120, 1, day), (0, 120, 2, day))]
    )
    return rows, [0] * 40 + [1] * 40 + [2] * 40


def test_a_place_has_its_say() -> None:
    rows, place = in_places()
    model = Trending(half_life_days=365).fit(made(rows, 4, (BANDUNG, GARUT, MEDAN), place))

    def first(*where: str | None) -> list[int]:
        return model.recommend(past(), 4, NONE, Situation(province=where[0], city=where[1])).item.tolist()

    assert first("Jawa Barat", "Bandung") == [2, 0, 1]
    assert first("Sumatera Utara", "Medan") == [2, 1, 0]
    assert first("Sumatera Utara", "Binjai") == [2, 1, 0]  # a city nobody knows: its province
    assert first("Bali", None) == first(None, None) == [2, 1, 0]


def test_it_says_whether_the_place_was_the_reason() -> None:
    rows, place = in_places()
    model = Trending(half_life_days=365).fit(made(rows, 4, (BANDUNG, GARUT, MEDAN), place))
    told = model.basis(np.array([0, 1, 2], np.int32), Situation(province="Jawa Barat", city="Bandung"))
    assert [one.place for one in told] == [BANDUNG, None, None]
    assert [one.place for one in model.basis(np.array([0], np.int32), Situation())] == [None]


def test_what_few_people_did_in_a_place_is_nobodys_business() -> None:
    rows = looks(*[row for day in range(30) for row in ((0, 4, 0, day), (4, 100, 1, day))])
    model = Trending(half_life_days=365).fit(made(rows, 2, (BANDUNG, MEDAN), [0] * 4 + [1] * 96))
    assert model.places.touches(model.places.keys.index("Jawa Barat|Bandung")).tolist() == [0, 0]
    alone = Trending(half_life_days=365, least_people=4).fit(made(rows, 2, (BANDUNG, MEDAN), [0] * 4 + [1] * 96))
    assert alone.places.touches(alone.places.keys.index("Jawa Barat|Bandung"))[0] > 0


def test_a_part_of_the_day_has_its_say() -> None:
    """0 in the morning, 1 at night."""
    hours = [(7, 0), (7, 0), (21, 1), (21, 1), (21, 1)]
    rows = [
        (who, item, START + day * DAY + hour * HOUR, Kind.VIEW, -1)
        for day in range(20) for who in range(20) for hour, item in hours
    ]  # fmt: skip
    model = Trending(half_life_days=365).fit(made(rows, 2))
    morning, night = (Situation(now=START + 40 * DAY + hour * HOUR) for hour in (8, 23))
    assert model.recommend(past(), 1, NONE, morning).item.tolist() == [0]
    assert model.recommend(past(), 1, NONE, night).item.tolist() == [1]
    assert model.basis(np.array([0], np.int32), morning)[0].part == "morning"


def test_a_category_page_shows_its_category() -> None:
    rows = looks((0, 9, 0, 0), (0, 8, 1, 0), (0, 7, 2, 0), (0, 6, 3, 0))
    model = Trending().fit(made(rows, 4, content=SHOP))
    assert model.recommend(past(), 4, NONE, Situation(category="fashion")).item.tolist() == [0, 2]
    assert model.recommend(past(), 4, np.array([0], np.int32), Situation(category="Fashion")).item.tolist() == [2]
    assert len(model.recommend(past(), 4, NONE, Situation(category="unheard")).item) == 0


def test_without_times_and_places_it_counts() -> None:
    model = Trending().fit(sequences([[1, 2], [2], [0, 2, 1]], ("a", "b", "c", "d")))
    assert model.recommend(past(), 9, NONE, Situation()).item.tolist() == [2, 1, 0]


def test_it_comes_back_from_its_arrays() -> None:
    rows, place = in_places()
    data = made(rows, 4, (BANDUNG, GARUT, MEDAN), place, SHOP)
    model = Trending().fit(data)
    again = Trending().load(model.arrays())
    for situation in (
        Situation(),
        Situation(city="Bandung", province="Jawa Barat", now=START),
        Situation(category="Sepatu"),
    ):
        one, two = (each.recommend(past(), 4, NONE, situation) for each in (model, again))
        assert one.item.tolist() == two.item.tolist()
        assert one.score.tolist() == two.score.tolist()
