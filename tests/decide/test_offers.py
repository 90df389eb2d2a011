"""Offers: chances that add up, a holdout that gets none, floors and caps that hold, and effects that were planted."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from msgspec.structs import replace as replace_field

from detak.clock import to_micros
from detak.decide.knapsack import allocate
from detak.decide.offers import (
    AVERAGE,
    CHOSEN,
    HOLDOUT,
    NOTHING,
    TRIAL,
    UPLIFT,
    Book,
    Given,
    allowed,
    drawn,
    offered,
    reckoned,
    unlearnt,
)
from detak.decide.offers_learning import answers, learn
from detak.decide.rulebook import Offer, OfferRules, read_rulebook
from detak.decide.visits import Visits, chances
from detak.errors import SettingsError, said
from detak.span import Moment

HEMAT = Offer("hemat", 0.1, "H10")
RULES = OfferRules(offer=(HEMAT,), budget=1e9, holdout=0.1, trial=0.2)
PLENTY = Given(0, 1e12)
EVERYBODY = Book(AVERAGE, (HEMAT,), 0.0, average=np.array([5.0]), average_cost=np.array([1.0]))


def test_each_arm_has_its_share_and_the_logged_chance_is_the_real_one() -> None:
    found = [offered(one, 7, EVERYBODY, RULES, PLENTY) for one in range(40_000)]
    arms = Counter((one.arm, one.offer is not None) for one in found)
    share = {arm: count / len(found) for arm, count in arms.items()}
    assert share[HOLDOUT, False] == pytest.approx(0.1, abs=0.006)
    assert share[TRIAL, True] == pytest.approx(0.1, abs=0.006)
    assert share[CHOSEN, True] == pytest.approx(0.7, abs=0.01)
    given = np.mean([one.offer is not None for one in found])
    assert {round(one.propensity, 9) for one in found if one.offer} == {0.8}
    assert given == pytest.approx(0.8, abs=0.01)


def test_while_offers_surely_lose_the_trial_is_smaller_and_the_logged_chance_still_the_real_one() -> None:
    losing = replace(EVERYBODY, rule=NOTHING, loses=True)
    found = [offered(one, 7, losing, RULES, PLENTY) for one in range(40_000)]
    arms = Counter((one.arm, one.offer is not None) for one in found)
    share = {arm: count / len(found) for arm, count in arms.items()}
    assert share[HOLDOUT, False] == pytest.approx(0.1, abs=0.006)
    assert share[TRIAL, True] == pytest.approx(0.025, abs=0.004)
    assert share[TRIAL, False] == pytest.approx(0.025, abs=0.004)
    assert share[CHOSEN, False] == pytest.approx(0.85, abs=0.01)
    assert {round(one.propensity, 9) for one in found if one.offer} == {0.025}
    none = replace_field(RULES, losing=0.0)
    assert TRIAL not in {offered(one, 7, losing, none, PLENTY).arm for one in range(1_000)}


@pytest.mark.parametrize(("gain", "loses"), [(0.0, True), (0.6, False)])
def test_whether_an_offer_to_everybody_surely_loses_is_learnt(gain: float, loses: bool) -> None:
    told = visits(5, people=500, days=12, gain=gain, moved=1.0)
    assert learn(told, [HEMAT], RULES, 10.0, 1e9, 0).book.loses is loses
    few = Visits(*(getattr(told, name)[:40] for name in ("subject", "offer", "chance", "adds", "orders", "amount")))
    assert learn(few, [HEMAT], RULES, 10.0, 1e9, 0).book.loses is False


def test_the_holdout_is_the_same_people_every_day_and_the_trial_is_not() -> None:
    def arm(one: int, day: int) -> str:
        return offered(one, day, EVERYBODY, RULES, PLENTY).arm

    days = [[arm(one, day) for one in range(2_000)] for day in (1, 2)]
    held = [{at for at, one in enumerate(day) if one == HOLDOUT} for day in days]
    tried = [{at for at, one in enumerate(day) if one == TRIAL} for day in days]
    assert held[0] == held[1]
    assert tried[0] != tried[1]
    assert 0 <= drawn(2**62) < 1


def test_a_discount_that_eats_the_margin_is_never_given() -> None:
    rules = OfferRules(offer=(HEMAT, Offer("besar", 0.28)), margin=0.3, margin_floor=0.05)
    assert allowed(rules) == (HEMAT,)


def test_what_the_rules_no_longer_offer_is_given_to_nobody() -> None:
    other = Offer("kilat", 0.05)
    for offer, floor in (((), 0.05), ((other,), 0.05), ((HEMAT, other), 0.22)):
        rules = OfferRules(offer=offer, budget=1e9, holdout=0.1, trial=0.2, margin_floor=floor)
        found = [offered(one, 1, unlearnt(allowed(rules), 100.0), rules, PLENTY) for one in range(500)]
        assert {one.offer for one in found if one.offer} == set(allowed(rules))
        assert {one.arm for one in found if one.offer} <= {TRIAL}, "nothing is known of what is new"


@pytest.mark.parametrize(("given", "reason"), [(Given(3, 1e12), "capped"), (Given(0, 0.5), "budget_spent")])
def test_caps_and_the_budget_hold_before_anything_is_drawn(given: Given, reason: str) -> None:
    found = [offered(one, 1, EVERYBODY, RULES, given) for one in range(50)]
    assert {(one.offer, one.arm, one.reason) for one in found} == {(None, "", reason)}


def test_what_was_given_today_is_paid_for() -> None:
    spent = [offered(one, 1, EVERYBODY, RULES, Given(2, 0.0, today=True)) for one in range(50)]
    assert spent == [offered(one, 1, EVERYBODY, RULES, PLENTY) for one in range(50)]


def test_before_anything_is_learnt_the_budget_is_not_passed_by_one_offer_either() -> None:
    book = unlearnt((HEMAT,), 100_000.0)
    assert book.average_cost.tolist() == [500.0]
    assert {offered(one, 1, book, RULES, Given(0, 499.0)).reason for one in range(50)} == {"budget_spent"}
    assert {one.cost for one in (offered(n, 1, book, RULES, Given(0, 500.0)) for n in range(50)) if one.offer} == {
        500.0
    }
    assert {offered(one, 1, EVERYBODY, RULES, Given(0, 0.0)).reason for one in range(50)} == {"budget_spent"}


def test_nobody_is_chosen_while_nothing_is_known() -> None:
    found = [offered(one, 1, unlearnt((HEMAT,), 100.0), RULES, PLENTY) for one in range(500)]
    assert {one.arm for one in found if one.offer} == {TRIAL}
    assert "not_offered_nothing" in {one.reason for one in found}


def visits(seed: int, people: int, days: int, gain: float, moved: float = 0.25) -> Visits:
    """A trial in which ``moved`` of the people put more into carts and buy more with an offer; the others do not."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(people), days)
    persuadable = np.repeat(rng.random(people) < moved, days)
    offer = np.where(rng.random(len(subject)) < 0.5, 0, -1)
    lifted = (offer == 0) & persuadable
    adds = rng.poisson(0.4 + 1.2 * gain * lifted).astype(float)
    orders = (rng.random(len(subject)) < 0.05 + 0.25 * gain * lifted).astype(float)
    return Visits(subject, offer, np.full(len(subject), 0.5), adds, orders, orders * 100_000)


