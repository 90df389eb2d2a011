"""A restart forgets nothing: limits on what somebody is shown and offered, the day's budget, what was learnt."""

from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.conftest import send
from tests.deciding.test_deciding import OPEN, ask, shelves, touch

from detak.decide.page import FEATURES, Weights
from detak.decide.served import DAY, Served
from detak.deciding import resuming
from detak.deciding.resuming import Kept, Row, Spent, answered_before, read_kept, resumed, write_kept
from detak.decision import Decision
from detak.engine import Engine

RULES = """
[offers]
budget = 1e9
trial = 0.98
holdout = 0.01
most = 1
offer = [{name = "h", discount = 0.1}]
[guardrails]
shown_most = 3
"""
LEARNT = Weights((1.5, 1.0, 0.5, 0.25, 0.5, 4.0, 0.75, 0.5, 2.0), -6.0, "w77")
HOUR = DAY // 24
NOON = 20_000 * DAY + 5 * HOUR
JAKARTA = ZoneInfo("Asia/Jakarta")


def test_caps_and_weights_hold_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    whole = [{"name": "home", "k": 12}]
    with Engine(tmp_path, OPEN) as engine:
        price = {"amount": 9_000, "currency": "IDR"}
        engine.catalogue.put([{"id": one, "name": one, "price": price} for one in "abcdef"], "api")
        people = [f"u{n}" for n in range(20)]
        others = [touch(f"v{n}", product, f"v{n}{product}") for n in range(3) for product in "abcdef"]
        send(engine, *others, *[touch(one, product, f"{one}{product}") for one in people for product in "ab"])
        engine.models.fit()
        noon = at_noon(engine)
        for _ in range(3):
            last = {who: ask(engine, who, placements=whole)[0] for who in people}
        capped = [who for who in people if last[who].promotion]
        assert capped, "chance offers about half of them something, all day"
        engine.decisions.clock = lambda: noon + DAY
        again = {who: ask(engine, who, placements=whole)[0] for who in people}
        assert [who for who in people if "capped" in [one.code for one in again[who].reasons]] == capped
        chosen = {who: _chosen(last[who]) for who in people}
        assert all(chosen.values())
        engine.decisions.weights = LEARNT
    with Engine(tmp_path, OPEN) as engine:
        engine.decisions.clock = lambda: noon + DAY + HOUR
        again = {who: ask(engine, who, placements=whole)[0] for who in people}
        assert engine.decisions.weights == LEARNT
        assert [who for who in people if "capped" in [one.code for one in again[who].reasons]] == capped
        assert all("shown_often" in [one.code for one in again[who].reasons] for who in people)
        assert all(chosen[who].isdisjoint(_chosen(again[who])) for who in people)


