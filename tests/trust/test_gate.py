"""The gate: deny where nothing is said, refusal equals absence, forgotten means gone."""

import tempfile
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import send
from tests.shop import consenting, histories, order, track

from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.errors import DeniedError, RowError
from detak.plugins import members
from detak.questions import Consent, Question, report_names
from detak.settings import Settings, SourceSettings

COUNTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))
OPEN = Settings(sources={"web": COUNTED}, min_group=1)


def of_people() -> list[str]:
    """Every registered insight into people's events. Those under essential count messages: nobody is there."""
    kinds = members("detak.insights", "insight")
    return [name for name in report_names() if kinds[name].purpose is not Purpose.ESSENTIAL]  # type: ignore[attr-defined]


def reports(engine: Engine, names: Iterable[str]) -> dict[str, Any]:
    """Reports as JSON, by name."""
    return {name: msgspec.json.decode(engine.answer(Question(name)).report) for name in names}


def visible(engine: Engine, purpose: Purpose, before: datetime | None = None) -> list[str]:
    """The names of the events that a purpose sees."""
    with engine.gate.events(purpose, before=before or datetime.now(UTC), why="test") as granted:
        return sorted(granted.run(granted.facts.events.select("event"))["event"].to_pylist())


def without(messages: Iterable[dict[str, Any]], people: set[str]) -> list[dict[str, Any]]:
    """The messages of everybody else."""
    phones = {f"{person}-phone" for person in people}
    return [one for one in messages if one.get("userId") not in people and one.get("anonymousId") not in phones]


def rows(engine: Engine) -> list[list[dict[str, Any]]]:
    """All that analytics sees, in the order of time."""
    with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
        tables = (granted.facts.events, granted.facts.items)
        return [granted.run(one.order_by(list(one.columns))).to_pylist() for one in tables]


@settings(max_examples=4)
@given(histories(), st.sets(st.sampled_from(["ani", "budi", "citra"]), min_size=1))
def test_refusal_equals_absence_in_every_insight(messages: list[dict[str, Any]], refusing: set[str]) -> None:
    # The phone of somebody else, and the refusal of a stranger who changes nothing: both stores are then asked in the
    # same words, and what compiling them costs is paid once.
    dewi = track("Signed In", "s-dewi", user="dewi", anonymousId="dewi-phone", timestamp="2026-10-01T00:00:00Z")
    with tempfile.TemporaryDirectory() as folder:
        with Engine(Path(folder) / "refused", OPEN) as engine:
            send(engine, dewi, *messages)
            for person in refusing:
                engine.consent(Consent(user_id=person, purposes={"analytics": False}), "web")
            refused = reports(engine, of_people())
        with Engine(Path(folder) / "absent", OPEN) as engine:
            send(engine, dewi, *without(messages, refusing))
            before = rows(engine)
            engine.consent(Consent(user_id="stranger", purposes={"analytics": False}), "web")
            assert rows(engine) == before
            absent = reports(engine, of_people())
    assert refused == absent


def test_the_property_can_fail(tmp_path: Path) -> None:
    names = ("timing", "products", "cancellations")
    with Engine(tmp_path, OPEN) as engine:
        send(engine, order(1, "a", user="ani"), order(2, "b", user="budi"))
        before = reports(engine, names)
        engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
        after = reports(engine, names)
        assert [name for name in names if after[name] == before[name]] == []


def test_nothing_said_is_a_no(engine: Engine) -> None:
    outcomes = send(engine, track("Product Viewed", "1", user="ani"), order(1, "2", user="ani"))
    assert [one.what for one in outcomes] == ["withheld", "accepted"]
    assert visible(engine, Purpose.ANALYTICS) == []
    assert visible(engine, Purpose.ESSENTIAL) == ["Order Completed"]


def test_a_yes_on_the_event_covers_that_purpose_only(engine: Engine) -> None:
    send(engine, track("Product Viewed", "1", user="ani", context=consenting(Analytics=True, Advertising=False)))
    assert visible(engine, Purpose.ANALYTICS) == ["Product Viewed"]
    assert visible(engine, Purpose.MARKETING) == []


def test_a_yes_does_not_reach_back(engine: Engine) -> None:
    send(engine, order(1, "1", user="ani"))
    engine.consent(Consent(user_id="ani", purposes={"analytics": True}), "web")
    send(engine, order(2, "2", user="ani"))
    assert visible(engine, Purpose.ANALYTICS).count("Order Completed") == 1


