"""Decisions of a small shop: what they are made of, for whom, what guardrails keep away, and that they are kept."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.conftest import send
from tests.shop import track

from detak import sink
from detak.clock import from_micros, now_micros
from detak.consent import Basis, Purpose
from detak.decide.asking import read
from detak.decide.learning import Learnt
from detak.decide.page import FEATURES, Weights
from detak.deciding.deciding import Deciding
from detak.deciding.decision_learning import taught
from detak.deciding.prepared import Asking, Ledger
from detak.decision import Decision
from detak.engine import Engine
from detak.errors import RowError
from detak.questions import Consent
from detak.record import Entry
from detak.settings import Settings, SourceSettings
from detak.trust.passages import Visitor, Who

ALL = ("essential", "analytics", "personalisation")
KNOWN = SourceSettings(Basis.LEGITIMATE_INTEREST, ALL, private_key=True)
DAY, HOUR = 86_400_000_000, 3_600_000_000  # microseconds
OPEN = Settings(sources={"web": KNOWN, "page": SourceSettings(Basis.LEGITIMATE_INTEREST, ALL)})


def touch(user: str, product: str, key: str, event: str = "Product Viewed") -> dict[str, Any]:
    """Somebody turns to a product."""
    return track(event, key, user=user, anonymousId=f"{user}-phone", properties={"product_id": product})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Twelve products in three categories; people who look at a to d, and people who look at p to s."""
    with Engine(tmp_path_factory.mktemp("store"), OPEN) as engine:
        products = [
            {"id": one, "name": f"Barang {one}", "price": {"amount": 10_000, "currency": "IDR"},
             "category": ["Toko", "Batik" if one < "m" else "Alat"]} for one in "abcdefpqrstu"
        ]  # fmt: skip
        products.append({"id": "obat", "name": "Obat", "category": ["Toko", "Obat"]})
        engine.catalogue.put(products, "api")
        visits = [("u1", "abcd"), ("u2", "abcd"), ("u3", "abce"), ("v1", "pqrs"), ("v2", "pqrs"), ("v3", "pqrt")]
        told = [touch(user, one, f"{user}-{one}-{day}") for user, path in visits for one in path for day in range(2)]
        send(engine, *told, touch("ani", "a", "x1"), touch("ani", "b", "x2"), touch("budi", "p", "x3"))
        engine.models.fit()
        yield engine


def ask(engine: Engine, user: str | None = None, source: str = "web", **more: Any) -> list[Decision]:
    """What is decided for somebody."""
    placements = more.pop("placements", [{"name": "home", "k": 6}])
    body = {"userId": user, "placements": placements, **more}
    answer = engine.decisions.answer(source, msgspec.json.encode(body))
    return msgspec.json.decode(answer, type=dict[str, list[Decision]])["decisions"]


def shelves(decision: Decision) -> dict[str, list[str]]:
    """The products of each shelf."""
    found: dict[str, list[str]] = {}
    for slot in decision.slate:
        found.setdefault(slot.shelf, []).append(slot.product_id)
    return found


def kept(engine: Engine, decision_id: str) -> dict[str, Any]:
    """The facts of a decision."""
    engine.settle()
    until = datetime(2100, 1, 1, tzinfo=UTC)
    with engine.gate.events(Purpose.ESSENTIAL, before=until, why="test") as granted:
        decisions = granted.facts.decisions
        (row,) = granted.run(decisions.filter(decisions.id == decision_id)).to_pylist()
    return dict(row)


def ask_together(engine: Engine, *bodies: dict[str, Any]) -> list[list[Decision] | Exception]:
    """What is decided for questions that wait together."""
    found: dict[int, bytes | Exception] = {}
    landed = threading.Semaphore(0)

    def done(at: int, result: bytes | Exception) -> None:
        found[at] = result
        landed.release()

    asked = [Asking("web", msgspec.json.encode(one), partial(done, at)) for at, one in enumerate(bodies)]
    engine.decisions.decide_all(asked)
    assert all(landed.acquire(timeout=20) for _ in bodies)
    told = (found[at] for at in range(len(bodies)))
    return [
        one if isinstance(one, Exception) else msgspec.json.decode(one, type=dict[str, list[Decision]])["decisions"]
        for one in told
    ]


def shown(decisions: list[Decision] | Exception) -> list[list[Any]]:
    assert not isinstance(decisions, Exception)
    return [[one.slate, one.reasons, one.propensity] for one in decisions]