def test_what_is_known_before_a_visit_does_not_know_of_the_visit() -> None:
    told = Visits(
        np.array([1, 1, 2]), np.array([0, -1, 0]), np.full(3, 0.5),
        np.array([2.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]), np.array([100.0, 0.0, 0.0]),
    )  # fmt: skip
    found = answers(told)
    assert found.subjects.tolist() == [1, 2]
    assert found.before[0].tolist() == found.before[2].tolist()  # nothing yet, of either
    # Of a usual visit there is one cart and a third of an order; that weighs as much as four visits.
    assert found.before[1].tolist() == pytest.approx(
        [np.log((2 + 4) / 5), 0, np.log((1 + 4 / 3) / 5), np.log(1 / 3), (2 - 1) / 5**0.5, 0]
    )
    assert found.after[0, 1] == pytest.approx(np.log(4 / 5))
    assert found.after[0, [0, 2]].tolist() == found.before[1, [0, 2]].tolist()


def test_who_is_moved_is_found_and_the_budget_goes_there() -> None:
    told = visits(1, 600, 14, gain=1.0)
    rules = OfferRules(offer=(HEMAT,), margin=0.3)
    learnt = learn(told, (HEMAT,), rules, daily=600, budget=1e12, seed=1)
    assert learnt.book.rule == UPLIFT
    assert learnt.p < 0.05
    persuadable = np.random.default_rng(1).random(600) < 0.25
    chosen = allocate(learnt.book.value, learnt.book.cost, 0.2 * float(learnt.book.cost.sum())).chosen == 0
    assert persuadable[chosen].mean() > 2 * 0.25


