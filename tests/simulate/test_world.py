import msgspec
import numpy as np
import pytest
from tests.simulate.worlds import world

from detak import place
from detak.errors import UsageError
from detak.simulate.config import WORLDS, Config
from detak.simulate.goods import categories
from detak.simulate.people import UPLIFT_SHARES
from detak.simulate.places import places
from detak.simulate.world import World, liking, liking_of_all


def test_every_province_is_there_under_its_name() -> None:
    where = places()
    assert set(where.province) == set(place.PROVINCES)
    assert [place.city(name) for name in where.city] == list(where.city)
    assert where.share.sum() == pytest.approx(1)


def test_people_live_where_indonesians_live() -> None:
    made = world(shoppers=60_000, days=2)
    shares = np.bincount(made.people.place, minlength=len(places().share)) / 60_000
    assert np.abs(shares - places().share).max() < 0.003
    java = sum(places().share[at] for at, name in enumerate(places().province) if name == "Jawa Barat")
    assert java == pytest.approx(50_345 / 281_000, rel=0.02)


def test_types_of_response_have_their_shares_and_effects() -> None:
    people = world(shoppers=60_000, days=2).people
    shares = np.bincount(people.uplift, minlength=4) / len(people.uplift)
    assert np.abs(shares - UPLIFT_SHARES).max() < 0.01
    effect = people.treated - people.untreated
    assert (effect[people.uplift == 0] > 0).all()
    assert (effect[people.uplift == 1] == 0).all()
    assert (effect[people.uplift == 3] < 0).all()


@pytest.mark.parametrize(("confounding", "low", "high"), [(0.0, -0.03, 0.03), (1.0, -0.7, -0.25)])
def test_far_places_are_poorer_only_where_the_world_is_confounded(confounding: float, low: float, high: float) -> None:
    made = world(shoppers=20_000, days=2, confounding=confounding)
    far = places().remote[made.people.place]
    assert low < np.corrcoef(far, made.people.income)[0, 1] < high


def test_a_hidden_trait_weighs_only_where_it_is_wished_for() -> None:
    for hidden, bound in ((0.0, (-0.03, 0.03)), (1.0, (-1.0, -0.5))):
        people = world(shoppers=20_000, days=2, hidden=hidden).people
        assert bound[0] < np.corrcoef(people.hidden, people.intent)[0, 1] < bound[1]


def test_goods_have_names_prices_and_gaps_in_stock() -> None:
    goods = world().goods
    assert len(set(goods.name)) > 0.9 * len(goods.name)
    assert set((goods.price % 1000).tolist()) <= {0, 900}
    assert (goods.price >= 2_900).all()
    median = np.median(goods.price[goods.category == 0])
    assert median == pytest.approx(categories()[0].price, rel=0.2)
    assert 0.005 < goods.gone.mean() < 0.3
    back = goods.gone[:-1] & ~goods.gone[1:]
    assert back.any(), "what ran out is filled up again"


def test_liking_of_all_products_is_the_same_sum() -> None:
    made = world()
    who = np.array([3, 14, 159])
    all_goods = np.broadcast_to(np.arange(len(made.goods.price)), (3, len(made.goods.price)))
    assert np.allclose(liking_of_all(made, who), liking(made, who, all_goods))


def test_queries_have_slips_and_slang() -> None:
    queries = world().queries
    assert len(set(queries.text)) > 1_500
    assert 0.02 < (queries.results == 0).mean() < 0.15
    assert any("cewe" in text or "cwe" in text for text in queries.text)


@pytest.mark.parametrize("field", ["shoppers", "days", "products", "confounding", "refusals"])
def test_figures_out_of_bounds_are_refused_by_name(field: str) -> None:
    with pytest.raises(UsageError, match=field):
        World.make(msgspec.structs.replace(Config(), **{field: -1}))


@pytest.mark.parametrize("name", WORLDS)
def test_named_worlds_can_be_made(name: str) -> None:
    assert World.make(msgspec.structs.replace(WORLDS[name], shoppers=50, days=2)).config.shoppers == 50