def test_questions_answered_together_get_what_each_gets_alone(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("[placements.default.page]\nexplore = 0\n[guardrails]\nshown_most = 0\n")
    with Engine(tmp_path, OPEN) as engine:
        engine.catalogue.put([{"id": one, "name": one, "category": ["T", one]} for one in "abcdefgh"], "api")
        send(engine, *[touch(f"u{n}", one, f"{n}{one}") for n in range(6) for one in "abcd"], touch("ani", "a", "x"))
        engine.models.fit()
        places = [{"name": "home", "k": 4}, {"name": "cart", "k": 3, "product": "b", "exclude": ["c"]}]
        bodies: list[dict[str, Any]] = [
            {"userId": "ani", "placements": places},
            {"userId": 5, "placements": []},
            {"placements": places},
            {"userId": "u1", "placements": [{"name": "list", "k": 3, "products": ["never", "c", "h"]}]},
            {"userId": "u2", "context": {"location": {"city": "Bandung"}}, "placements": places},
            {"userId": "ani", "context": {"minor": True}, "placements": places},
        ]
        together = ask_together(engine, *bodies)
        assert isinstance(together[1], RowError)
        alone = [ask_together(engine, one)[0] for one in bodies]
        assert isinstance(alone[1], RowError)
        assert [shown(one) for one in (together[:1] + together[2:])] == [shown(one) for one in alone[:1] + alone[2:]]


def test_no_cap_is_passed_because_questions_came_together(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(
        '[offers]\nbudget = 9e9\nmost = 1\noffer = [{name = "h", discount = 0.1}]\ntrial = 0.98\nholdout = 0.01\n'
    )
    with Engine(tmp_path, OPEN) as engine:
        price(engine)
        send(engine, *[touch(f"u{n}", "a", f"{n}") for n in range(20)])
        bodies = [{"userId": f"u{n}", "placements": [{"name": "home"}]} for n in range(20)] * 3
        found = [one for one in ask_together(engine, *bodies) if not isinstance(one, Exception)]
        given = [sum(bool(found[at][0].promotion) for at in range(person, len(bodies), 20)) for person in range(20)]
        assert set(given) == {0, 3}, "drawn once, and kept for the day"
        assert engine.decisions.offering().given == given.count(3)


def price(engine: Engine) -> None:
    """The shop learns what ``a`` costs."""
    engine.catalogue.put([{"id": "a", "name": "a", "price": {"amount": 10_000, "currency": "IDR"}}], "api")


def test_nothing_is_offered_where_nobody_can_say_what_it_costs(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(
        '[offers]\nbudget = 9e9\noffer = [{name = "h", discount = 0.1}]\ntrial = 0.98\nholdout = 0.01\n'
    )
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *[touch(f"u{n}", "a", f"{n}") for n in range(9)])
        found = [one for n in range(9) for one in ask(engine, f"u{n}")]
        assert not any(one.promotion or one.arm for one in found), "nobody is part of a trial that cannot be held"
        assert engine.decisions.offering().rule == "unpriced"
        price(engine)
        engine.models.renew()
        assert any(one.promotion for n in range(9) for one in ask(engine, f"u{n}"))
        assert engine.decisions.offering().rule == "unlearnt"


def test_a_budget_holds_the_trial_before_anything_is_learnt(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(
        '[offers]\nbudget = 180\noffer = [{name = "h", discount = 0.1}]\ntrial = 0.98\nholdout = 0.01\n'
    )
    with Engine(tmp_path, OPEN) as engine:
        price(engine)
        send(engine, *[touch(f"u{n}", "a", f"{n}") for n in range(40)])
        engine.models.renew()
        given = [one for n in range(40) for one in ask(engine, f"u{n}") if one.promotion]
        standing = engine.decisions.offering()
    assert len(given) == standing.given == 3, "each is expected to cost Rp 50"
    assert standing.spent.amount == 150


def test_offers_that_the_shop_has_just_written_are_learnt_of_with_the_next_beat(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN, beats=False) as engine:
        price(engine)
        engine.decisions.renew()
        assert engine.decisions.offering().rule == "no_offers"
        (tmp_path / "rules.toml").write_text('[offers]\nbudget = 180\noffer = [{name = "h", discount = 0.1}]\n')
        later = engine.decisions.clock() + 10_000_000
        engine.decisions.clock = lambda: later
        assert engine.decisions.offering().rule == "unlearnt"
        engine.decisions.renew()
        assert engine.decisions.offering().rule == "too_little"
        lesson = engine.decisions._offers
        engine.decisions.renew()
        assert engine.decisions._offers is lesson, "once"


def test_many_decisions_become_facts_a_few_at_a_time_and_none_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "_FEW_ASKERS", 3)
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *[touch(f"u{n}", "a", f"{n}") for n in range(5)])
        page = [{"name": "home"}, {"name": "cart"}]
        told = ask_together(engine, *({"userId": f"u{n}", "placements": page} for n in range(5)))
        engine.settle()
        until = datetime(2100, 1, 1, tzinfo=UTC)
        with engine.gate.events(Purpose.ESSENTIAL, before=until, why="test") as granted:
            rows = granted.run(granted.facts.decisions).to_pylist()
        whose = {who: engine.gate.number(("user", who)) for who in [f"u{n}" for n in range(5)]}
    expected = {one.decision_id: whose[f"u{n}"] for n, some in enumerate(told) for one in some}
    assert {row["id"]: row["subject"] for row in rows} == expected
    assert len(rows) == 10


def test_one_who_breaks_something_takes_no_answer_from_the_others(
    shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    recent = shop.gate.recent

    def broken(purpose: Purpose, asking: Sequence[Who]) -> list[Visitor]:
        if any(("user", "breaker") in one.identifiers for one in asking):
            raise ZeroDivisionError
        return recent(purpose, asking)

    monkeypatch.setattr(shop.gate, "recent", broken)
    places = [{"name": "home"}]
    ani, breaker, budi = ask_together(
        shop, *({"userId": one, "placements": places} for one in ("ani", "breaker", "budi"))
    )
    assert shown(ani)[0][0]
    assert isinstance(breaker, ZeroDivisionError)
    assert shown(budi)[0][0]


def test_who_asks_while_models_wait_for_the_sink_holds_up_nobody_who_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine(tmp_path, OPEN) as engine:
        waiting = threading.Event()
        call = engine.sink.call

        def quietly(action: Callable[[], Any]) -> None:
            waiting.set()
            done = Future[Any]()
            threading.Thread(target=lambda: done.set_result(call(action)), daemon=True).start()
            done.result(timeout=10)

        def forgets() -> None:
            assert waiting.wait(10)
            engine.decisions.drop(set())

        monkeypatch.setattr(engine.models, "_quietly", quietly)
        forgetting = threading.Thread(target=call, args=(forgets,))
        forgetting.start()
        assert len(ask(engine)) == 1
        forgetting.join(10)
        assert not forgetting.is_alive()


def test_two_people_get_two_pages(shop: Engine) -> None:
    (ani,), (budi,) = (ask(shop, one, placements=[{"name": "home", "k": 12}]) for one in ("ani", "budi"))
    assert shelves(ani)["continue"][:2] == ["b", "a"]
    assert shelves(budi)["continue"] == ["p"]
    assert [one.product_id for one in ani.slate] != [one.product_id for one in budi.slate]


def test_no_product_stands_twice_on_the_whole_page(shop: Engine) -> None:
    found = ask(shop, "ani", placements=[{"name": name, "k": 4} for name in ("top", "middle", "foot")])
    products = [slot.product_id for one in found for slot in one.slate]
    assert len(products) == len(set(products)) >= 9


def test_a_decision_is_kept_before_it_is_answered(shop: Engine) -> None:
    (found,) = ask(shop, "ani")
    row = kept(shop, found.decision_id)
    assert row["slate"] == [slot.product_id for slot in found.slate]
    assert row["shelves"] == [slot.shelf for slot in found.slate]
    assert row["propensity"] == found.propensity
    assert len(row["features"]) == len(FEATURES) * len(found.slate)
    assert row["subject"] is not None


def test_what_cannot_be_kept_is_not_answered(shop: Engine, tmp_path: Path) -> None:
    def refuse(entries: Sequence[Entry]) -> None:
        for one in entries:
            one.done(OSError("full"))

    deciding = Deciding(shop.gate, shop.models, OPEN, Ledger(refuse), tmp_path)
    with pytest.raises(OSError, match="full"):
        deciding.answer("web", b'{"placements":[{"name":"home"}]}')


def test_why_is_told_of_what_was_shown_a_moment_ago(shop: Engine) -> None:
    (shown,) = ask(shop, "ani")
    assert [one.product_id for one in shop.decisions.why(shown.decision_id).products] == [
        slot.product_id for slot in shown.slate
    ]


def test_why_is_told_though_the_facts_are_minutes_behind(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = ask(shop, "ani")
    monkeypatch.setattr(shop.decisions, "clock", lambda: now_micros() + 300_000_000)
    assert shop.decisions.why(shown.decision_id).products


def test_who_refuses_gets_the_strangers_page_and_is_not_in_it(shop: Engine) -> None:
    shop.decisions.weights  # noqa: B018  warm
    (stranger,) = ask(shop, None)
    (said_now,) = ask(shop, "ani", context={"consent": {"categoryPreferences": {"personalisation": False}}})
    send(shop, touch("rini", "a", "r1"))
    shop.consent(Consent(user_id="rini", purposes={"personalisation": False}), "web")
    (stands,) = ask(shop, "rini")
    plain = sorted(slot.product_id for slot in stranger.slate)
    for found in (said_now, stands):
        assert sorted(slot.product_id for slot in found.slate) == plain
        assert {"continue", "for_you", "together"}.isdisjoint(shelves(found))
        assert kept(shop, found.decision_id)["subject"] is None


def test_nothing_is_picked_for_a_stranger_on_the_page_of_a_product_that_nobody_knows(shop: Engine) -> None:
    (found,) = ask(shop, placements=[{"name": "side", "k": 6, "product": "unheard-of"}])
    assert found.slate
    assert not {"for_you", "together", "continue"} & set(shelves(found))


def test_a_child_gets_the_strangers_page(shop: Engine) -> None:
    (found,) = ask(shop, "ani", context={"minor": True})
    assert {"continue", "for_you", "together"}.isdisjoint(shelves(found))
    assert "minor" in [one.code for one in found.reasons]
    assert found.promotion is None
    assert kept(shop, found.decision_id)["subject"] is None, "nothing is kept of it under the account's number"
    assert not shop.decisions.why(found.decision_id).personal


def test_a_public_key_learns_nothing_of_a_user_but_what_this_device_did(shop: Engine) -> None:
    (by_user,) = ask(shop, "ani", source="page")
    assert {"continue", "for_you", "together"}.isdisjoint(shelves(by_user))
    assert kept(shop, by_user.decision_id)["subject"] is None
    send(shop, track("Signed In", "login", user="ani", anonymousId="borrowed"))
    (by_device,) = ask(shop, None, source="page", anonymousId="borrowed")
    assert {"continue", "for_you", "together"}.isdisjoint(shelves(by_device))
    (server,) = ask(shop, None, anonymousId="borrowed")
    assert not {"continue", "for_you", "together"}.isdisjoint(shelves(server)), "which of them come is drawn"


def test_a_product_that_was_taken_out_is_not_chased_with(shop: Engine) -> None:
    send(shop, touch("sari", "a", "s1"), touch("sari", "b", "s2"), touch("sari", "b", "s3", "Product Removed"))
    (found,) = ask(shop, "sari", placements=[{"name": "home", "k": 12}])
    assert "b" not in [slot.product_id for slot in found.slate]
    assert ("removed", "1") in [(one.code, one.about) for one in found.reasons]


def test_what_was_shown_too_often_gives_way(shop: Engine) -> None:
    send(shop, touch("tono", "a", "t1"))
    whole = [{"name": "home", "k": 12}]
    personal = [shelves(ask(shop, "tono", placements=whole)[0]).get("for_you", []) for _ in range(12)]
    assert personal[0]
    assert not set(personal[0]) & set(personal[-1])
    assert "shown_often" in [one.code for one in ask(shop, "tono")[0].reasons]


def test_nobody_is_chosen_for_what_is_sensitive(shop: Engine) -> None:
    send(shop, touch("wati", "obat", "w1"))
    (found,) = ask(shop, "wati", placements=[{"name": "home", "k": 12}])
    personal = [slot.product_id for slot in found.slate if slot.shelf in ("continue", "for_you", "together")]
    assert personal == []
    assert ("sensitive", "1") in [(one.code, one.about) for one in found.reasons]


def test_a_list_of_the_shops_is_brought_into_order(shop: Engine) -> None:
    listed = ["q", "c", "r", "d"]
    (found,) = ask(shop, "ani", placements=[{"name": "search", "k": 4, "products": listed}])
    products = [slot.product_id for slot in found.slate]
    assert sorted(products) == sorted(listed)
    assert set(products[:2]) == {"c", "d"}


def test_a_list_keeps_what_the_catalogue_does_not_know_and_nothing_twice(shop: Engine) -> None:
    listed = ["unheard of", "q", "c", "q", "nor of this"]
    (found,) = ask(shop, "ani", placements=[{"name": "search", "products": listed}])
    assert sorted(slot.product_id for slot in found.slate) == sorted(set(listed))
    (less,) = ask(shop, "ani", placements=[{"name": "search", "products": listed, "exclude": ["unheard of"]}])
    assert sorted(slot.product_id for slot in less.slate) == ["c", "nor of this", "q"]


def test_a_list_comes_back_whole_unless_k_says_otherwise(shop: Engine) -> None:
    listed = [*(f"unheard of {number}" for number in range(140)), "c", "q"]
    (found,) = ask(shop, "ani", placements=[{"name": "search", "products": listed}])
    assert sorted(slot.product_id for slot in found.slate) == sorted(listed)
    (some,) = ask(shop, "ani", placements=[{"name": "search", "products": listed, "k": 12}])
    assert [slot.product_id for slot in some.slate] == [slot.product_id for slot in found.slate[:12]]
    (none,) = ask(shop, "ani", placements=[{"name": "search", "products": []}])
    assert none.slate == []


def test_each_product_says_why_it_is_there(shop: Engine) -> None:
    (found,) = ask(shop, "ani", placements=[{"name": "home", "k": 12}])
    assert all(slot.reason is not None for slot in found.slate)
    assert 1 <= len(found.reasons) <= 6


@pytest.mark.parametrize("name", ["subject", "ids"])
def test_who_asks_may_be_named_together(name: str) -> None:
    body = msgspec.json.encode({"placements": [{"name": "home"}], name: {"userId": "ani", "anonymousId": "phone"}})
    assert read(body).identifiers == [("user", "ani"), ("anonymous", "phone")]


def test_who_asks_is_one_wherever_it_is_said() -> None:
    home = {"placements": [{"name": "home"}]}
    body = {**home, "userId": "ani", "ids": {"anonymousId": "phone"}, "subject": {"userId": "ani", "anonymousId": ""}}
    assert read(msgspec.json.encode(body)).identifiers == [("user", "ani"), ("anonymous", "phone")]
    body = {**home, "anonymousId": 5, "subject": {"userId": "ani"}}
    assert read(msgspec.json.encode(body)).identifiers == [("user", "ani"), ("anonymous", "5")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b'{"placements":[]}', "placements"),
        (b'{"placements":[{"name":"home","k":0}]}', "placements[0].k"),
        (b'{"placements":[{"name":"home","k":"all"}]}', "placements[0].k"),
        (b'{"userId":{},"placements":[{"name":"home"}]}', "userId"),
        (b'{"placements":[{"name":"home"}],"context":{"Minor":true}}', "context"),
        (b'{"placements":[{"name":"home"}],"context":{"isMinor":true}}', "context"),
        (b'{"placements":[{"name":"home"}],"context":{"is_minor":true}}', "context"),
        (b'{"placements":[{"name":"home"}],"userId":"ani","ids":{"userId":"budi"}}', "userId"),
        (b'{"placements":[{"name":"home"}],"ids":{"anonymousId":"a"},"subject":{"anonymousId":"b"}}', "anonymousId"),
        (b'{"placements":[{"name":"home"}],"context":{"consents":{}}}', "context"),
        (b'{"placements":[{"name":"home"}],"context":{"consent":{"category_preferences":{}}}}', "context.consent"),
    ],
)
def test_what_is_no_question_is_said(shop: Engine, body: bytes, field: str) -> None:
    with pytest.raises(RowError) as refused:
        shop.decisions.answer("web", body)
    assert refused.value.field == field


def test_a_context_may_say_more_than_is_read() -> None:
    more = {
        "locale": "id-ID",
        "userAgent": "x",
        "consentId": "c1",
        "issue": 1,
        "screen": {"width": 390},
        "page": {"tab": 1},
    }
    assert not read(msgspec.json.encode({"placements": [{"name": "home"}], "context": more})).context.minor


def test_a_forgotten_person_leaves_no_decision_behind(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, touch("ani-the-marker", "a", "1"))
        (found,) = ask(engine, "ani-the-marker")
        assert kept(engine, found.decision_id)["subject"] is not None
        ask(engine, "ani-the-marker")  # in the log alone
        assert len(engine.export([("user", "ani-the-marker")])["decisions"]) >= 1
        engine.forget([("user", "ani-the-marker")])
        until = datetime(2100, 1, 1, tzinfo=UTC)
        with engine.gate.events(Purpose.ESSENTIAL, before=until, why="test") as granted:
            assert granted.run(granted.facts.decisions).num_rows == 0
        data = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert not any(b"ani-the-marker" in one or found.decision_id.encode() in one for one in data)


def test_nothing_is_gone_by_that_was_learnt_while_somebody_was_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine(tmp_path, OPEN) as engine:
        learnt = Weights(version="learnt")

        def meanwhile(*_: object) -> Learnt:
            engine.decisions.drop({1})
            return Learnt(learnt, np.zeros(0), None, True, "better")

        monkeypatch.setattr("detak.deciding.deciding.learn_order", meanwhile)
        engine.decisions.learn()
        assert engine.decisions.weights == Weights()


def test_what_was_shown_and_clicked_is_learnt_from(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(
        '[offers]\nbudget = 9e9\noffer = [{name = "h", discount = 0.1}]\ntrial = 0.9\n'
    )
    with Engine(tmp_path, OPEN) as engine:
        cost = {"amount": 9_000, "currency": "IDR"}
        engine.catalogue.put(
            [{"id": one, "name": one, "category": ["T", one], "price": cost} for one in "abcdefgh"], "api"
        )
        send(engine, *[touch(f"u{n}", one, f"{n}{one}") for n in range(12) for one in "abcd"])
        engine.models.fit()
        assert engine.decisions.learn().order.why == "too_few_clicks"
        events = []
        for n in range(12):
            for turn in range(3):
                (found,) = ask(engine, f"u{n}", placements=[{"name": "home", "k": 8}])
                clicked = {"product_id": found.slate[0].product_id, "decision_id": found.decision_id}
                bought = {"order_id": f"O{n}-{turn}", "total": 9_000, "discount": 1_000, "currency": "IDR"}
                events.append(track("Product Clicked", f"c{n}-{turn}", user=f"u{n}", properties=clicked))
                order = {**bought, "decision_id": found.decision_id}
                events.append(track("Order Completed", f"o{n}-{turn}", user=f"u{n}", properties=order))
        send(engine, *events)
        told = taught(engine.gate, ("h",), datetime.now(UTC))
        assert int(told.logged.clicked.sum()) == 36
        assert set(told.logged.place[told.logged.clicked]) == {0}
        assert len(told.visits.subject) == 12, "an offer is drawn once a day for each"
        assert set(told.visits.orders) == {3.0}
        assert set(told.visits.amount) == {30_000.0}  # before the discount
        assert told.visits.off is not None
        assert set(told.visits.off) == {3_000.0}
        lesson = engine.decisions.learn()
        assert lesson.offers is not None
        assert lesson.offers.book.version == "too-little"


def listed(user: str, day: int, *products: str, refuses: bool = False) -> dict[str, Any]:
    """Somebody is shown a list."""
    shown = {"list_id": "home", "products": [{"product_id": one} for one in products]}
    said = {"context": {"consent": {"categoryPreferences": {"personalisation": False}}}} if refuses else {}
    when = f"2026-10-{day:02d}T05:00:00Z"
    return track("Product List Viewed", f"l-{user}-{day}", user=user, properties=shown, timestamp=when, **said)


def test_what_people_see_in_lists_and_turn_to_is_counted_by_day(tmp_path: Path) -> None:
    def look(user: str, day: int, product: str) -> dict[str, Any]:
        return {**touch(user, product, f"v-{user}-{day}-{product}"), "timestamp": f"2026-10-{day:02d}T06:00:00Z"}

    with Engine(tmp_path, OPEN) as engine:
        send(
            engine, listed("ani", 1, "a", "b"), {**listed("ani", 1, "b", "a"), "messageId": "again"},
            look("ani", 1, "b"), look("ani", 1, "c"), look("ani", 2, "a"), listed("ani", 3, "a"), look("ani", 3, "a"),
            listed("budi", 1, "a", "b", "c"), listed("citra", 1, "a", refuses=True), imported=True,
        )  # fmt: skip
        exposed = taught(engine.gate, (), datetime.now(UTC)).exposed
    assert exposed.product == ["a", "b", "c"]
    # On one day the best place counts, once; a look on a day without a list does not.
    assert exposed.seen == pytest.approx([1 + 1 + 1, 1 + 0.9, 0.81])
    assert exposed.taken.tolist() == [1, 1, 0]


def test_the_day_of_a_list_is_the_shops(tmp_path: Path) -> None:
    """Early in the morning of Jakarta it is the day before in Greenwich."""

    def at(told: dict[str, Any], moment: str) -> dict[str, Any]:
        return {**told, "timestamp": moment}

    with Engine(tmp_path, OPEN) as engine:
        send(
            engine,
            at(listed("ani", 1, "a"), "2026-10-01T23:30:00Z"), at(touch("ani", "a", "1"), "2026-10-02T00:30:00Z"),
            at(listed("budi", 1, "b"), "2026-10-01T16:30:00Z"), at(touch("budi", "b", "2"), "2026-10-01T17:30:00Z"),
            imported=True,
        )  # fmt: skip
        exposed = taught(engine.gate, (), datetime.now(OPEN.timezone)).exposed
    assert dict(zip(exposed.product, exposed.taken.tolist(), strict=True)) == {"a": 1, "b": 0}


OFFERS = """
[offers]
budget = 5_000
trial = 0.9
holdout = 0.1
most = 2
offer = [{name = "h", discount = 0.1}]
"""


def offering_shop(folder: Path, rules: str, **product: Any) -> Engine:
    """A shop of one product that people looked at; it is noon there, and the clock stands."""
    (folder / "rules.toml").write_text(rules)
    engine = Engine(folder, OPEN)
    engine.catalogue.put([{"id": "a", "price": {"amount": 100_000, "currency": "IDR"}, **product}], "api")
    send(engine, *[touch(f"u{n}", "a", f"{n}") for n in range(60)])
    now = engine.decisions.clock()
    noon = now - now % DAY + DAY + 5 * HOUR
    engine.decisions.clock = lambda: noon
    return engine


def test_who_has_an_offer_keeps_it_on_every_page_of_the_day_and_it_counts_once(tmp_path: Path) -> None:
    with offering_shop(tmp_path, OFFERS.replace("5_000", "1e9")) as engine:
        first = {f"u{n}": ask(engine, f"u{n}")[0] for n in range(24)}
        assert {one.arm for one in first.values() if one.promotion} == {"trial"}
        before = engine.decisions.offering()
        for _ in range(4):
            again = {who: ask(engine, who)[0] for who in first}
            assert [one.promotion for one in again.values()] == [one.promotion for one in first.values()]
            assert [one.arm for one in again.values()] == [one.arm for one in first.values()]
        assert engine.decisions.offering() == before


def test_who_signs_in_keeps_the_offer_of_the_day(tmp_path: Path) -> None:
    with offering_shop(tmp_path, OFFERS.replace("5_000", "1e9")) as engine:
        devices = [f"device-{n}" for n in range(16)]
        looks = ("Product Viewed", {"product_id": "a"})
        send(engine, *[track(looks[0], one, anonymousId=one, properties=looks[1]) for one in devices])
        before = [ask(engine, None, anonymousId=one)[0] for one in devices]
        assert {one.promotion is None for one in before} == {True, False}
        send(engine, *[track("Signed In", f"{one}-in", user=f"of-{one}", anonymousId=one) for one in devices])
        for names in ([], ["anonymousId"]):
            more = [dict.fromkeys(names, one) for one in devices]
            after = [ask(engine, f"of-{one}", **told)[0] for one, told in zip(devices, more, strict=True)]
            assert [(one.promotion, one.arm) for one in after] == [(one.promotion, one.arm) for one in before]


def test_the_budget_of_a_day_is_not_passed_and_the_decision_says_so(tmp_path: Path) -> None:
    with offering_shop(tmp_path, OFFERS) as engine:
        asked = [ask(engine, f"u{n}")[0] for n in range(60)]
        standing = engine.decisions.offering()
        assert standing.spent.amount == 500 * standing.given == 5_000  # one order in twenty, a tenth of its price
        told = [[reason.code for reason in one.reasons] for one in asked]
        assert sum("budget_spent" in one for one in told) > 10
        assert {one.arm for one, why in zip(asked, told, strict=True) if "budget_spent" in why} == {""}
        noon = engine.decisions.clock()
        engine.decisions.clock = lambda: noon + 11 * HOUR  # 23:00 in Jakarta, another day in Greenwich
        assert engine.decisions.offering().given == standing.given
        engine.decisions.clock = lambda: noon + 12 * HOUR
        assert engine.decisions.offering().given == 0


@pytest.mark.parametrize(("cost", "rule"), [(95_000, "too_dear"), (80_000, "unlearnt"), (None, "unlearnt")])
def test_the_floor_holds_for_what_the_catalogue_says_the_shop_keeps(
    tmp_path: Path, cost: int | None, rule: str
) -> None:
    told = {} if cost is None else {"cost": {"amount": cost, "currency": "IDR"}}
    with offering_shop(tmp_path, OFFERS, **told) as engine:
        assert engine.decisions.offering().rule == rule
        given = [one for one in (ask(engine, f"u{n}")[0] for n in range(20)) if one.promotion]
        assert bool(given) == (rule != "too_dear")


PLENTY = OFFERS.replace("5_000", "1e9")


def test_an_offer_is_given_while_it_holds_and_else_the_decision_says_so(tmp_path: Path) -> None:
    def given(engine: Engine, hour: int) -> list[Decision]:
        engine.decisions.clock = lambda: noon + hour * HOUR
        return [ask(engine, f"u{n}")[0] for n in range(20)]

    with offering_shop(tmp_path, PLENTY) as engine:
        noon = engine.decisions.clock()
        dates = f"from = {clock(noon + HOUR)}, until = {clock(noon + 3 * HOUR)}"
        (tmp_path / "rules.toml").write_text(PLENTY.replace("0.1}", f"0.1, {dates}}}"))
        before, within, later = (given(engine, hour) for hour in (0, 1, 3))
        assert [any(one.promotion for one in some) for some in (before, within, later)] == [False, True, False]
        assert {one.promotion.ends for one in within if one.promotion} == {noon + 3 * HOUR}
        for some in (before, later):
            assert {one.reasons[-1].code for one in some} == {"resting"}
            assert {one.arm for one in some} == {""}
        assert engine.decisions.offering().rule == "resting"
        assert [one.state for one in engine.decisions.offering().dates] == ["over"]


def clock(micros: int) -> str:
    """A moment by the shop's clock, as it is written in its rules."""
    return from_micros(micros).astimezone(OPEN.timezone).replace(tzinfo=None).isoformat()


def test_offers_are_learnt_from_for_a_year_and_pages_for_a_season(tmp_path: Path) -> None:
    with offering_shop(tmp_path, PLENTY) as engine:
        noon = engine.decisions.clock()
        for days in (400, 200, 10):
            engine.decisions.clock = lambda days=days: noon - days * 24 * HOUR  # type: ignore[misc]
            for n in range(10):
                ask(engine, f"u{n}")
        engine.settle()
        told = taught(engine.gate, ("h",), from_micros(noon).astimezone(OPEN.timezone))
    assert len(told.visits.subject) == 20 - told.visits.offer[told.visits.offer > 0].size
    assert told.daily == pytest.approx(20 / 191)
    assert len(np.unique(told.logged.decision)) == 10


def test_whoever_got_an_offer_that_is_over_did_not_go_without_one(tmp_path: Path) -> None:
    with offering_shop(tmp_path, PLENTY.replace('"h"', '"old"')) as engine:
        noon = engine.decisions.clock()
        first = [ask(engine, f"u{n}")[0] for n in range(30)]
        (tmp_path / "rules.toml").write_text(PLENTY)
        engine.decisions.clock = lambda: noon + 24 * HOUR
        second = [ask(engine, f"u{n}")[0] for n in range(30)]
        engine.settle()
        told = taught(engine.gate, ("h",), from_micros(noon + 25 * HOUR).astimezone(OPEN.timezone)).visits
    assert any(one.promotion for one in first)
    drew = [one for one in (*first, *second) if one.arm]
    assert int((told.offer == 0).sum()) == sum(one.promotion is not None for one in second)
    assert int((told.offer < 0).sum()) == sum(one.promotion is None for one in drew)
    assert told.beside is not None
    assert int(told.beside.sum()) == sum(bool(one.arm) for one in second), "the day before there was no such offer"