def dear_and_cheap(seed: int) -> tuple[Visits, np.ndarray]:
    """A shop where one order may be worth a hundred others, an offer seldom is given, and some buy more than others; a
    quarter of the people puts four times as much into carts with an offer. And what it truly brings of each, a visit,
    in baskets."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(700), 16)
    n = len(subject)
    persuadable, keen = rng.random(700) < 0.25, np.exp(0.6 * rng.standard_normal(700))
    offer = np.where(rng.random(n) < 0.22, 0, -1)
    lifted = (offer == 0) & persuadable[subject]
    adds = rng.poisson(0.3 * keen[subject] * (1 + 3 * lifted)).astype(float)
    orders = (rng.random(n) < np.minimum(0.25 * adds, 0.9)).astype(float)
    told = Visits(subject, offer, np.full(n, 0.22), adds, orders, orders * rng.lognormal(11, 1.0, n))
    return told, np.where(persuadable, 4 * 0.15 - 0.3, -0.15) * 0.3 * 0.25 * keen


def test_a_few_dear_orders_do_not_hide_whom_an_offer_moves() -> None:
    """Learnt from whether carts are filled alone, it was 8% of what could be had."""
    told, brings = dear_and_cheap(1)
    rules = OfferRules(offer=(Offer("hemat", 0.15),), margin=0.3)
    learnt = learn(told, rules.offer, rules, 700, 1e15, 1)
    chosen = learnt.book.value[:, 0] > 0
    assert learnt.book.rule == UPLIFT
    assert brings[chosen].sum() > 0.35 * brings[brings > 0].sum()


def test_where_nobody_says_what_goes_into_carts_orders_teach() -> None:
    told = visits(1, 600, 14, gain=1.0)
    learnt = learn(replace(told, adds=np.zeros(len(told.adds))), (HEMAT,), RULES, 600, 1e12, 1)
    persuadable = np.random.default_rng(1).random(600) < 0.25
    value = learnt.book.value[:, 0]
    assert learnt.book.rule == UPLIFT
    assert value[persuadable].mean() > 1_000 > value[~persuadable].mean() + 500


def test_where_nobody_differs_all_are_treated_alike_or_nobody_is() -> None:
    rules = OfferRules(offer=(HEMAT,), margin=0.3)
    nobody = learn(visits(2, 400, 8, gain=0.0), (HEMAT,), rules, 400, 1e12, 1)
    everybody = learn(visits(3, 400, 8, gain=1.0, moved=1.0), (HEMAT,), rules, 400, 1e12, 1)
    assert nobody.book.rule == NOTHING
    assert everybody.book.rule in (AVERAGE, UPLIFT)
    assert everybody.average > 0


def test_chance_decides_as_often_as_it_is_said_to() -> None:
    """Whoever is not held out tells of an offer, whether chosen or drawn for: by the chances that were logged."""
    people = np.arange(600)
    keen = Book(
        UPLIFT, (HEMAT,), 0.0, people, np.where(people < 300, 5.0, -5.0)[:, None], np.ones((600, 1)),
        np.zeros(1), np.ones(1),
    )  # fmt: skip
    for book in (keen, EVERYBODY, unlearnt((HEMAT,), 100.0)):
        made = [offered(one, day, book, RULES, PLENTY) for one in people.tolist() for day in range(20)]
        trial, chosen = (np.array([one.arm == arm for one in made]) for arm in (TRIAL, CHOSEN))
        offer = np.array([0 if one.offer else -1 for one in made])
        logged = np.array([one.propensity for one in made])
        chance = chances((trial, chosen), offer, logged, np.ones(len(made), np.bool_), RULES.holdout)
        assert np.isnan(chance).tolist() == (~trial & ~chosen).tolist(), "the holdout is nobody's chance"
        for one in np.unique(chance[~np.isnan(chance)].round(9)):
            here = np.isclose(chance, one)
            assert (offer[here] == 0).mean() == pytest.approx(one, abs=0.02)
        several = chances((trial, chosen), offer, logged, np.zeros(len(made), np.bool_), RULES.holdout)
        assert set(several[trial]) == {0.5}
        assert np.isnan(several[~trial]).all()


def chosen_for(seed: int, people: int, days: int, gain: float) -> Visits:
    """Days on which chance gives an offer to one in ten of those who seldom buy, and to nine in ten of the others."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(people), days)
    often = subject % 2 == 0
    chance = np.where(often, 0.9, 0.1)
    offer = np.where(rng.random(len(subject)) < chance, 0, -1)
    orders = (rng.random(len(subject)) < np.where(often, 0.25, 0.05) + gain * (offer == 0)).astype(float)
    return Visits(subject, offer, chance, orders, orders, orders * 100_000)


