"""Due again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.recommend.goods import goods
from tests.recommend.made import DAY, NONE, Row, made, past

from detak.recommend.base import Interactions, Situation, sequences
from detak.recommend.content import Kind
from detak.recommend.replenish import Replenish, drawn
from detak.recommend.spells import EDGES, STRATA, STRETCHES, Exposure, exposure, spells

START = 1_760_000_000_000_000
SOAP, RICE, DRESS, SHAMPOO = range(4)
SHOP = goods(("soap", "Care", ""), ("rice", "Food", ""), ("dress", "Fashion", ""), ("shampoo", "Care", ""))


def shop(people: int = 250, days: int = 240) -> Interactions:
    """Soap is bought again after about 30 days, rice after about 10, a dress once, by everybody."""
    random = np.random.default_rng(5)
    rows: list[Row] = []
    for who in range(people):
        for item, every in ((SOAP, 30), (RICE, 10)):
            at = random.uniform(0, 60)
            while at < days:
                rows.append((who, item, START + int(at * DAY), Kind.BUY, -1))
                at += every * random.lognormal(0, 0.15)
        rows.append((who, DRESS, START + int(random.uniform(0, days) * DAY), Kind.BUY, -1))
        rows.append((who, DRESS, START + int(random.uniform(0, days) * DAY), Kind.VIEW, -1))
    return made(rows, 4, content=SHOP)


MODEL = Replenish(horizon=7).fit(shop())
NOW = START + 300 * DAY


def ago(days: float) -> int:
    return NOW - int(days * DAY)


def chance(item: int, *days: float) -> float:
    """Of a product bought so many days ago, the earliest first."""
    history = past(*[item] * len(days), time=[ago(one) for one in days], kind=[Kind.BUY] * len(days))
    return float(MODEL.recommend(history, 5, NONE, Situation(now=NOW)).score[0])


def test_the_chance_rises_when_the_time_comes() -> None:
    assert chance(SOAP, 61, 31, 2) < 0.05
    assert chance(SOAP, 87, 57, 27) > 0.6
    assert chance(RICE, 22, 12, 2) < chance(RICE, 27, 17, 7)
    assert chance(RICE, 27, 17, 7) > 0.6


def test_what_is_bought_once_is_not_due() -> None:
    assert chance(DRESS, 30) < 0.02


def test_what_is_due_stands_first_and_is_due() -> None:
    history = past(DRESS, SOAP, RICE, time=[ago(90), ago(28), ago(1)], kind=[Kind.BUY] * 3)
    told = MODEL.recommend(history, 5, NONE, Situation(now=NOW))
    assert told.item.tolist()[0] == SOAP
    assert SOAP in MODEL.due(history, NOW).tolist()
    assert DRESS not in MODEL.due(history, NOW).tolist()


def test_a_product_nobody_bought_twice_takes_after_its_category() -> None:
    """Nobody ever bought shampoo; soap is in the same category, a dress in none that is bought again."""
    care, fashion = chance(SHAMPOO, 28), chance(DRESS, 28)
    assert care > 5 * fashion


def test_a_slow_person_is_given_time() -> None:
    """Rice every 20 days so far, twice as slow as others: after 10 days it is less likely than for others."""
    slow = past(*[RICE] * 6, time=[ago(10 + 20 * at) for at in range(5, -1, -1)], kind=[Kind.BUY] * 6)
    usual = past(*[RICE] * 6, time=[ago(10 + 10 * at) for at in range(5, -1, -1)], kind=[Kind.BUY] * 6)
    one, other = (MODEL.recommend(each, 1, NONE, Situation(now=NOW)).score[0] for each in (slow, usual))
    assert one < other


def test_looking_is_not_buying_and_the_future_is_not_known() -> None:
    looked = past(SOAP, time=[ago(28)], kind=[Kind.VIEW])
    assert len(MODEL.recommend(looked, 5, NONE, Situation(now=NOW)).item) == 0
    later = past(SOAP, time=[NOW + DAY], kind=[Kind.BUY])
    assert len(MODEL.recommend(later, 5, NONE, Situation(now=NOW)).item) == 0


def test_without_times_nothing_is_due() -> None:
    model = Replenish().fit(sequences([[0, 1, 0]], ("a", "b")))
    assert len(model.recommend(past(0, 1, 0), 5, NONE, Situation(now=NOW)).item) == 0


def test_chances_come_true() -> None:
    """Of people whom the model does not know, asked at one moment, as many buy as it says."""
    known, strangers = shop(), shop(people=400, days=200)
    model, now = Replenish(horizon=7).fit(known), START + 150 * DAY
    said, came = [], []
    for person in range(strangers.people):
        item, told, _ = model.chances(strangers.of(person), now)
        rows = slice(int(strangers.starts[person]), int(strangers.starts[person + 1]))
        soon = (strangers.time[rows] > now) & (strangers.time[rows] <= now + 7 * DAY)
        said.append(told)
        came.append(np.isin(item, strangers.item[rows][soon & (strangers.details.kind[rows] == Kind.BUY)]))  # type: ignore[union-attr]
    assert np.concatenate(said).mean() == pytest.approx(np.concatenate(came).mean(), abs=0.05)


def test_it_comes_back_from_its_arrays() -> None:
    again = Replenish(horizon=7).load(MODEL.arrays())
    history = past(DRESS, SOAP, RICE, time=[ago(90), ago(28), ago(1)])
    one, two = (each.recommend(history, 5, NONE, Situation(now=NOW)) for each in (MODEL, again))
    assert one.score.tolist() == two.score.tolist()


def test_an_order_in_parts_is_one_purchase() -> None:
    person, item = np.zeros(3, np.int32), np.zeros(3, np.int32)
    found = spells(person, item, np.array([0, 3_600_000_000, 5 * DAY]), 7 * DAY)
    assert found.days.tolist() == [5, 2]
    assert found.again.tolist() == [True, False]
    assert found.stratum.tolist() == [0, 1]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 500)), max_size=40))
def test_spells_and_what_is_at_risk_add_up(rows: list[tuple[int, int, int]]) -> None:
    columns = np.array(rows, np.int64).reshape(-1, 3)
    end = 520 * DAY
    found = spells(columns[:, 0].astype(np.int32), columns[:, 1].astype(np.int32), columns[:, 2] * DAY, end)
    pairs = {(who, item) for who, item, _ in rows}
    assert len(found.days) == len(set(rows))
    assert (~found.again).sum() == len(pairs)
    seen = exposure(found, found.item.astype(np.int64), 3)
    assert seen.bought.sum() == (found.again & (found.days < EDGES[-1])).sum()
    width = np.diff(EDGES)
    lived = np.minimum(found.days, EDGES[-1])[~found.again].sum()
    whole = exposure(found._replace(again=np.zeros_like(found.again)), found.item.astype(np.int64), 3)
    assert (whole.at_risk * width).sum() == pytest.approx(np.minimum(found.days, EDGES[-1]).sum())
    assert (seen.at_risk * width).sum() >= lived - 1e-6
    assert (seen.bought <= seen.at_risk + 1e-9).all()


def test_with_much_to_say_a_group_says_its_own_and_with_nothing_what_stands_above_it() -> None:
    above = np.full((40, STRATA, STRETCHES), 0.1)
    random = np.random.default_rng(0)
    at_risk = np.full_like(above, 5_000.0)
    truth = random.uniform(0.02, 0.4, above.shape)
    bought = random.binomial(5_000, truth).astype(float)
    at_risk[0], bought[0] = 0, 0
    found = drawn(Exposure(bought, at_risk), above)
    assert found[1:] == pytest.approx(truth[1:], abs=0.03)
    assert found[0] == pytest.approx(above[0], abs=0.02)