def test_the_last_word_counts_whatever_arrives_last(engine: Engine) -> None:
    yes, no = consenting(analytics=True), consenting(analytics=False)
    send(
        engine,
        track("A", "1", user="ani", context=yes, timestamp="2026-10-01T10:00:00Z"),
        track("B", "2", user="ani", context=no, timestamp="2026-10-03T10:00:00Z"),
        track("C", "3", user="ani", context=yes, timestamp="2026-10-02T10:00:00Z"),
    )
    assert visible(engine, Purpose.ANALYTICS) == []
    send(engine, track("D", "4", user="ani", context=yes, timestamp="2026-10-04T10:00:00Z"))
    assert visible(engine, Purpose.ANALYTICS) == ["D"]


def test_a_refusal_reaches_what_the_device_did_before_the_person_signed_in(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, track("Product Viewed", "1", anonymousId="phone"))
        send(engine, track("Signed In", "2", user="ani", anonymousId="phone"))
        assert len(visible(engine, Purpose.ANALYTICS)) == 2
        engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
        assert visible(engine, Purpose.ANALYTICS) == []


def test_a_shared_device_does_not_unite_two_people(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, track("Signed In", "1", user="ani", anonymousId="tablet"))
        send(engine, track("Signed In", "2", user="budi", anonymousId="tablet"))
        engine.consent(Consent(user_id="budi", purposes={"analytics": False}), "web")
        assert visible(engine, Purpose.ANALYTICS) == ["Signed In"]


def test_a_word_on_a_shared_device_binds_nobody_else(engine: Engine) -> None:
    send(engine, track("Signed In", "1", user="ani", anonymousId="tablet", context=consenting(analytics=False)))
    send(engine, track("Signed In", "2", user="budi", anonymousId="tablet", context=consenting(analytics=True)))
    send(engine, track("Product Viewed", "3", user="ani", anonymousId="tablet"))
    assert visible(engine, Purpose.ANALYTICS) == ["Signed In"]


def two_devices(engine: Engine) -> None:
    """Ani is known from her laptop; then she looks around on her phone, and signs in there."""
    send(engine, track("Signed In", "1", user="ani", anonymousId="laptop"))
    send(engine, track("Product Viewed", "2", anonymousId="phone"))
    send(engine, track("Signed In", "3", user="ani", anonymousId="phone"))