def test_whoever_gets_offers_because_they_buy_is_not_taken_to_buy_because_of_offers() -> None:
    rules = OfferRules(offer=(HEMAT,), margin=0.3)
    told = chosen_for(11, 500, 10, gain=0.0)
    naive = learn(replace(told, chance=np.full(5_000, 0.5)), (HEMAT,), rules, 500, 1e12, 1)
    found = learn(told, (HEMAT,), rules, 500, 1e12, 1)
    assert naive.average > 0.01
    assert found.average < 0.0
    assert found.book.rule == NOTHING
    moved = learn(chosen_for(12, 500, 10, gain=0.2), (HEMAT,), rules, 500, 1e12, 1)
    assert 0.1 < moved.average < 0.2


def test_an_offer_that_only_perhaps_pays_for_itself_is_not_given_to_everybody() -> None:
    """It brings as much as it costs, neither more nor less; half of the time it looks like more."""
    rules = OfferRules(offer=(HEMAT,), margin=0.3)
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        offer = np.where(rng.random(2_000) < 0.5, 0, -1)
        orders = (rng.random(2_000) < np.where(offer == 0, 0.3, 0.2)).astype(float)
        told = Visits(np.repeat(np.arange(400), 5), offer, np.full(2_000, 0.5), orders, orders, orders * 100_000)
        found.append(learn(told, (HEMAT,), rules, 600, 1e12, seed))
    assert all(one.average > 0 for one in found), "it surely brings orders"
    assert [one.book.rule for one in found] == [NOTHING] * 4
    assert all(one.book.average[0] <= 0 for one in found)


