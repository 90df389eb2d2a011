"""Who is asking, and what may be known of them right now: through an engine, as the gate answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import send
from tests.shop import consenting, order, track

from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.questions import Consent
from detak.settings import Settings, SourceSettings
from detak.trust.passages import Visitor, Who
from detak.trust.remembering import whose

KNOWN = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
OPEN = Settings(sources={"web": KNOWN})
ANI = ("user", "ani")
PHONE = ("anonymous", "phone")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Engine]:
    """A shop that remembers."""
    with Engine(tmp_path, OPEN) as engine:
        engine.models.warm()
        yield engine


def recent(engine: Engine, *identifiers: tuple[str, str], session: tuple[str, ...] = ()) -> Visitor:
    """What is known of whoever asks."""
    return engine.gate.recent(Purpose.PERSONALISATION, [Who(identifiers, session)])[0]


def stranger(person: Visitor) -> bool:
    """Whether nothing is known of them."""
    return person.subject is None and not person.touches.product and not person.bought.product


def seen(engine: Engine, *identifiers: tuple[str, str], session: tuple[str, ...] = ()) -> list[str]:
    """The products."""
    return list(recent(engine, *identifiers, session=session).touches.product)


def view(product: str, key: str, **told: object) -> dict[str, object]:
    """Somebody looks at a product."""
    return track("Product Viewed", key, properties={"product_id": product}, **told)


def test_a_click_is_remembered_once_it_is_a_fact(shop: Engine) -> None:
    assert stranger(recent(shop, ANI))
    send(shop, view("a", "1", user="ani"), order(1, "2", user="ani"), view("b", "3", user="budi"))
    found = recent(shop, ANI)
    assert (found.touches.product, found.bought.product) == (("a", "P1"), ("P1",))
    assert found.subject is not None


def test_remembering_anew_compiles_no_query_again(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    send(shop, view("a", "1", user="ani"))
    monkeypatch.setattr(shop._store._compiled, "put", None)
    shop.gate.recall()
    assert seen(shop, ANI) == ["a"]


def test_the_memory_is_filled_from_the_facts(tmp_path: Path) -> None:
    hours = [datetime.now(UTC) - timedelta(hours=back) for back in (5, 3, 4)]
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *(view(f"p{at}", str(at), user="ani", timestamp=one.isoformat()) for at, one in enumerate(hours)))
        assert seen(engine, ANI) == []
        engine.models.warm()
        assert seen(engine, ANI) == ["p0", "p2", "p1"]
    with Engine(tmp_path, OPEN) as engine:
        engine.models.warm()
        assert seen(engine, ANI) == ["p0", "p2", "p1"]


def test_nothing_said_is_a_no(tmp_path: Path) -> None:
    with Engine(tmp_path, Settings()) as engine:
        engine.models.warm()
        send(engine, view("a", "1", user="ani", context=consenting(analytics=True)), order(1, "2", user="ani"))
        assert stranger(recent(engine, ANI))
        send(engine, view("b", "3", user="ani", context=consenting(personalisation=True)))
        assert seen(engine, ANI) == ["b"]
        assert stranger(engine.gate.recent(Purpose.MARKETING, [Who([ANI])])[0])


def test_who_refuses_is_answered_as_a_stranger_at_once_and_a_later_yes_begins_anew(shop: Engine) -> None:
    send(shop, view("a", "1", user="ani", anonymousId="phone"))
    shop.consent(Consent(user_id="ani", purposes={"personalisation": False}), "web")
    assert stranger(recent(shop, ANI, session=("x",)))
    assert stranger(recent(shop, PHONE))
    shop.consent(Consent(user_id="ani", purposes={"personalisation": True}), "web")
    found = recent(shop, ANI)
    assert (found.touches.product, found.subject is None) == ((), False)
    send(shop, view("b", "2", user="ani"))
    assert seen(shop, ANI) == ["b"]


def test_a_login_unites_histories_and_taking_it_back_parts_them(shop: Engine) -> None:
    send(shop, view("a", "1", anonymousId="phone"))
    send(shop, view("b", "2", user="ani"))
    assert (seen(shop, ANI), seen(shop, PHONE)) == (["b"], ["a"])
    send(shop, track("Signed In", "3", user="ani", anonymousId="phone"))
    assert seen(shop, ANI) == seen(shop, PHONE) == seen(shop, ANI, PHONE) == ["a", "b"]
    assert recent(shop, ANI).subject == recent(shop, PHONE).subject
    shop.part(shop.identity([ANI]).merges[0].number)
    assert (seen(shop, ANI), seen(shop, PHONE)) == (["b"], ["a"])


def test_nobody_learns_of_another_on_a_shared_device(shop: Engine) -> None:
    send(shop, view("secret", "1", user="budi", anonymousId="phone"), view("a", "2", user="ani", anonymousId="phone"))
    assert seen(shop, ANI, PHONE) == ["a"]
    assert seen(shop, ("user", "new"), PHONE) == []


def test_the_forgotten_are_gone_at_once(shop: Engine) -> None:
    send(shop, view("a", "1", user="ani", anonymousId="phone"), view("b", "2", user="budi"))
    shop.forget([ANI])
    assert stranger(recent(shop, ANI, PHONE))
    assert seen(shop, ("user", "budi")) == ["b"]


def test_a_session_that_nobody_stored(shop: Engine) -> None:
    assert seen(shop, session=("x", "y")) == ["x", "y"]
    assert recent(shop, session=("x",)).subject is None


def test_a_user_alone_is_anybodys_guess_unless_the_asker_is_trusted(shop: Engine) -> None:
    send(shop, view("a", "1", user="ani"), view("b", "2", anonymousId="phone"))
    asked = [([ANI], False), ([ANI], True), ([PHONE], False)]
    found = shop.gate.recent(Purpose.PERSONALISATION, [Who(who, trusted=trusted) for who, trusted in asked])
    assert [one.touches.product for one in found] == [(), ("a",), ("b",)]


def test_who_asks_alone_learns_of_the_device_alone(shop: Engine) -> None:
    send(shop, view("a", "1", user="ani"), view("b", "2", anonymousId="phone"))
    send(shop, track("Signed In", "3", user="ani", anonymousId="phone"))
    asked = ([ANI], [PHONE], [ANI, PHONE])
    found = shop.gate.recent(Purpose.PERSONALISATION, [Who(who, alone=True) for who in asked])
    assert [one.touches.product for one in found] == [(), ("b",), ("b",)]
    shop.consent(Consent(user_id="ani", purposes={"personalisation": False}), "web")
    assert all(map(stranger, shop.gate.recent(Purpose.PERSONALISATION, [Who(who, alone=True) for who in asked])))


def test_facts_past_their_retention_are_not_remembered(tmp_path: Path) -> None:
    days = Settings(sources={"web": KNOWN}, retention_days={"personalisation": 30})
    with Engine(tmp_path, days) as engine:
        engine.models.warm()
        old = (datetime.now(UTC) - timedelta(days=31)).isoformat()
        send(engine, view("old", "1", user="ani", timestamp=old), view("new", "2", user="ani"))
        assert seen(engine, ANI) == ["new"]


def test_each_passage_is_counted_in_the_audit(shop: Engine) -> None:
    send(shop, view("a", "1", user="ani"))
    for _ in range(3):
        recent(shop, ANI)
    shop.settle()
    rows = [row for row in shop.audit().rows if row.verb == "recent"]
    assert [(row.purpose, row.detail) for row in rows] == [("personalisation", '{"asked": 3}')]


def test_the_first_that_is_known_says_who_it_is() -> None:
    user, device, other = ("user", "u"), ("anonymous", "d"), ("user", "o")
    known = {user: 1, device: 2, other: 3}
    assert whose([user, device], known, {}) == (1, {1, 2})
    assert whose([user, device], known, {2: 3}) == (1, {1})
    assert whose([user, device], known, {2: 1}) == (1, {1, 2})
    assert whose([device], known, {2: 3}) == (3, {2, 3})
    assert whose([("user", "new"), device], known, {2: 3}) == (None, set())
    assert whose([("user", "new"), device], known, {}) == (2, {2})
    assert whose([], {}, {}) == (None, set())
