"""A shop that begins: what is shown while nobody is known, nothing is fitted, or there is no catalogue."""

from pathlib import Path

from tests.conftest import send
from tests.deciding.test_deciding import OPEN, ask, shelves, touch
from tests.shop import track

from detak.engine import Engine


def test_a_shop_that_begins_shows_what_it_knows(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        (nothing,) = ask(engine, "ani")
        assert nothing.slate == []
        engine.catalogue.put([{"id": one, "name": one} for one in "abc"], "api")
        engine.models.renew()
        (newest,) = ask(engine, "ani")
        assert sorted(shelves(newest)["new"]) == ["a", "b", "c"]


def test_a_shop_without_a_catalogue_shows_what_its_events_speak_of(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *[touch(f"u{n}", one, f"{n}{one}") for n in range(3) for one in "ab"], touch("u9", "c", "9c"))
        engine.models.fit()
        (stranger,) = ask(engine, None)
        assert [slot.product_id for slot in stranger.slate] == ["a", "b", "c"]


def test_a_product_that_came_after_the_models_has_its_place(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        (tmp_path / "rules.toml").write_text(
            '[[placements.default.rules.hide]]\nproducts = ["later"]\n[placements.default.page]\nshelf = 12\n'
        )
        engine.catalogue.put([{"id": one, "name": one} for one in "ab"], "api")
        send(engine, touch("u1", "a", "1"), touch("u2", "b", "2"))
        engine.models.fit()
        engine.catalogue.put([{"id": one, "name": one} for one in ("later", "shown")], "api")
        engine.models.renew()
        (found,) = ask(engine, None, placements=[{"name": "home", "k": 12}])
        assert sorted(slot.product_id for slot in found.slate) == ["a", "b", "shown"]


def test_a_click_on_a_dear_product_counts_for_more_as_far_as_the_shop_says(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        prices = {"a": 10_000, "b": 90_000, "c": 30_000}
        rows = [{"id": one, "name": one, "price": {"amount": p, "currency": "IDR"}} for one, p in prices.items()]
        engine.catalogue.put([*rows, {"id": "d", "name": "d"}], "api")
        for told, order in ((0.0, "abcd"), (1.0, "bcda")):
            (tmp_path / "rules.toml").write_text(f"[placements.default.page]\nprice = {told}\nexplore = 0.0\n")
            engine.decisions.clock = lambda told=told: int((1 + told) * 10**15)  # type: ignore[misc]
            (found,) = ask(engine, None)
            assert "".join(slot.product_id for slot in found.slate) == order


def test_what_the_shop_lays_down_holds_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(
        "[placements.home.rules]\npurchased_days = 30\n"
        'pin = [{product = "e", at = 1}, {product = "b", at = 3}, {product = "gone", at = 2}]\n'
    )
    with Engine(tmp_path, OPEN) as engine:
        engine.catalogue.put([{"id": one, "name": one} for one in "abcdef"], "api")
        bought = {"order_id": "1", "products": [{"product_id": "a"}, {"product_id": "b"}]}
        send(engine, track("Order Completed", "o1", user="ani", properties=bought))
        engine.models.renew()
        home, other = ask(engine, "ani", placements=[{"name": "home", "k": 4}, {"name": "other", "k": 6}])
        slate = [slot.product_id for slot in home.slate]
        assert (slate[0], slate[2]) == ("e", "b")
        assert set(slate) == {"e", "b"} | set(slate[1::2]) <= set("bcdef")
        assert ("purchased", "1") in [(one.code, one.about) for one in home.reasons]
        assert [slot.shelf for slot in home.slate][::2] == ["pinned", "pinned"]
        assert "a" in [slot.product_id for slot in other.slate], "elsewhere nothing is laid down"


def test_a_short_page_is_not_all_of_one_shelf(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        engine.catalogue.put([{"id": one, "name": one} for one in "abcdefghijkl"], "api")
        send(engine, *[touch("ani", one, f"ani{one}") for one in "abcdef"])
        engine.models.renew()
        hidden = '[placements.default.rules]\nhide = [{brand = "x"}]'  # nothing of that brand
        for turn, (told, most) in enumerate((("shelf_share = 0.5", 3), ("", 4), ("shelf_share = 1.0", 6), (hidden, 4))):
            (tmp_path / "rules.toml").write_text(f"[placements.default.page]\nexplore = 0.0\n{told}\n")
            engine.decisions.clock = lambda turn=turn: (10 + turn) * 10**15  # type: ignore[misc]
            (found,) = ask(engine, "ani", placements=[{"name": "home", "k": 6}])
            counts = [len(some) for some in shelves(found).values()]
            assert (max(counts), sum(counts)) == (most, 6)