def test_what_other_codes_take_off_is_not_earned() -> None:
    """An offer brings twice as many orders: it pays, but where each comes with a coupon beside it."""
    rng = np.random.default_rng(3)
    offer = np.where(rng.random(4_000) < 0.5, 0, -1)
    orders = (rng.random(4_000) < np.where(offer == 0, 0.6, 0.3)).astype(float)
    told = Visits(np.repeat(np.arange(800), 5), offer, np.full(4_000, 0.5), orders, orders, orders * 100_000)
    rules = OfferRules(offer=(HEMAT,), margin=0.3)
    assert learn(told, (HEMAT,), rules, 800, 1e12, 1).book.average[0] > 0
    coupon = replace(told, off=told.amount * (0.1 + 0.1 * (offer == 0)))
    assert coupon.earned(0.1, 0.3)[orders > 0] == pytest.approx(np.where(offer == 0, 0.1, 0.2)[orders > 0])
    assert learn(coupon, (HEMAT,), rules, 800, 1e12, 1).book.average[0] <= 0
    untold = replace(told, off=np.zeros(4_000))
    assert untold.earned(0.1, 0.3)[offer == 0] == pytest.approx(0.2), "an offer costs what it says at least"


def test_the_price_of_the_budget_leaves_the_trial_its_part() -> None:
    told = visits(1, 600, 14, gain=1.0)
    rules = OfferRules(offer=(HEMAT,), margin=0.3, trial=0.2, holdout=0.1)
    everybody = float(learn(told, (HEMAT,), rules, 600, 1e12, 1).book.cost.sum())
    budget = 0.15 * everybody
    book = learn(told, (HEMAT,), rules, 600, budget, 1).book
    spent = sum(offered(one, day, book, rules, PLENTY).cost for one in range(600) for day in range(30)) / 30
    assert spent == pytest.approx(budget, rel=0.1)