def test_an_offer_stands_where_it_may_and_is_counted_wherever_on_the_page_it_stood(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(f"{RULES}[placements.bare.page]\noffers = false\n")
    page = [{"name": name} for name in ("bare", "home", "bare")]
    people = [f"u{n}" for n in range(20)]
    with Engine(tmp_path, OPEN) as engine:
        engine.catalogue.put([{"id": "a", "price": {"amount": 9_000, "currency": "IDR"}}])
        send(engine, *[touch(one, "a", one) for one in people])
        noon = at_noon(engine)
        found = {who: ask(engine, who, placements=page) for who in people}
        given = [who for who in people if found[who][1].promotion]
        assert given, "chance offers about half of them something"
        assert not any(one.promotion or one.arm for some in found.values() for one in (some[0], some[2]))
        spent = engine.decisions.offering()
    with Engine(tmp_path, OPEN) as engine:
        engine.decisions.clock = lambda: noon + HOUR
        assert all(ask(engine, who, placements=page)[1].promotion for who in given), "for the rest of the day"
        assert engine.decisions.offering() == spent, "and it is paid for"
        assert spent.given == len(given)
        engine.decisions.clock = lambda: noon + DAY
        assert not any(one.promotion for who in given for one in ask(engine, who, placements=page))


def test_what_was_answered_is_read_some_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Engine(tmp_path, OPEN) as engine:
        others = [touch(f"v{n}", product, f"v{n}{product}") for n in range(3) for product in "abcdef"]
        send(engine, *others, *[touch(f"u{n}", product, f"{n}{product}") for n in range(5) for product in "ab"])
        engine.models.fit()
        noon = at_noon(engine)
        for n in range(15):
            engine.decisions.clock = partial(int, noon + n * 1_000)
            ask(engine, f"u{n % 5}", placements=[{"name": "home"}, {"name": "cart", "product": "a"}])
        engine.settle()
        whole = list(answered_before(engine.gate, 7, noon + HOUR))
        monkeypatch.setattr(resuming, "_AT_ONCE", 7)
        assert list(answered_before(engine.gate, 7, noon + HOUR)) == whole
        monkeypatch.setattr(resuming, "_MOST", 8)
        assert list(answered_before(engine.gate, 7, noon + HOUR)) == whole[-4:]
    assert [one.time for one in whole] == [noon + n * 1_000 for n in range(15)]
    assert all(one.products for one in whole)


def at_noon(engine: Engine) -> int:
    """Let it be noon of tomorrow in the shop, and no later: no midnight comes between."""
    now = engine.decisions.clock()
    noon = now - now % DAY + DAY + 5 * HOUR
    engine.decisions.clock = lambda: noon
    return noon


def _chosen(decision: Decision) -> set[str]:
    """Products that were not looked at, and are there for the person."""
    found = shelves(decision)
    return {*found.get("for_you", []), *found.get("together", [])} - {"a", "b"}


def test_what_was_spent_today_is_spent_and_yesterday_is_over(tmp_path: Path) -> None:
    write_kept(tmp_path / "decide.json", LEARNT, Spent(20_000, 900.0, 3), NOON)
    kept = read_kept(tmp_path / "decide.json")
    assert kept is not None
    assert kept.learnt == LEARNT
    rows = [
        Row(7, NOON - DAY, ["a"], True), Row(7, NOON - 5, ["a"], True), Row(7, NOON + 5, ["a"], True),
        Row(8, NOON + 6, [], False), Row(9, NOON + 7, [], True), Row(9, NOON + 8, [], True),
    ]  # fmt: skip
    served = Served()
    assert resumed(rows, kept, served, 7, (NOON + 9, JAKARTA)) == Spent(20_000, 1_200.0, 4), "7 was counted before"
    assert served.given(7, 7, 20_000) == [19_999, 20_000]
    assert served.tired(7, 2, 7, NOON + 9) == ["a"]
    assert resumed([], kept, Served(), 7, (NOON + 19 * HOUR, JAKARTA)) == Spent(20_001), "it is past midnight there"
    assert resumed([], kept, Served(), 7, (NOON + 11 * HOUR, JAKARTA)).offers == 3
    assert resumed([], None, Served(), 7, (NOON, JAKARTA)) == Spent(20_000)


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", msgspec.json.encode(Kept([1.0], 0.0, "w1")), None])
def test_a_file_that_says_nothing_is_passed_over(tmp_path: Path, text: bytes | None) -> None:
    path = tmp_path / "decide.json"
    if text is not None:
        path.write_bytes(text)
    assert read_kept(path) is None
    path.write_bytes(msgspec.json.encode(Kept([0.0] * len(FEATURES), 0.0, "w1", features=FEATURES[:6])))
    assert read_kept(path) is None


def test_who_is_forgotten_leaves_what_was_learnt(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, touch("ani", "a", "1"))
        ask(engine, "ani")
        engine.decisions.weights = LEARNT
        engine.decisions.keep()
        engine.forget([("user", "ani")])
        kept = read_kept(tmp_path / "decide.json")
        assert engine.decisions.weights == Weights()
        assert kept is not None
        assert kept.learnt == Weights()
