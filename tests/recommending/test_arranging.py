"""The shop's rules over real answers: from ``rules.toml`` to what a shelf shows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import send
from tests.shop import track

from detak.catalogue import API
from detak.clock import to_micros
from detak.consent import Basis
from detak.engine import Engine
from detak.recommending.asking import BY_RULE, Ask
from detak.settings import Settings, SourceSettings
from detak.words import say

OPEN = Settings(
    sources={"web": SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))}
)
ANI = Ask([("user", "ani")], k=4, placement="home")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A leads to b, c and d, less and less often; e is sold out, f and g are touched by others, n is new."""
    folder: Path = tmp_path_factory.mktemp("ruled")
    with Engine(folder, OPEN) as engine:
        rows: list[dict[str, Any]] = [
            {"id": one, "name": one.upper(), "brand": brand, "category": f"Toko > {kind}", "labels": labels,
             "availability": "out_of_stock" if one == "e" else "in_stock"}
            for one, brand, kind, labels in (
                ("a", "Sekar", "Gamis", ""), ("b", "Sekar", "Gamis", ""), ("c", "Sekar", "Gamis", ""),
                ("d", "Ayunda", "Sepatu", ""), ("e", "Ayunda", "Sepatu", ""), ("f", "Jejak", "Buku", "promo"),
                ("g", "Jejak", "Buku", ""), ("n", "Jejak", "Buku", "promo"),
            )
        ]  # fmt: skip
        engine.catalogue.put(rows, API)
        looks = [("a", "b")] * 6 + [("a", "c")] * 4 + [("a", "d")] * 3 + [("a", "e")] * 2 + [("f", "g")] * 2
        for number, path in enumerate(looks):
            send(engine, *(view(one, f"{number}{one}", f"u{number}") for one in path))
        send(engine, view("a", "a", "ani"))
        engine.models.fit()
        yield engine


def view(product: str, key: str, user: str) -> dict[str, Any]:
    """Somebody looks at a product."""
    return track("Product Viewed", key, user=user, properties={"product_id": product})


def shown(engine: Engine, rules: str, ask: Ask = ANI) -> list[str]:
    """What ani is shown under these rules."""
    path = engine.folder / "rules.toml"
    path.write_text(f"[placements.home.rules]\ndiversity = 0.0\n{rules}")
    engine.models.rules._stamp = -1.0  # two writes may share a moment of the file system
    return [one.product_id for one in engine.models.recommend(ask).items]


def test_without_a_placement_no_rule_holds(engine: Engine) -> None:
    shown(engine, 'hide = [{products = ["b"]}]')
    assert [one.product_id for one in engine.models.recommend(Ask([("user", "ani")], k=3)).items] == ["b", "c", "d"]


def test_rules_pin_hide_and_bury(engine: Engine) -> None:
    assert shown(engine, "")[:3] == ["b", "c", "d"]
    assert shown(engine, 'pin = [{product = "n", at = 1}]\nhide = [{products = ["b"]}]')[:3] == ["n", "c", "d"]
    assert shown(engine, 'bury = [{brand = "Sekar", by = 0.0}]')[0] == "d"


def test_a_rule_that_is_dated_holds_while_it_does(engine: Engine) -> None:
    zone = engine.settings.timezone
    rules = 'pin = [{product = "n", at = 1, until = 2026-11-11}, {product = "f", at = 1, from = 2026-11-12}]'
    hide = 'hide = [{products = ["b"], from = 2026-11-11T20:00:00}]'
    shown(engine, f"{rules}\n{hide}")

    def at(*local: int) -> list[str]:
        now = to_micros(datetime(2026, 11, *local, tzinfo=zone))
        return [one.product_id for one in engine.models.recommend(ANI, now=now).items]

    assert at(11, 19)[:2] == ["n", "b"]
    assert at(11, 20)[:2] == ["n", "c"]
    assert at(12, 0)[:2] == ["f", "c"]


