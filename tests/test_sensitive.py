"""Nobody is chosen for what is sensitive, on any shelf and at any face."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from detak.catalogue import API, Product
from detak.consent import Basis
from detak.recommending.asking import Ask
from detak.sensitive import sensitive_products
from detak.settings import Settings, SourceSettings
from tests.conftest import send
from tests.server.serving import Running, served
from tests.shop import track

OPEN = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
TRUSTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("personalisation",), private_key=True)


def view(product: str, key: str, user: str) -> dict[str, Any]:
    return track("Product Viewed", key, user=user, properties={"product_id": product})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Whoever looks at a looks at a test and then at b; ani looked at a, wati at the test alone."""
    folder: Path = tmp_path_factory.mktemp("sensitive")
    with served(folder, Settings(sources={"web": OPEN, "server": TRUSTED})) as running:
        engine = running.engine
        rows: list[dict[str, Any]] = [
            {"id": one, "name": f"{one} pagi", "category": f"Toko > {kind}", "availability": "in_stock"}
            for one, kind in (("a", "Buku"), ("test", "KESEHATAN"), ("b", "Buku"), ("x", "Musik"), ("y", "Musik"))
        ]
        engine.catalogue.put(rows, API)
        for number in range(8):
            send(engine, *(view(one, f"{number}{one}", f"u{number}") for one in ("a", "test", "b")))
            send(engine, *(view(one, f"{number}{one}w", f"w{number}") for one in "xy"))
        send(engine, view("a", "a", "ani"), view("test", "w", "wati"), view("test", "n", "nia"), view("a", "n2", "nia"))
        engine.models.fit()
        yield running


def by(shop: Running, ask: Ask) -> dict[str, str]:
    return {one.product_id: one.by for one in shop.engine.models.recommend(ask).items}


def test_it_stands_only_where_all_are_shown_the_same(shop: Running) -> None:
    found = by(shop, Ask([("user", "ani")], k=5))
    assert found["b"] == "blend"
    assert found["test"] in ("trending", "popular")
    for shelf in ("blend", "also_viewed", "similar"):
        assert "test" not in by(shop, Ask([("user", "ani")], k=5, shelf=shelf))
    assert "test" in by(shop, Ask(k=5, shelf="popular"))
    assert "test" in by(shop, Ask(k=5, shelf="newest"))
    assert "test" not in by(shop, Ask(k=5, shelf="beside", product="a"))
    assert "test" in by(shop, Ask([("user", "ani")], k=5, category="Kesehatan"))


def test_touching_it_chooses_nothing(shop: Running) -> None:
    assert shop.engine.models.recommend(Ask([("user", "wati")], k=5)).cold
    assert shop.engine.models.recommend(Ask(session=["test"], k=5)).cold
    nia = shop.engine.models.recommend(Ask([("user", "nia")], k=5))
    ani = shop.engine.models.recommend(Ask([("user", "ani")], k=5))
    assert [one.product_id for one in nia.items if one.by == "blend"] == [
        one.product_id for one in ani.items if one.by == "blend"
    ]
    assert all(one.because != "test" for one in nia.items)


def test_it_holds_at_the_faces_of_gorse_and_metarank(shop: Running) -> None:
    head = {"X-API-Key": shop.engine.write_key("server")}
    assert shop.http.get("/api/recommend/ani?n=2", headers=head).json()[0] == "b"
    beside = shop.http.get("/api/item/a/neighbors", headers=head).json()
    assert "test" not in [one["Id"] for one in beside]
    asked = {"user": "wati", "count": 5, "items": ["test"]}
    stranger = {"user": "nobody", "count": 5, "exclude": ["test"]}
    auth = (shop.token, "")
    found, cold = (shop.post("/recommend/xgboost", one, auth=auth).json()["items"] for one in (asked, stranger))
    assert [one["item"] for one in found] == [one["item"] for one in cold if one["item"] != "test"]
    ranked = shop.post("/rank/blend", {"user": "ani", "items": [{"id": "test"}, {"id": "b"}]}, auth=auth).json()
    assert [one["item"] for one in ranked["items"]] == ["b", "test"]


def test_the_shop_says_what_is_sensitive(shop: Running) -> None:
    path = shop.engine.folder / "rules.toml"
    path.write_text('[guardrails]\nsensitive = ["musik"]\n')
    try:
        assert by(shop, Ask([("user", "ani")], k=5))["test"] == "blend"
        assert shop.engine.models.recommend(Ask(session=["x"], k=5)).cold
    finally:
        path.unlink()
    assert by(shop, Ask([("user", "ani")], k=5))["test"] != "blend"


def test_any_step_of_the_path_counts_in_capitals_or_not() -> None:
    products = {
        one.id: one
        for one in (
            Product(id="p", category=("Toko", "Obat", "Batuk")),
            Product(id="q", category=("Toko",)),
            Product(id="r"),
        )
    }
    assert sensitive_products(products, ["OBAT", "dewasa"]) == {"p"}
    assert sensitive_products(products, []) == frozenset()
