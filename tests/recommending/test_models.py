"""Models as they live: fitted, asked, refused, unlearnt, kept."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import send
from tests.shop import order, track

from detak.catalogue import EVENTS, Statement
from detak.consent import Basis
from detak.engine import Engine
from detak.errors import StoreError, UsageError
from detak.questions import Consent
from detak.recommend.base import Interactions
from detak.recommending import models
from detak.recommending.asking import Ask
from detak.recommending.fitting import interactions
from detak.settings import Settings, SourceSettings
from detak.snapshot import read, write

KNOWN = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
OPEN = Settings(sources={"web": KNOWN})


def view(user: str, product: str, key: str) -> dict[str, object]:
    """Somebody looks at a product."""
    return track("Product Viewed", key, user=user, properties={"product_id": product})


def visits(*paths: str) -> list[dict[str, object]]:
    """``"ani abc"``: ani looks at a, then b, then c."""
    found = []
    for number, path in enumerate(paths):
        user, products = path.split()
        found += [view(user, product, f"{number}-{at}") for at, product in enumerate(products)]
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Engine]:
    """A shop whose visitors look at a and b, or at x and y; most at c."""
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *visits("u1 abc", "u2 abc", "u3 xyc", "u4 xyc", "u5 ab", "u6 xy", "u7 c"))
        yield engine


def asked(engine: Engine, user: str | None = None, **more: object) -> list[str]:
    """The products of an answer."""
    identifiers = [("user", user)] if user else []
    return [one.product_id for one in engine.models.recommend(Ask(identifiers, **more)).items]  # type: ignore[arg-type]


def test_a_shop_that_nobody_visited_has_nothing_to_say(engine: Engine) -> None:
    found = engine.models.recommend(Ask([("user", "ani")]))
    assert (found.items, found.cold, found.visitor.subject) == ([], True, None)
    assert engine.models.fit().touches == 0
    assert engine.models.recommend(Ask()).items == []


def test_a_stranger_is_shown_what_most_turn_to(shop: Engine) -> None:
    report = shop.models.fit()
    assert (report.people, report.items, report.touches) == (7, 5, 17)
    found = shop.models.recommend(Ask([("user", "nobody")], k=2))
    assert found.cold
    assert found.items[0].product_id == "c"
    assert len(found.items) == 2


def test_what_was_touched_or_is_excluded_is_not_shown_again(shop: Engine) -> None:
    shop.models.fit()
    assert {"a", "b"}.isdisjoint(asked(shop, "u5"))
    assert "c" not in asked(shop, exclude=["c"])
    assert "a" in asked(shop, "u5", again=True)


def test_a_click_counts_in_the_next_answer_without_a_refit(shop: Engine) -> None:
    shop.models.fit()
    before = shop.models.recommend(Ask([("user", "new")]))
    assert before.items[0].product_id == "c"
    send(shop, view("new", "c", "click"))
    after = shop.models.recommend(Ask([("user", "new")]))
    assert "c" not in [one.product_id for one in after.items]
    assert (before.cold, after.cold, after.model_version) == (True, False, before.model_version)


def test_what_cannot_be_sold_is_not_shown(shop: Engine) -> None:
    shop.catalogue.put([{"id": one, "stock": 0 if one == "c" else 5} for one in "abcxy"])
    shop.models.fit()
    assert sorted(asked(shop)) == ["a", "b", "x", "y"]


def test_what_events_tell_of_one_product_shuts_no_other_out(shop: Engine) -> None:
    shop.models.fit()
    before = asked(shop, "u3")
    shop.catalogue.learn([Statement("a", {"name": "Mangkok"}, EVENTS, 5)], 5)
    shop.models.renew()
    assert sorted(asked(shop, "u3")) == sorted(before)
    assert before
    shop.catalogue.put([{"id": "a"}])
    shop.models.renew()
    assert asked(shop, "u3") == ["a"]


def test_a_list_is_brought_into_order(shop: Engine) -> None:
    shop.models.fit()
    assert asked(shop, among=["x", "c", "nothing"])[0] == "c"
    assert set(asked(shop, among=["x", "c"])) == {"x", "c"}


def test_a_list_is_ordered_whether_the_catalogue_knows_its_products_or_not(shop: Engine) -> None:
    shop.models.fit()
    ask = Ask([("user", "u7")], among=["unheard", "x", "c", "y"])
    before = [one.product_id for one in shop.models.rank(ask).items]
    shop.catalogue.put([{"id": "a"}])
    shop.models.renew()
    assert [one.product_id for one in shop.models.rank(ask).items] == before
    first, *others, last = before
    assert last == "unheard"
    shop.catalogue.put([{"id": first, "stock": 0}])
    shop.models.renew()
    assert [one.product_id for one in shop.models.rank(ask).items] == [*others, "unheard", first]


def test_only_a_category(shop: Engine) -> None:
    shop.catalogue.put([{"id": one, "category": "Gelas" if one in "ax" else "Piring"} for one in "abcxy"])
    shop.models.fit()
    assert sorted(asked(shop, category="gelas")) == ["a", "x"]


def test_a_shelf_that_is_not_there_is_told_so(shop: Engine) -> None:
    with pytest.raises(UsageError, match=r"there is no shelf 'top'; there are: for_you, beside, newest, .*popular"):
        shop.models.recommend(Ask(shelf="top"))


def test_until_the_first_fit_is_done_all_see_what_many_turn_to(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, seen = models.fit_all, []

    def slow(data: Interactions, **more: Any) -> Any:
        seen.append([one.by for one in shop.models.recommend(Ask([("user", "u1")], k=2)).items])
        return whole(data, **more)

    assert asked(shop, "u1") == []
    monkeypatch.setattr(models, "fit_all", slow)
    shop.models.fit()
    shop.models.fit()
    assert seen[0] == ["trending", "trending"]
    assert "blend" in {one.by for one in shop.models.recommend(Ask([("user", "u4")], k=2, again=True)).items}
    assert seen[1] != seen[0], "what was fitted once goes on answering while it is fitted again"


def test_models_are_kept_over_a_restart(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *visits("u1 abc", "u2 abc", "u3 ab"), order(1, "o", user="u3"))
        version = engine.models.fit().version
        before = engine.models.recommend(Ask([("user", "u3")]))
    assert (tmp_path / "models.npz").stat().st_mode & 0o077 == 0
    with Engine(tmp_path, OPEN) as engine:
        after = engine.models.recommend(Ask([("user", "u3")]))
    assert after.items == before.items
    assert after.model_version == version


def test_what_was_chosen_stays_until_somebody_in_it_refuses(tmp_path: Path) -> None:
    before = {"timestamp": (datetime.now(UTC) - timedelta(days=2)).isoformat()}
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *(one | before for one in visits("u1 abc", "u2 abc", "u3 xyc")))
        first = engine.models.fit().chosen
        send(engine, view("u4", "b", "new"))
        assert engine.models.fit().chosen == first
    with Engine(tmp_path, OPEN) as engine:
        again = engine.models.fit()
        assert (again.chosen, again.touches) == (first, 10)
        whole = engine.models.fit(whole=True).chosen
        assert first < whole == engine.models.fit().chosen
        engine.consent(Consent(user_id="u3", purposes={"personalisation": False}), "web")
        assert engine.models.fit().chosen > whole


def test_a_damaged_file_is_as_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *visits("u1 abc"))
        engine.models.fit()
    path = tmp_path / "models.npz"
    path.write_bytes(path.read_bytes()[:200])
    with Engine(tmp_path, OPEN) as engine:
        assert asked(engine) == []
        assert "made again by `detak fit`" in caplog.text
        engine.models.fit()
        assert asked(engine) != []


def test_parts_of_two_fits_are_refused_at_the_start_and_fitted_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *visits("u1 abc"))
        engine.models.fit()
        kept = read(tmp_path / "models.npz")
        assert kept is not None
        kept = {name: np.array(one) for name, one in kept.items()}
        send(engine, *visits("u1 abc", "u2 xyz"))
        engine.models.fit()
    later = read(tmp_path / "models.npz")
    assert later is not None
    write(tmp_path / "models.npz", {**later, "model/popular/weight": kept["model/popular/weight"]})
    with Engine(tmp_path, OPEN) as engine:
        engine.models.warm()
        assert "do not belong together" in caplog.text
        assert asked(engine, shelf="popular") == []
        engine.models._refit()
        assert set(asked(engine, shelf="popular")) == set("abcxyz")


def test_nobody_waits_for_a_fit_to_end_and_nothing_comes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The fit goes on until after the store is closed, so whoever waits for it here waits for ever."""
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *visits("u1 abc"))
        engine.models.fit()
    before = (tmp_path / "models.npz").read_bytes()
    begun, free, done = threading.Event(), threading.Event(), threading.Event()
    whole = models.fit_all

    def slow(data: Interactions, **more: Any) -> Any:
        begun.set()
        free.wait(60)
        try:
            return whole(data, **more)
        finally:
            done.set()

    monkeypatch.setattr(models, "fit_all", slow)
    monkeypatch.setattr(models, "_LEAVE", 0.01)
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *visits("u1 abc", "u2 xyz"))
        monkeypatch.setattr(engine.models, "_due", lambda _: True)
        engine.models.live()
        assert begun.wait(60)
    assert engine.models.left_working
    free.set()
    assert done.wait(60)
    for thread in engine.models._threads:
        thread.join(60)
    assert not engine.models.left_working
    assert (tmp_path / "models.npz").read_bytes() == before
    assert "not renewed" not in caplog.text
    with Engine(tmp_path, OPEN) as engine:
        assert engine.models.fit().people == 2
        assert engine.audit().broken_at is None