def test_a_pinned_product_says_that_the_shop_put_it_there(engine: Engine) -> None:
    shown(engine, 'pin = [{product = "n", at = 2}]')
    told = engine.models.told(ANI, "en").items[1]
    assert (told.product_id, told.rules) == ("n", ("pin",))
    assert told.reason == say("en", "because.shop")
    hidden = Ask([("user", "ani")], k=2, shelf="also_viewed", placement="home")  # whose model never heard of it
    told = engine.models.told(hidden, "en").items[1]
    assert (told.product_id, told.by, told.rules) == ("n", BY_RULE, ("pin",))
    assert told.reason != engine.models.told(hidden, "id").items[1].reason


def test_quotas_hold(engine: Engine) -> None:
    assert sum(one in "abc" for one in shown(engine, 'quota = [{brand = "Sekar", at_most = 1}]')) == 1
    assert {"f", "n"} & set(shown(engine, 'quota = [{label = "promo", at_least = 1}]'))


def test_what_is_sold_out_is_shown_only_where_the_shop_says_so(engine: Engine) -> None:
    assert "e" not in shown(engine, "", Ask([("user", "ani")], k=8, placement="home"))
    assert "e" in shown(engine, 'sold_out = "show"', Ask([("user", "ani")], k=8, placement="home"))
    assert shown(engine, 'sold_out = "bury"', Ask([("user", "ani")], k=8, placement="home"))[-1] == "e"


def test_what_was_bought_lately_comes_again_only_after_a_while(engine: Engine) -> None:
    order = {"order_id": "1", "currency": "IDR", "products": [{"product_id": "b", "price": 5, "quantity": 1}]}
    send(engine, track("Order Completed", "o", user="bela", properties=order), view("a", "bela", "bela"))
    bela = Ask([("user", "bela")], k=8, placement="home", again=True)
    assert "b" in shown(engine, "purchased_days = 0", bela)
    assert "b" not in shown(engine, "purchased_days = 30", bela)


def test_rules_that_cannot_be_read_leave_those_before(engine: Engine) -> None:
    assert "b" not in shown(engine, 'hide = [{products = ["b"]}]')
    assert "b" not in shown(engine, "hide = 7")
    assert engine.models.rules.trouble.startswith("rules.toml")
    assert "b" in shown(engine, "")
    assert not engine.models.rules.trouble


def test_nothing_asked_for_is_nothing(engine: Engine) -> None:
    assert shown(engine, 'pin = [{product = "n", at = 1}]', Ask(k=0, placement="home")) == []


def test_new_products_have_the_last_place_of_every_ten(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as shop:
        now = datetime.now(UTC).isoformat()
        rows = [{"id": f"p{at}", "name": f"Teh {at}", "category": "Toko > Teh"} for at in range(30)]
        fresh = [
            {"id": "kopi", "name": "Kopi robusta", "category": "Toko > Kopi", "listed": now},
            {"id": "teh", "name": "Teh melati", "category": "Toko > Teh", "listed": now},
            {"id": "obat", "name": "Teh obat", "category": "Toko > Obat", "listed": now},
        ]
        shop.catalogue.put([*rows, *fresh], API)
        for number in range(30):
            send(shop, *(view(f"p{(number + at) % 30}", f"{number}v{at}", f"u{number}") for at in range(6)))
        shop.models.fit()
        known = shop.models.told(Ask([("user", "u3")], k=10, placement="home"), "en").items
        assert (known[9].product_id, known[9].by, known[9].rules) == ("teh", "similar", ("new",))
        assert "Teh" in known[9].reason
        assert {"kopi", "teh", "obat"}.isdisjoint(one.product_id for one in known[:9])
        stranger = shop.models.told(Ask(k=10, placement="home"), "en").items[9]
        assert stranger.product_id in ("kopi", "teh")
        assert stranger.reason.startswith("New in")
        (tmp_path / "rules.toml").write_text("[placements.home.rules]\nnew = {share = 0.0}\n")
        shop.models.rules._stamp = -1.0
        plain = shop.models.told(Ask([("user", "u3")], k=10, placement="home"), "en").items
        assert all("new" not in one.rules for one in plain)
        assert shop.models.told(Ask([("user", "u3")], k=9, placement="other")).items[8].rules == ()


def test_a_shop_that_knows_nothing_shows_nothing(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        (tmp_path / "rules.toml").write_text('[placements.home.rules]\npin = [{product = "n", at = 1}]\n')
        assert engine.models.recommend(ANI).items == []
