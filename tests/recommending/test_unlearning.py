"""Who refuses was never there, and who is forgotten leaves nothing: models and answers, to the last digit."""

import tempfile
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.conftest import send
from tests.shop import track

from detak.clock import to_micros
from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.questions import Consent
from detak.recommend.base import Interactions
from detak.recommending import models
from detak.recommending.asking import Ask
from detak.recommending.fitting import interactions
from detak.settings import Settings, SourceSettings
from detak.snapshot import read, unpacked, within
from detak.trust.passages import Who

KNOWN = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
OPEN = Settings(sources={"web": KNOWN})
PEOPLE = ("ani", "budi", "citra", "dewi")
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
Messages = list[dict[str, Any]]


@st.composite
def shops(draw: st.DrawFn) -> Messages:
    """What four people looked at, put into carts and bought, on their phones and by name, and a catalogue of six."""
    messages: Messages = [{**track("Signed In", f"s-{one}", user=one, anonymousId=f"{one}-phone")} for one in PEOPLE]
    for number in range(draw(st.integers(8, 30))):
        person, product = draw(st.sampled_from(PEOPLE)), draw(st.sampled_from("abcdef"))
        event = draw(st.sampled_from(["Product Viewed", "Product Added", "Order Completed"]))
        told: dict[str, Any] = {"product_id": product, "name": f"Barang {product}", "province": "Bali"}
        if event == "Order Completed":
            told = {"order_id": f"O{number}", "products": [{"product_id": product}, {"product_id": "a"}]}
        who = {"userId": person} if draw(st.booleans()) else {"anonymousId": f"{person}-phone"}
        when = (BEGAN + timedelta(minutes=13 * number)).isoformat()
        messages.append({**track(event, f"m{number}", properties=told), **who, "timestamp": when})
    return messages


def without(messages: Iterable[dict[str, Any]], gone: set[str]) -> Messages:
    """The messages of everybody else."""
    theirs = {name for person in gone for name in (person, f"{person}-phone")}
    return [one for one in messages if not theirs & {one.get("userId"), one.get("anonymousId")}]


def answers(engine: Engine) -> dict[str, Any]:
    """What everybody, and a stranger, is shown, on every shelf, by name, by phone and for a session."""
    shelves = engine.models.shelves
    asks = {"stranger": Ask(), "session": Ask(session=("a", "c")), "list": Ask(among=("f", "a", "z"))}
    for one in PEOPLE:
        asks |= {one: Ask([("user", one)]), f"{one}-phone": Ask([("anonymous", f"{one}-phone")], session=("b",))}
    found = {}
    for shelf in shelves:
        for name, ask in asks.items():
            wanted = Ask(ask.identifiers, ask.session, shelf=shelf, among=ask.among)
            told = engine.models.recommend(wanted, now=to_micros(BEGAN + timedelta(days=20)))
            found[shelf, name] = [(one.product_id, one.score, one.by, one.because) for one in told.items]
    return found


def shown_to(gone: set[str], found: dict[str, Any]) -> dict[str, Any]:
    """The answers, without those for whom a session was stated that a refusal sets aside."""
    return {key: value for key, value in found.items() if key[1].removesuffix("-phone") not in gone or key[1] in gone}


CATALOGUE = [{"id": one, "name": f"Barang {one}", "category": "Piring" if one < "d" else "Gelas"} for one in "abcdef"]


def opened(folder: Path, messages: Messages) -> Engine:
    """A shop that was told of them."""
    engine = Engine(folder, OPEN)
    engine.catalogue.put(CATALOGUE)
    send(engine, *messages)
    return engine


GONE = st.sets(st.sampled_from(PEOPLE), min_size=1, max_size=3)
few = settings(
    max_examples=2,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # looking for a smaller example would take minutes
)


