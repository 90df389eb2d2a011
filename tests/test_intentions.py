from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detak.engine import Engine
from detak.estimates.intent import Intent, Present, learn
from detak.intentions import Intentions
from detak.snapshot import write
from tests.conftest import send
from tests.shop import consenting, track

YES = consenting(analytics=True, personalisation=True)


def _visits(now: datetime) -> list[dict[str, Any]]:
    """People who look at one thing and go, and others who look at three, fill a cart and mostly buy."""
    random, said = np.random.default_rng(1), []
    for one in range(600):
        begin = now - timedelta(days=20) + timedelta(minutes=45 * one)
        buys, eager = random.random() < 0.7, one % 2
        steps = ["Product Viewed"] * (3 if eager else 1) + ["Product Added"] * eager
        steps += ["Order Completed"] * (buys if eager else random.random() < 0.05)
        for at, event in enumerate(steps):
            told: dict[str, Any] = {"product_id": f"p{at}"}
            if event == "Order Completed":
                told = {"order_id": f"O{one}", "products": [told]}
            when = (begin + timedelta(minutes=at)).isoformat()
            said.append(track(event, f"{one}-{at}", user=f"u{one}", timestamp=when, context=YES, properties=told))
    return said


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Engine(tmp_path_factory.mktemp("intent")) as engine:
        now = datetime.now(UTC)
        said = _visits(now)
        for at in range(0, len(said), 1_000):
            send(engine, *said[at : at + 1_000], imported=True)
        assert engine.intent.learn()
        for name, yes in (("looking", YES), ("eager", YES), ("refusing", consenting(personalisation=False))):
            steps = ["Product Viewed"] if name == "looking" else ["Product Viewed"] * 3 + ["Product Added"]
            for at, event in enumerate(steps):
                when = (now - timedelta(minutes=5 - at)).isoformat()
                told = {"product_id": f"p{at}"}
                send(engine, track(event, f"{name}{at}", user=name, timestamp=when, context=yes, properties=told))
        yield engine


def test_who_fills_a_cart_is_likelier_to_buy(shop: Engine) -> None:
    eager, looking = (shop.intent.chance([("user", name)]) for name in ("eager", "looking"))
    assert eager is not None
    assert looking is not None
    assert 0.4 < eager < 0.95
    assert 0.1 < looking < 0.5
    assert eager > looking + 0.1


def test_who_refuses_and_who_is_not_here_have_no_chance(shop: Engine) -> None:
    assert [shop.intent.chance([("user", name)]) for name in ("refusing", "stranger", "u3")] == [None, None, None]


def test_what_is_learnt_is_kept_and_let_go(shop: Engine) -> None:
    path = shop.folder / "intent.npz"
    assert Intentions(shop.gate, path, shop.sink.call).chance([("user", "eager")]) == shop.intent.chance(
        [("user", "eager")]
    )
    shop.forget([("user", "u5")])
    assert not path.exists()
    assert shop.intent.chance([("user", "eager")]) is None


def test_nothing_is_learnt_where_somebody_is_forgotten_meanwhile(
    shop: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Intentions(shop.gate, tmp_path / "intent.npz", shop.sink.call)

    def slowly(told: Any) -> Any:
        one.forget()
        return learn(told)

    monkeypatch.setattr("detak.intentions.learn", slowly)
    assert not one.learn()
    assert (one.chance([("user", "eager")]), one.learnt, one.forgotten) == (None, None, True)
    assert not (tmp_path / "intent.npz").exists()
    monkeypatch.undo()
    assert one.learn()
    assert not one.forgotten


def test_what_was_learnt_today_is_not_learnt_again_after_a_restart(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    with Engine(tmp_path) as engine:
        assert engine.intent.learnt is None
        assert not engine.intent.learn(), "nothing happened yet"
        assert engine.intent.learnt == today
    with Engine(tmp_path) as engine:
        assert engine.intent.learnt == today
        engine.intent.forget()
        assert engine.intent.learnt is None
    with Engine(tmp_path) as engine:
        assert engine.intent.learnt is None


def test_a_damaged_file_is_learnt_again(tmp_path: Path, shop: Engine) -> None:
    path = tmp_path / "intent.npz"
    path.write_bytes(b"broken")
    damaged = Intentions(shop.gate, path, shop.sink.call)
    assert damaged.chance([("user", "eager")]) is None
    assert damaged.learn()
    assert Intent.of(dict(np.load(path))) is not None


def test_parts_that_do_not_fit_each_other_are_learnt_again(tmp_path: Path, shop: Engine) -> None:
    whole = {"coefficients": np.zeros(3), "raw": np.zeros(2), "true": np.zeros(2), "day": np.array(739_000)}
    for spoilt in ({"raw": np.zeros(3)}, {"true": np.array(1.0)}, {"day": np.zeros(2)}, {"day": np.array(-1)}):
        write(tmp_path / "intent.npz", {**whole, "coefficients": np.zeros(0), **spoilt})
        one = Intentions(shop.gate, tmp_path / "intent.npz", shop.sink.call)
        assert (one.learnt, one.chance([("user", "eager")])) == (None, None)
    write(tmp_path / "intent.npz", {name: whole[name] for name in ("raw", "true", "day")})
    assert Intentions(shop.gate, tmp_path / "intent.npz", shop.sink.call).learnt is None


def test_who_is_here_now_is_counted_and_never_a_few(shop: Engine) -> None:
    assert shop.intent.learn()
    now = shop.intent.present(least=1)
    assert now is not None
    assert (now.people, now.likely) == (2, 1)
    chances = [shop.intent.chance([("user", name)]) for name in ("eager", "looking")]
    assert now.expected == pytest.approx(sum(one or 0 for one in chances), abs=0.1)
    assert shop.intent.present(least=2) == Present(2, None, now.expected)
    assert shop.intent.present(least=3) == Present(None, None, None)