def test_too_little_teaches_nothing() -> None:
    learnt = learn(visits(4, 10, 2, gain=1.0), (HEMAT,), RULES, 10, 1e12, 1)
    assert (learnt.book.rule, learnt.book.version) == (NOTHING, "too-little")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[offers]\nholdout = 0.0\n", "offers.holdout"),
        ("[offers]\nholdout = 0.5\ntrial = 0.9\n", "more than everybody"),
        ('[offers]\noffer = [{name = "a", discount = 0.1}, {name = "a", discount = 0.2}]\n', "one name"),
        (
            '[offers]\noffer = [{name = "a", discount = 0.1, code = "X"}, {name = "b", discount = 0.2, code = "x"}]\n',
            "code",
        ),
        ("[offers]\nbudget = inf\n", "inf is no number to go by"),
        ("[offers]\nmargin = nan\n", "nan is no number to go by"),
        ("[offers]\nbudget = 500.000 # a day\n", "budget = 500.000: .* write 500_000"),
        ("[placements.home.rules]\nboost = [{price_to = 50.000, by = 2.0}]\n", "write 50_000"),
        ('[placements.home.page]\nshelves = ["mine"]\n', "there is no shelf 'mine'"),
        ("[guardrails]\nchase = true\n", "guardrails"),
        ("[ofers]\nbudget = 1\n", "rules.toml: there is no key `ofers` here; is `offers` meant"),
        ("[offers]\nbugdet = 1\n", "offers: there is no key `bugdet` here; is `budget` meant"),
        ("[placements.home.pages]\n", "placements.home: there is no key `pages` here; is `page` meant"),
        ('[offers]\noffer = [{name = "a", discount = 0.1, from = "besok"}]\n', r"offer\[0\].from: is no day such as"),
        (
            '[offers]\noffer = [{name = "a", discount = 0.1, from = 2026-11-12, until = 2026-11-11}]\n',
            r"offer\[0\]: ends \(until = 2026-11-11\) before it begins \(from = 2026-11-12\)",
        ),
        (
            "[offers]\noffer = ["
            '{name = "a", discount = 0.1, until = 2026-11-11}, {name = "a", discount = 0.2, from = 2026-11-12}]\n',
            "one name",
        ),
        (
            "[placements.home.rules]\npin = ["
            '{product = "a", at = 1, until = 2026-11-11}, {product = "b", at = 1, from = 2026-11-11}]\n',
            "two products are pinned at one position",
        ),
        ("nonsense", "is not TOML"),
    ],
)
def test_rules_that_are_none_are_said(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_rulebook(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[offers]\nbudget = 500.000\n", "rules.toml: budget = 500.000: titik di sini berarti desimal"),
        ("[offers]\nmost = 1.5\n", "rules.toml: offers.most: seharusnya bilangan bulat, bukan angka desimal"),
        ("[offers]\nholdout = 10\n", "rules.toml: offers.holdout: paling banyak 0.9 (sepersepuluh, 10%, ditulis 0.1)"),
        ("[offers]\nholdout = 0.0\n", "rules.toml: offers.holdout: paling sedikit 0.01"),
        ('[offers]\noffer = [{name = "a"}]\n', "rules.toml: offers.offer[0]: `discount` belum diisi"),
        ('[offers]\noffer = [{name = "a", discount = 0}]\n', "offer[0].discount: harus lebih dari 0.0"),
        ('[offers]\noffer = [{name = "", discount = 0.1}]\n', "offer[0].name: tidak boleh kosong"),
        (f'[offers]\noffer = [{{name = "{"x" * 65}", discount = 0.1}}]\n', "name: tidak boleh lebih dari 64 huruf"),
        ('[placements.a.rules]\nsold_out = "x"\n', "sold_out: tidak ada pilihan 'x'; yang ada: bury, hide, show"),
        ("[offers\n", "rules.toml bukan TOML yang benar: baris 1, kolom 8 (Expected"),
        ("x = ", "rules.toml bukan TOML yang benar: Invalid value"),
    ],
)
def test_what_is_no_rule_is_said_in_indonesian_too(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_rulebook(text)
    assert told in said(caught.value, "id")
    assert said(caught.value, "en") == str(caught.value)


def test_a_rulebook_is_read_whole() -> None:
    book = read_rulebook(
        '[placements.home.page]\nmargin = 0.5\n[placements.home.rules]\nhide = [{brand = "X"}]\n'
        "[offers]\nbudget = 5\n[guardrails]\nshown_most = 2\n"
    )
    assert book.page("home").margin == 0.5
    assert book.page("elsewhere").margin == 0.2
    assert book.shelves.of("home").hide[0].brand == "X"
    assert (book.offers.budget, book.guardrails.shown_most) == (5, 2)


def test_who_says_how_a_page_is_made_lays_down_no_rules_for_its_products() -> None:
    book = read_rulebook("[placements.default.rules]\npurchased_days = 5\n[placements.home.page]\nmargin = 0.0\n")
    assert book.page("home").margin == 0.0
    assert book.shelves.of("home").purchased_days == 5
    assert read_rulebook("[placements.default.page]\nprice = 0.1\n").shelves.placements == {}


def test_what_is_dated_is_there_while_it_holds_and_the_rest_always() -> None:
    book = read_rulebook(
        "[offers]\noffer = ["
        '{name = "gajian", discount = 0.1, code = "G", from = 2026-10-25, until = 2026-10-28},'
        '{name = "gajian", discount = 0.1, code = "G", from = 2026-11-25, until = 2026-11-28},'
        '{name = "tetap", discount = 0.05}]\n'
        "[placements.home.rules]\n"
        'pin = [{product = "a", at = 1, until = 2026-11-11}, {product = "b", at = 1, from = 2026-11-12}]\n'
        'hide = [{brand = "X", from = 2026-11-12}]\n'
        'boost = [{brand = "Y", by = 2.0}]\n',
        zone=ZoneInfo("Asia/Jakarta"),
    )

    def found(day: int, month: int = 11) -> tuple[list[str], list[str], int, int]:
        moment = to_micros(datetime(2026, month, day, 12, tzinfo=UTC))
        at = book.at(moment)
        rules = at.shelves.of("home")
        assert len(at.offers.offer) + len(at.resting) == 3
        return (
            [one.name for one in at.offers.offer],
            [pin.product for pin in rules.pin],
            len(rules.hide),
            len(rules.boost),
        )

    assert found(26, 10) == (["gajian", "tetap"], ["a"], 0, 1)
    assert found(11) == (["tetap"], ["a"], 0, 1)
    assert found(12) == (["tetap"], ["b"], 1, 1)
    assert found(28) == (["gajian", "tetap"], ["b"], 1, 1)
    days = [(10, 25), (10, 29), (11, 12), (11, 25), (11, 29)]
    assert book.edges == [to_micros(datetime(2026, *day, tzinfo=ZoneInfo("Asia/Jakarta"))) for day in days]


def test_an_offer_that_begins_leaves_what_was_learnt_of_the_others() -> None:
    kilat = Offer("kilat", 0.05)
    rules = replace_field(RULES, offer=(kilat, HEMAT))
    book = EVERYBODY.among((kilat, HEMAT), unlearnt((kilat, HEMAT), 100.0))
    found = [offered(one, 7, book, rules, PLENTY) for one in range(2_000)]
    given = {arm: {one.offer for one in found if one.offer and one.arm == arm} for arm in (TRIAL, CHOSEN)}
    assert given == {TRIAL: {kilat, HEMAT}, CHOSEN: {HEMAT}}
    assert EVERYBODY.among((HEMAT,), unlearnt((HEMAT,), 100.0)) is EVERYBODY
    assert EVERYBODY.among((kilat,), unlearnt((kilat,), 100.0)).rule == NOTHING


def test_what_is_learnt_of_a_person_stays_where_offers_come_and_go() -> None:
    kilat = Offer("kilat", 0.05)
    both = Book(
        UPLIFT, (HEMAT, kilat), 0.5, np.array([3, 8]), np.array([[5.0, 1.0], [2.0, 7.0]]), np.ones((2, 2)),
        np.array([3.5, 4.0]), np.array([1.0, 1.0]),
    )  # fmt: skip
    later = replace_field(kilat, start=Moment(date(2026, 11, 11), UTC))
    one = both.among((later,), unlearnt((later,), 100.0))
    assert [side.tolist() for side in one.of(8)] == [[7.0], [1.0]]
    assert [side.tolist() for side in one.of(4)] == [[4.0], [1.0]]


def test_an_offer_of_which_too_little_is_known_hinders_no_other() -> None:
    told = visits(1, 600, 7, gain=1.0)
    kilat = Offer("kilat", 0.05)
    learnt = learn(told, (HEMAT, kilat), RULES, daily=600, budget=1e12, seed=1)
    assert learnt.book.rule == UPLIFT
    assert (learnt.book.value[:, 1] < 0).all(), "the trial alone gives it"


def test_an_offer_of_pay_day_is_not_praised_for_pay_day() -> None:
    """On some days everybody buys more, and on those alone there is the offer, which moves nobody."""
    rng = np.random.default_rng(5)
    payday = np.tile(np.arange(20) % 5 == 0, 400)
    offer = np.where(payday & (rng.random(len(payday)) < 0.5), 0, -1)
    orders = (rng.random(len(payday)) < np.where(payday, 0.3, 0.05)).astype(float)
    told = Visits(np.repeat(np.arange(400), 20), offer, np.full(len(payday), 0.5), orders, orders, orders * 100_000)
    rules = OfferRules(offer=(HEMAT,), margin=0.6)
    praised = learn(told, (HEMAT,), rules, 400, 1e12, 1)
    found = learn(replace(told, beside=payday[:, None]), (HEMAT,), rules, 400, 1e12, 1)
    assert praised.average > 0.1, "what the days bring counts for the offer"
    assert found.average < 0.02
    assert found.book.rule == NOTHING


def test_what_an_offer_costs_is_known_from_prices_or_from_the_last_lesson() -> None:
    told = Book(offers=allowed(RULES), average_cost=np.array([50.0]))
    assert reckoned(Book(), RULES, 1.0)
    assert reckoned(told, RULES, 0.0)
    assert not reckoned(Book(), RULES, 0.0)
    assert not reckoned(replace(told, average_cost=np.zeros(1)), RULES, 0.0)
    assert not reckoned(replace(told, offers=(Offer("other", 0.05),)), RULES, 0.0)