def test_a_persons_word_reaches_every_device_of_theirs(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        two_devices(engine)
        assert len(visible(engine, Purpose.ANALYTICS)) == 3
        engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
        assert visible(engine, Purpose.ANALYTICS) == []


def test_forgetting_a_person_forgets_every_device_of_theirs(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        two_devices(engine)
        assert engine.forget([("user", "ani")]).events == 3
        assert visible(engine, Purpose.ANALYTICS) == []


def test_a_stamped_no_reaches_every_device_too(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        two_devices(engine)
        send(engine, track("Product Viewed", "4", anonymousId="phone", context=consenting(analytics=False)))
        assert visible(engine, Purpose.ANALYTICS) == []


def test_a_no_reaches_a_device_that_turns_out_later_to_be_theirs(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, track("Signed In", "1", user="ani", anonymousId="laptop"))
        send(engine, track("Product Viewed", "2", anonymousId="phone"))
        engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
        send(engine, track("Signed In", "3", user="ani", anonymousId="phone"))
        send(engine, track("Product Viewed", "4", anonymousId="phone"))
        assert visible(engine, Purpose.ANALYTICS) == []


def test_a_no_holds_on_a_device_never_seen_before(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
        send(engine, track("Signed In", "1", user="ani", anonymousId="new phone"))
        send(engine, track("Product Viewed", "2", anonymousId="new phone"))
        assert visible(engine, Purpose.ANALYTICS) == []


def test_a_link_and_a_no_in_one_batch(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, track("Signed In", "1", user="ani"), track("Product Viewed", "2", anonymousId="phone"))
        no = consenting(analytics=False)
        alias = {"type": "alias", "messageId": "3", "userId": "ani", "previousId": "phone"}
        send(engine, alias, track("Signed Out", "4", user="ani", context=no))
        assert visible(engine, Purpose.ANALYTICS) == []


@pytest.mark.parametrize("second", ["budi", "a new user"])
def test_a_shared_tablet_gives_nobody_away(tmp_path: Path, second: str) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, order(1, "1", user="ani"), order(2, "2", user="budi"))
        send(engine, track("Product Viewed", "3", anonymousId="tablet"))
        send(engine, track("Signed In", "4", user="ani", anonymousId="tablet"))
        send(engine, track("Signed In", "5", user=second, anonymousId="tablet"))
        known = {one["value"] for one in engine.export([("user", "ani")])["identifiers"]}
        assert known == {"ani", "tablet"}
        engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
        assert visible(engine, Purpose.ANALYTICS).count("Order Completed") == 1
        engine.forget([("user", "ani")])
        assert engine.export([("user", second)])["events"]


def test_a_later_yes_does_not_bring_back_what_a_no_hid(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, order(1, "1", user="ani"))
        engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
        engine.consent(Consent(user_id="ani", purposes={"analytics": True}), "web")
        send(engine, order(2, "2", user="ani"))
        assert visible(engine, Purpose.ANALYTICS).count("Order Completed") == 1


def test_between_two_yeses_everything_is_covered(engine: Engine) -> None:
    yes = consenting(analytics=True)
    for day in (1, 9):
        send(engine, {**track("A", f"{day}", user="ani", context=yes), "timestamp": f"2026-10-0{day}T00:00:00Z"})
    late = {**track("B", "late", user="ani"), "timestamp": "2026-10-05T00:00:00Z"}
    assert [one.what for one in send(engine, late)] == ["accepted"]


def test_a_purpose_is_meant_whatever_the_shops_categories_are_called(tmp_path: Path) -> None:
    own = msgspec.structs.replace(OPEN, consent_categories={"marketing": "analytics"})
    with Engine(tmp_path, own) as engine:
        send(engine, order(1, "1", user="ani"))
        engine.consent(Consent(user_id="ani", purposes={"marketing": False}), "web")
        assert visible(engine, Purpose.ANALYTICS).count("Order Completed") == 1


def test_a_word_that_cannot_be_recorded_is_not_answered_as_in_force(engine: Engine) -> None:
    with pytest.raises(RowError):
        engine.consent(Consent(user_id="a" * 40_000, purposes={"analytics": False}), "web")


def test_a_yes_does_not_cover_what_happened_before_and_arrives_after(engine: Engine) -> None:
    yes = {**track("A", "1", user="ani", context=consenting(analytics=True)), "timestamp": "2026-10-02T00:00:00Z"}
    send(engine, yes)
    late = {**track("B", "2", user="ani"), "timestamp": "2026-10-01T00:00:00Z"}
    assert [one.what for one in send(engine, late)] == ["withheld"]
    assert visible(engine, Purpose.ANALYTICS) == ["A"]


def test_before_hides_what_came_later(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, {**track("Old", "1"), "timestamp": "2026-10-01T00:00:00Z"}, track("New", "2"))
        assert visible(engine, Purpose.ANALYTICS, datetime(2026, 10, 2, tzinfo=UTC)) == ["Old"]


def test_retention_ends_a_purpose(tmp_path: Path) -> None:
    kept = msgspec.structs.replace(OPEN, retention_days={"analytics": 30})
    with Engine(tmp_path, kept) as engine:
        old = (datetime.now(UTC) - timedelta(days=31)).isoformat()
        send(engine, {**order(1, "1"), "timestamp": old}, order(2, "2"))
        assert visible(engine, Purpose.ANALYTICS) == ["Order Completed"]
        assert len(visible(engine, Purpose.ESSENTIAL)) == 2


def test_admitting_twice_changes_nothing(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        first = send(engine, order(1, "1", user="ani"))
        again = send(engine, order(1, "1", user="ani"))
        assert ([one.what for one in first], [one.what for one in again]) == (["accepted"], ["duplicate"])
        assert visible(engine, Purpose.ANALYTICS) == ["Order Completed"]


def test_an_audience_holds_only_those_who_said_yes(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, order(1, "1", user="ani"), order(2, "2", user="budi"))
        engine.consent(Consent(user_id="ani", purposes={"marketing": True}), "web")
        with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
            subjects = granted.run(granted.facts.events.select("subject").distinct())["subject"].to_pylist()
        members = engine.gate.audience(Purpose.MARKETING, [one for one in subjects if one], why="test")
        assert [member.identifiers for member in members] == [[("user", "ani")]]


def test_a_refusing_person_has_the_profile_of_a_stranger(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, order(1, "1", user="ani"))
        now = datetime.now(UTC)
        profile = engine.gate.profile(Purpose.ANALYTICS, [("user", "ani")], before=now)
        assert profile is not None
        assert (profile.events, profile.orders) == (1, 1)
        engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
        later = datetime.now(UTC)
        assert engine.gate.profile(Purpose.ANALYTICS, [("user", "ani")], before=later) is None
        assert engine.gate.profile(Purpose.ANALYTICS, [("user", "nobody")], before=later) is None


def test_the_gate_wants_to_know_when(engine: Engine) -> None:
    with pytest.raises(TypeError, match="before"):
        engine.gate.events(Purpose.ANALYTICS, why="test")  # type: ignore[call-arg]


def test_export_says_everything_and_no_pseudonym(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        identify = {"type": "identify", "messageId": "i", "userId": "ani", "traits": {"email": "ani@example.com"}}
        send(engine, identify, order(1, "1", user="ani"), order(2, "2", user="budi"))
        engine.consent(Consent(user_id="ani", purposes={"marketing": False}), "web")
        found = engine.export([("user", "ani")])
        assert found["identifiers"] == [{"kind": "user", "value": "ani"}]
        assert found["traits"] == {"email": "ani@example.com"}
        assert [one["refused"] for one in found["consent"]] == [["marketing"]]
        assert [one["order_id"] for one in found["events"] if one["order_id"]] == ["O1"]
        assert "subject" not in found["events"][0]
        msgspec.json.encode(found)
        with pytest.raises(DeniedError):
            engine.export([("user", "nobody")])


def test_what_could_not_be_used_is_in_its_persons_copy_alone(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        broken = {**order(1, "1", user="ani", coupon="anis"), "timestamp": "kapan"}
        budis = {**order(2, "2", user="budi"), "anonymousId": "ani", "timestamp": "kapan"}
        device = track("Order Completed", "3", anonymousId="phone", properties={"order_id": "O3", "total": -1})
        send(engine, order(4, "4", user="ani"), broken, budis)
        (aside,) = msgspec.to_builtins(engine.export([("user", "ani")])["set_aside"])
        assert (aside["source"], aside["event"], aside["field"]) == ("web", "Order Completed", "timestamp")
        assert "kapan" in aside["reason"] or "time" in aside["reason"]
        assert aside["message"]["properties"]["coupon"] == "anis"
        send(engine, device, {**track("Signed In", "5", user="ani", anonymousId="phone")})
        assert len(engine.export([("user", "ani")])["set_aside"]) == 2


def test_who_is_known_by_what_could_not_be_used_alone_has_a_copy_and_is_forgotten(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, {**order(1, "1", user="ani-the-marker"), "timestamp": "kapan"}, order(2, "2", user="budi"))
        copy = engine.export([("user", "ani-the-marker")])
        assert (copy["identifiers"], copy["events"]) == ([{"kind": "user", "value": "ani-the-marker"}], [])
        assert len(copy["set_aside"]) == 1
        assert [one.verb for one in engine.audit().rows].count("export") == 1
        assert engine.forget([("user", "ani-the-marker")]).events == 0
        assert found_on_disk(tmp_path) == set()
        with pytest.raises(DeniedError):
            engine.export([("user", "ani-the-marker")])
        assert len(engine.export([("user", "budi")])["events"]) == 1


def test_export_holds_what_was_acknowledged_the_moment_before(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        written = threading.Event()
        body = msgspec.json.encode({"batch": [order(1, "1", user="ani")]})
        engine.collect("web", body, lambda _: written.set())
        assert written.wait(20)
        assert len(engine.export([("user", "ani")])["events"]) == 1
        assert engine.identity([("user", "ani")]).identifiers


MARKERS = (b"ani-the-marker", b"ani-marker@example.com", b"anis-own-coupon", b"phone-of-ani")


def found_on_disk(folder: Path) -> set[bytes]:
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return {marker for marker in MARKERS if any(marker in content for content in contents)}


@pytest.mark.parametrize("sealed", [False, True])
def test_a_forgotten_person_is_in_no_file(tmp_path: Path, sealed: bool) -> None:
    with Engine(tmp_path, OPEN) as engine:
        traits = {"email": "ani-marker@example.com"}
        identify = {"type": "identify", "messageId": "i", "userId": "ani-the-marker", "traits": traits}
        # A coupon that no other row has stands uncompressed in the column's dictionary.
        hers = order(1, "1", user="ani-the-marker", coupon="anis-own-coupon")
        send(engine, identify, {**hers, "anonymousId": "phone-of-ani"}, order(2, "2", user="budi"))
        if sealed:
            engine.settle()
        assert found_on_disk(tmp_path)
        receipt = engine.forget([("user", "ani-the-marker")])
        assert receipt.valid()
        assert receipt.events == 2
        assert not msgspec.structs.replace(receipt, events=1).valid()
        assert found_on_disk(tmp_path) == set()
        assert visible(engine, Purpose.ANALYTICS) == ["Order Completed"]
        again = send(engine, order(3, "3", user="ani-the-marker"))
        assert again[0].what == "accepted"
        assert len(engine.export([("user", "ani-the-marker")])["events"]) == 1


def test_every_passage_is_in_the_audit(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, order(1, "1", user="ani"))
        engine.answer(Question("timing"))
        engine.export([("user", "ani")])
        engine.forget([("user", "ani")])
        found = engine.audit()
        assert [row.verb for row in found.rows] == ["events", "export", "admit", "forget"]
        assert found.broken_at is None
        assert "ani" not in "".join(row.detail + row.why for row in found.rows)
