"""Slates by the compiled kernel are those that Python makes, to the byte."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import send
from tests.deciding.test_deciding import OPEN, touch

from detak.decide.asking import Asked, Question
from detak.decide.page import Weights
from detak.decide.rulebook import read_rulebook
from detak.deciding.compiled_shop import CompiledShop
from detak.deciding.pools import Where
from detak.deciding.posing import Asker, Moment, Posed
from detak.deciding.quick_slates import ordinary, quick
from detak.deciding.shopfront import Front
from detak.deciding.slates import Slates, plain
from detak.deciding.stock import Naming, Stock
from detak.deciding.tastes import Tastes
from detak.deciding.telling import Slated
from detak.engine import Engine
from detak.kernel.library import library
from detak.recommend.content import Kind
from detak.trust.passages import Visitor
from detak.trust.touches import NOTHING, Touches

Told = tuple[Question, Visitor, Where, list[str]]
"""Who asks what, from where, and what is kept from them."""
NOW = 1_790_000_000_000_000
KINDS = ("Batik", "Alat", "Dapur", "Obat", "Hijab")
PRODUCTS = [f"p{at}" for at in range(70)]
UNKNOWN = ["asing", 'kutip"\\', "né\n"]
RULES = """
[placements.pinned.rules]
diversity = 0
purchased_days = 30
pin = [{product = "p3", at = 2}, {product = "p8", at = 5}]
[placements.short.page]
shelves = ["for_you", "trending", "for_you", "together", "offers"]
shelf = 2
category_share = 0.2
explore = 0.9
most_loss = 0.9
[placements.varied.rules]
diversity = 0.5
[guardrails]
sensitive = ["Obat"]
telling = ["Hijab"]
"""


@pytest.fixture(scope="module", params=["a catalogue", "events alone"])
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Seventy products of five categories, one of them sensitive and one that is no trait of anybody's; or a shop that
    has said nothing of its products."""
    with Engine(tmp_path_factory.mktemp("store"), OPEN) as engine:
        catalogue: list[dict[str, Any]] = [
            {"id": one, "name": one, "category": ["Toko", KINDS[at % 5]], "stock": 0 if at % 11 == 7 else at,
             "price": {"amount": 1000 + 37 * at, "currency": "IDR"}, "listed": NOW - at * 40_000_000_000,
             "compare_at_price": {"amount": 9000, "currency": "IDR"} if at % 7 == 2 else None}
            for at, one in enumerate(PRODUCTS)
        ]  # fmt: skip
        if request.param == "a catalogue":
            assert not engine.catalogue.put(catalogue, "api").rejected
        rng = random.Random(5)
        told = [
            touch(f"u{user}", PRODUCTS[(user + rng.randrange(9)) % 70], f"{user}-{nth}", event)
            for user in range(140)
            for nth, event in enumerate(["Product Viewed"] * 4 + ["Product Added", "Order Completed"])
        ]
        send(engine, *told)
        engine.models.fit()
        stock = Stock(engine.models.answering, read_rulebook(RULES), "IDR")
        liked = {one: rng.random() for one in PRODUCTS[:50]}
        yield Front(Tastes(stock, liked), Weights(), NOW)


def touches(draw: st.DrawFn, most: int) -> Touches:
    """Of products of which some are in no catalogue."""
    product = draw(st.lists(st.sampled_from(PRODUCTS + UNKNOWN), max_size=most))
    kind = draw(st.lists(st.sampled_from(list(Kind)), min_size=len(product), max_size=len(product)))
    time = np.sort(NOW - np.array([1_000_000 * one * 86_400 for one in range(len(product))], np.int64))
    return Touches.of(product, np.array(kind, np.int8), time) if product else NOTHING


@st.composite
def askers(draw: st.DrawFn) -> Told:
    """Somebody, what is kept from them, and what they ask."""
    some = st.lists(st.sampled_from(PRODUCTS + UNKNOWN), max_size=5)
    page = st.none() | st.sampled_from(PRODUCTS + UNKNOWN)
    names = st.sampled_from(["home", "pinned", "short"])
    placements = [
        Asked(draw(names), draw(st.integers(1, 14)), draw(page), None, draw(some))
        for _ in range(draw(st.integers(1, 4)))
    ]
    visitor = Visitor(1, touches(draw, 20), touches(draw, 4))
    where = draw(st.sampled_from([Where(), Where("Jawa Barat", "Bandung"), Where("Bali")]))
    return Question(placements), visitor, where, draw(some)


def asked(front: Front, some: Sequence[Told]) -> tuple[list[Posed], list[Asker]]:
    posed, askers_ = [], []
    for question, visitor, where, shut in some:
        naming = Naming(front.stock)
        askers_.append(Asker(visitor, where, False, frozenset(map(naming.number, shut)), (), naming))
        posed.append(Posed(question, Moment(front, NOW, server=True), question.identifiers))
    return posed, askers_


def told(made: list[list[Slated]], askers_: list[Asker]) -> list[list[Any]]:
    """What is told, with the names of products for their numbers: those in no catalogue are numbered as they come."""

    def one(slated: Slated, names: Callable[[list[int]], list[str]]) -> Any:
        slate, *more = slated
        return slate._replace(products=[], personal=[]), names(slate.products), names(slate.personal), more

    return [[one(slated, asker.naming.names) for slated in some] for some, asker in zip(made, askers_, strict=True)]


@pytest.mark.skipif(library() is None, reason="no compiled kernel")
@settings(max_examples=100)
@given(st.lists(askers(), min_size=1, max_size=4), st.integers(0, 9))
def test_the_kernel_makes_the_same_slates(front: Front, some: list[Told], seed: int) -> None:
    kernel: Any = library()
    shop = CompiledShop(kernel, front)
    posed, askers_ = asked(front, some)
    assert all(ordinary(one, shop) for one in posed)
    found = quick(posed, askers_, shop, random.Random(seed).random)
    posed, others = asked(front, some)
    expected = plain(posed, others, random.Random(seed).random)
    assert told(found, askers_) == told(expected, others)
    slots = [msgspec.json.decode(b"[%b]" % one.slate.slots) for theirs in found for one in theirs]
    assert all(len({slot["product_id"] for slot in one}) == len(one) for one in slots)


def test_questions_by_the_kernel_and_by_python_are_answered_side_by_side(front: Front) -> None:
    listed, usual, varied = Asked("home", 3, None, ["p1", "p2"]), Asked("home", 3), Asked("varied", 3)
    nobody, questions = Visitor(1, NOTHING, NOTHING), (usual, listed, varied, usual)
    some: list[Told] = [(Question([one]), nobody, Where(), []) for one in questions]
    found = Slates().of(*asked(front, some), lambda: 0.9)
    alone = [Slates().of(*asked(front, [one]), lambda: 0.9)[0] for one in some]
    assert found == alone
    assert sorted(found[1][0].slate.products) == [front.stock.places[one] for one in ("p1", "p2")]
