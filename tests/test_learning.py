"""Products out of what clients send, through the gate, into the catalogue of an engine."""

from pathlib import Path

import pytest

from detak import learning
from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.insights import seen_products
from detak.learning import learn_products
from detak.money import Money
from detak.settings import Settings, SourceSettings
from tests.conftest import send
from tests.shop import consenting, track


def view(key: str, named: str, *, yes: bool = True, **columns: object) -> dict[str, object]:
    told = {"product_id": named, "currency": "IDR", **columns}
    return track("Product Viewed", key, user="ani", properties=told, context=consenting(analytics=yes))


def test_what_clients_send_becomes_products_and_the_shops_word_stands(engine: Engine) -> None:
    engine.catalogue.put([{"id": "P1", "price": 12_000}])
    send(engine, view("1", "P1", price=1, name="Mangkok"), view("2", "P2", price=5_000, stock=3, name="Piring"))
    assert learn_products(engine.gate, engine.catalogue, "IDR") == 2
    first, second = (engine.catalogue.get(named) for named in ("P1", "P2"))
    assert first is not None
    assert second is not None
    assert (first.product.price, first.product.name) == (Money(12_000, "IDR"), "Mangkok")
    assert (first.origins["price"].source, first.origins["name"].source) == ("api", "events")
    assert (second.product.price, second.product.stock) == (Money(5_000, "IDR"), 3)


def test_asking_again_changes_nothing_and_newer_events_refresh(engine: Engine) -> None:
    send(engine, view("1", "P1", price=5_000))
    assert learn_products(engine.gate, engine.catalogue, "IDR") == 1
    learnt = engine.catalogue.learnt
    assert learnt > 0
    assert learn_products(engine.gate, engine.catalogue, "IDR") == 0
    assert engine.catalogue.learnt == learnt
    send(engine, view("2", "P1", price=6_000))
    assert learn_products(engine.gate, engine.catalogue, "IDR") == 1
    assert engine.catalogue.snapshot().prices("IDR").tolist() == [6_000]


def test_what_was_learnt_from_is_not_read_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    send(engine, view("1", "P1", price=5_000))
    assert learn_products(engine.gate, engine.catalogue, "IDR") == 1
    monkeypatch.setattr(seen_products, "reduce", None)  # would raise
    assert learn_products(engine.gate, engine.catalogue, "IDR") == 0


def test_many_events_are_learnt_from_some_at_a_time(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "_AT_ONCE", 1)
    send(engine, view("1", "P1", price=5_000), view("2", "P2", price=6_000), view("3", "P1", name="Piring"))
    assert learn_products(engine.gate, engine.catalogue, "IDR") >= 2
    products = engine.catalogue.snapshot().products
    assert (products["P1"].name, products["P1"].price, products["P2"].price) == (
        "Piring", Money(5_000, "IDR"), Money(6_000, "IDR"),
    )  # fmt: skip


def test_who_refuses_teaches_nothing(engine: Engine) -> None:
    send(engine, view("1", "P1", price=5_000))
    send(engine, view("2", "P2", yes=False, price=6_000))
    learn_products(engine.gate, engine.catalogue, "IDR")
    assert engine.catalogue.get("P2") is None


def test_learning_leaves_a_row_in_the_audit(engine: Engine) -> None:
    learn_products(engine.gate, engine.catalogue, "IDR")
    (row,) = (one for one in engine.audit().rows if one.why == "catalogue")
    assert (row.verb, row.purpose) == ("events", Purpose.ANALYTICS.label)


def test_products_stay_over_a_restart(tmp_path: Path) -> None:
    settings = Settings(sources={"web": SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))})
    with Engine(tmp_path, settings) as engine:
        send(engine, track("Product Added", "1", properties={"product_id": "P1", "name": "Mangkok"}))
        learn_products(engine.gate, engine.catalogue, "IDR")
    with Engine(tmp_path, settings) as engine:
        assert engine.catalogue.snapshot().products["P1"].name == "Mangkok"
