"""Rules of shelves: what a file may say, and what it is told where it may not."""

import tomllib

import pytest

from detak.errors import SettingsError
from detak.recommend.rules import Boost, Pin, Quota, Rules, rules_in

FILE = """
[placements.default.rules]
purchased_days = 30

[placements.home.rules]
diversity = 0.3
pin = [{product = "P7", at = 1}]
boost = [{brand = "Sekar", by = 1.5}]
quota = [{label = "promo", at_least = 2}, {each = "brand", at_most = 3}]
"""


def test_a_file_says_the_rules_of_each_placement() -> None:
    rules = rules_in(tomllib.loads(FILE)).of("home")
    assert rules == Rules(
        diversity=0.3,
        pin=(Pin("P7", 1),),
        boost=(Boost(brand="Sekar", by=1.5),),
        quota=(Quota(label="promo", at_least=2), Quota(each="brand", at_most=3)),
    )


def test_a_placement_without_rules_has_those_of_default() -> None:
    assert rules_in(tomllib.loads(FILE)).of("cart") == Rules(purchased_days=30)
    assert rules_in({}).of("cart") == Rules()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("diversity = 2", "placements.home.rules.diversity: must be at most 1"),
        ("divers = 0.1", "placements.home.rules: there is no key `divers` here; is `diversity` meant?"),
        ('pin = [{product = "a", at = 0}]', "placements.home.rules.pin[0].at: must be at least 1"),
        (
            'pin = [{product = "a", at = 1}, {product = "b", at = 1}]',
            "rules.pin: two products are pinned at one position",
        ),
        (
            'pin = [{product = "a", at = 1}, {product = "a", at = 2}]',
            "rules.pin: a product (a) is pinned at two positions",
        ),
        ("boost = [{by = 2}]", "rules.boost[0]: says of no product; name one of products, category"),
        ('boost = [{brand = "x"}]', "placements.home.rules.boost[0]: `by` is missing"),
        ("hide = [{}]", "rules.hide[0]: says of no product"),
        ('quota = [{each = "brand", at_least = 1, at_most = 2}]', "rules.quota[0]: each goes with at_most alone"),
        ('quota = [{label = "x"}]', "rules.quota[0]: says neither at_least nor at_most"),
        ('quota = [{label = "x", at_least = 3, at_most = 2}]', "at_least = 3 is more than at_most = 2"),
        (
            "hide = [{price_from = 50_000, price_to = 5_000.5}]",
            "hide[0]: price_from = 50000 is more than price_to = 5000.5",
        ),
        ("quota = [{price_from = 2, price_to = 1, at_most = 2}]", "quota[0]: price_from = 2 is more than price_to = 1"),
        ("quota = [{at_most = 2}]", "rules.quota[0]: says of no product; name each or one of products"),
        ('sold_out = "burn"', "placements.home.rules.sold_out: there is no 'burn'; there are: bury, hide, show"),
    ],
)
def test_what_is_no_rule_is_told_by_its_key(said: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        rules_in(tomllib.loads(f"[placements.home.rules]\n{said}\n"))
    assert told in str(caught.value)
    assert str(caught.value).startswith("rules.toml")