@few
@given(shops(), GONE)
def test_a_refusal_equals_an_absence_in_every_recommendation(messages: Messages, refusing: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with opened(Path(folder) / "refused", messages) as engine:
            engine.models.fit()  # what was chosen with them in it must not stay
            for person in refusing:
                engine.consent(Consent(user_id=person, purposes={"personalisation": False}), "web")
            engine.models.fit()
            refused = answers(engine)
        with opened(Path(folder) / "absent", without(messages, refusing)) as engine:
            engine.models.fit()
            absent = answers(engine)
    assert shown_to(refusing, refused) == shown_to(refusing, absent)


@few
@given(shops(), GONE)
def test_the_forgotten_leave_models_as_if_fitted_without_them(messages: Messages, gone: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with opened(Path(folder) / "forgot", messages) as engine:
            engine.models.fit()
            for person in gone:
                engine.forget([("user", person)])
            forgot, kept = answers(engine), read(Path(folder) / "forgot" / "models.npz")
        with opened(Path(folder) / "never", without(messages, gone)) as engine:
            engine.models.fit()
            never, fresh = answers(engine), read(Path(folder) / "never" / "models.npz")
    assert forgot == never
    assert kept is not None
    assert fresh is not None
    models = [name for name in fresh if name.startswith(("model/", "items/"))]
    assert sorted(models) == sorted(name for name in kept if name.startswith(("model/", "items/")))
    assert models
    for name in models:
        assert np.array_equal(kept[name], fresh[name]), name


def test_the_properties_can_fail(tmp_path: Path) -> None:
    look = [track("Product Viewed", f"{one}", user=one, properties={"product_id": one[0]}) for one in PEOPLE]
    with opened(tmp_path / "all", look) as engine:
        engine.models.fit()
        before = answers(engine)
        engine.forget([("user", "ani")])
        assert answers(engine) != before


def test_no_byte_of_a_pseudonym_or_of_their_own_product_stays(tmp_path: Path) -> None:
    secret = track("Product Viewed", "1", user="ani", properties={"product_id": "only-hers"})
    other = track("Product Viewed", "2", user="budi", properties={"product_id": "a"})
    with Engine(tmp_path, OPEN) as engine:
        send(engine, secret, other)
        engine.models.fit()
        engine.models.warm()
        arrays = read(tmp_path / "models.npz")
        assert arrays is not None
        assert b"only-hers" in (tmp_path / "models.npz").read_bytes()
        subject = engine.gate.recent(Purpose.PERSONALISATION, [Who([("user", "ani")])])[0].subject
        assert subject in arrays["data/subjects"].tolist()
        engine.forget([("user", "ani")])
        left = read(tmp_path / "models.npz")
        assert left is not None
        assert subject not in left["data/subjects"].tolist()
        assert b"only-hers" not in (tmp_path / "models.npz").read_bytes()


@pytest.mark.parametrize("first", ["forget", "part"])
def test_what_was_parted_since_is_forgotten_too(tmp_path: Path, first: str) -> None:
    phone = track("Product Viewed", "1", anonymousId="phone", properties={"product_id": "only-hers"})
    login = track("Signed In", "2", user="ani", anonymousId="phone")
    more = [track("Product Viewed", one, user=one, properties={"product_id": "a"}) for one in ("ani", "budi")]
    with Engine(tmp_path, OPEN) as engine:
        send(engine, phone, login, *more)
        engine.models.fit()
        if first == "part":
            engine.part(engine.identity([("user", "ani")]).merges[0].number)
        engine.forget([("anonymous", "phone")])
        arrays = read(tmp_path / "models.npz")
        assert arrays is not None
        assert b"only-hers" not in arrays["items/bytes"].tobytes()
        assert len(arrays["data/subjects"]) == (2 if first == "part" else 1)


def test_models_that_nobody_asked_yet_are_unlearnt_too(tmp_path: Path) -> None:
    look = [track("Product Viewed", one, user=one, properties={"product_id": one}) for one in ("ani", "budi")]
    with Engine(tmp_path, OPEN) as engine:
        send(engine, *look)
        engine.models.fit()
    with Engine(tmp_path, OPEN) as engine:
        receipt = engine.forget([("user", "ani")])
        kept = read(tmp_path / "models.npz")
    assert receipt.events == 1
    assert kept is not None
    assert unpacked(within("items", kept)) == ("budi",)
    with Engine(tmp_path, OPEN) as engine:
        assert [one.product_id for one in engine.models.recommend(Ask()).items] == ["budi"]


def test_a_fit_that_began_before_a_wish_does_not_bring_the_person_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = [track("Product Viewed", one, user=one, properties={"product_id": one}) for one in ("ani", "budi")]
    begun, go_on = threading.Event(), threading.Event()

    def slowly(*args: Any) -> Interactions:
        read_ = interactions(*args)
        begun.set()
        assert go_on.wait(20)
        return read_

    with Engine(tmp_path, OPEN) as engine:
        send(engine, *look)
        monkeypatch.setattr(models, "interactions", slowly)
        fitting = threading.Thread(target=engine.models.fit)
        fitting.start()
        assert begun.wait(20)
        forgetting = threading.Thread(target=engine.forget, args=([("user", "ani")],))
        forgetting.start()
        while engine.gate.recent(Purpose.PERSONALISATION, [Who([("user", "ani")])])[0].subject is not None:
            pass
        go_on.set()
        fitting.join(30)
        forgetting.join(30)
        kept = read(tmp_path / "models.npz")
        assert kept is not None
        assert unpacked(within("items", kept)) == ("budi",)
        assert [one.product_id for one in engine.models.recommend(Ask()).items] == ["budi"]