def test_what_is_due_again_was_bought_not_looked_at(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        bought = [order(3 * month, f"{user}-{month}", user=user) for user in ("u1", "u2", "u3") for month in (1, 2, 3)]
        dated = [{**one, "timestamp": f"2026-0{1 + at % 3}-0{1 + at // 3}T05:00:00Z"} for at, one in enumerate(bought)]
        send(engine, *dated, view("u1", "dress", "look"))
        engine.models.fit()
        assert asked(engine, "u1", shelf="replenish") == ["P0"]
        assert asked(engine, "u9", shelf="replenish") == []


def test_a_new_product_is_shown_by_what_it_is_like_without_a_refit(shop: Engine) -> None:
    goods = [{"id": one, "name": f"Gelas {one} biru", "category": "Gelas"} for one in "abcxy"]
    shop.catalogue.put(goods)
    shop.models.fit()
    assert "new" not in asked(shop, "u1", shelf="similar")
    shop.catalogue.put(
        [{"id": "new", "name": "Gelas baru biru", "category": "Gelas", "listed": "2026-11-20T00:00:00Z"}]
    )
    shop.models.renew()
    assert "new" in asked(shop, "u1", shelf="similar")
    assert asked(shop, shelf="newest")[0] == "new"
    found = shop.models.told(Ask(shelf="newest", k=2), "en").items
    assert [one.reason for one in found] == ["New in Gelas", "Recommended by the shop"]
    send(shop, view("u9", "new", "click"))
    assert "new" not in asked(shop, "u9", shelf="similar")
    assert set(asked(shop, "u9", shelf="similar")) <= set("abcxy")
    assert asked(shop, "u9", shelf="similar")


def test_a_new_product_does_not_wait_for_a_fit(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.catalogue.put([{"id": one, "name": f"Panci {one}"} for one in "abcxy"])
    shop.models.fit()
    begun, go_on = threading.Event(), threading.Event()

    def slowly(*args: Any) -> Interactions:
        begun.set()
        assert go_on.wait(20)
        return interactions(*args)

    monkeypatch.setattr(models, "interactions", slowly)
    fitting = threading.Thread(target=shop.models.fit)
    fitting.start()
    assert begun.wait(20)
    shop.catalogue.put([{"id": "new", "name": "Panci a"}])
    shop.models.renew()
    assert "new" in asked(shop, "u1", shelf="similar")
    go_on.set()
    fitting.join(20)
    assert "new" in asked(shop, "u1", shelf="similar")


def test_reasons_are_said_in_both_languages(shop: Engine) -> None:
    shop.catalogue.put([{"id": one, "name": f"Barang {one}"} for one in "abcxy"])
    shop.models.fit()
    ask = Ask([("user", "u5")], k=1, shelf="also_viewed")
    found = shop.models.told(ask, "en").items[0]
    assert found.product_id == "c"
    assert found.reason == f"People who looked at Barang {found.because} looked at this too"
    assert shop.models.told(ask, "id").items[0].reason.startswith("Yang melihat Barang")
    assert shop.models.told(Ask(k=1)).items[0].reason == "Sedang ramai diminati"
    with pytest.raises(UsageError, match="there is no language 'fr'"):
        shop.models.told(Ask(), "fr")


def test_a_thread_under_which_the_store_was_closed_ends_without_a_word(
    shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []
    monkeypatch.setattr(threading, "excepthook", heard.append)
    begun, free = threading.Event(), threading.Event()

    def closed(_: object) -> None:
        begun.set()
        free.wait(10)
        raise StoreError("the store is closed")

    monkeypatch.setattr(models, "_LEAVE", 0.01)
    monkeypatch.setattr(shop.models, "_quietly", closed)
    shop.models.live()
    assert begun.wait(10)
    shop.models.close()
    free.set()
    for thread in shop.models._threads:
        thread.join(10)
    assert heard == []
