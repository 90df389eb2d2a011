"""Who is one person: united with evidence, taken apart again, and never by accident."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.conftest import send
from tests.shop import track

from detak.cli import main
from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.errors import DeniedError, UsageError
from detak.questions import Consent
from detak.settings import Settings, SourceSettings

COUNTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))
OPEN = Settings(sources={"web": COUNTED}, min_group=1, shared_ids=("kasir-*",), most_devices=2)
ANI, PHONE = ("user", "ani"), ("anonymous", "phone")


def people(engine: Engine) -> dict[str, int]:
    """Of each event the person that analytics sees behind it, numbered as they come."""
    with engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
        found = granted.run(granted.facts.events.select("event", "subject", "received").order_by("event")).to_pylist()
    numbers = {subject: number for number, subject in enumerate(dict.fromkeys(one["subject"] for one in found))}
    return {one["event"]: numbers[one["subject"]] for one in found}


def seen(name: str, user: str | None = None, phone: str | None = None) -> dict[str, object]:
    return track(name, f"m-{name}", **({"user": user} if user else {}), **({"anonymousId": phone} if phone else {}))


def met(engine: Engine) -> int:
    """A device that becomes its user's; the number of the merge."""
    send(engine, seen("A", phone="phone"), seen("B", "ani", "phone"), seen("C", "ani"), seen("D", "budi"))
    (merge,) = engine.identity([ANI]).merges
    return merge.number


@pytest.mark.parametrize("sealed", [False, True])
def test_what_was_done_before_the_login_becomes_the_users(tmp_path: Path, sealed: bool) -> None:
    with Engine(tmp_path, OPEN) as engine:
        number = met(engine)
        if sealed:
            engine.settle()
        assert people(engine) == {"A": 0, "B": 0, "C": 0, "D": 1}
        engine.part(number)
        assert people(engine) == {"A": 0, "B": 1, "C": 1, "D": 2}
        send(engine, seen("E", "ani", "phone"), seen("F", phone="phone"))
        assert people(engine) == {"A": 0, "B": 1, "C": 1, "D": 2, "E": 1, "F": 0}
        with pytest.raises(DeniedError):
            engine.part(number)
    with Engine(tmp_path, OPEN) as engine:
        assert people(engine) == {"A": 0, "B": 1, "C": 1, "D": 2, "E": 1, "F": 0}


def test_two_users_are_united_by_hand_and_come_apart_as_they_were(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        met(engine)
        engine.unite([ANI], [("user", "budi")], "same telephone")
        assert set(people(engine).values()) == {0}
        with pytest.raises(UsageError):
            engine.unite([ANI], [("user", "budi")], "again")
        by_hand = next(one for one in engine.identity([ANI]).merges if "same telephone" in one.evidence)
        engine.part(by_hand.number)
        assert people(engine) == {"A": 0, "B": 0, "C": 0, "D": 1}


def test_a_word_and_a_wish_reach_all_that_is_one_person(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        met(engine)
        engine.consent(Consent(user_id="ani", purposes={"analytics": False}), "web")
        assert people(engine) == {"D": 0}
        copy = engine.export([PHONE])
        assert {one["value"] for one in copy["identifiers"]} == {"ani", "phone"}
        assert copy["united"][0]["evidence"].startswith("web:")
        engine.forget([PHONE])
        with pytest.raises(DeniedError):
            engine.identity([ANI])
        assert people(engine) == {"D": 0}


def test_a_device_is_its_first_users(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, seen("A", phone="tablet"), seen("B", "ani", "tablet"), seen("C", "budi", "tablet"))
        assert people(engine) == {"A": 0, "B": 0, "C": 1}
        assert engine.identity([("user", "budi")]).merges == []


def test_ids_of_many_unite_nobody(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        send(engine, seen("A", phone="till"), seen("B", "kasir-7", "till"))
        assert people(engine) == {"A": 0, "B": 1}
        for number in range(4):
            send(engine, seen(f"P{number}", phone=f"d{number}"), seen(f"Q{number}", "helper", f"d{number}"))
        assert len(engine.identity([("user", "helper")]).merges) == OPEN.most_devices


def test_the_command_shows_unites_and_parts(tmp_path: Path) -> None:
    with Engine(tmp_path, OPEN) as engine:
        met(engine)

    def run(*words: str) -> str:
        done = CliRunner().invoke(main, ["identity", *words, "--store", str(tmp_path)])
        assert done.exit_code == 0, done.output
        return done.output

    assert "merge 1: anonymous phone is user ani; web:" in run("show", "--user-id", "ani", "--lang", "en")
    assert "penyatuan 1: anonymous phone adalah user ani" in run("show", "--user-id", "ani")
    run("unite", "--user-id", "ani", "--with-user-id", "budi", "--why", "said so")
    assert "user       budi" in run("show", "--user-id", "ani")
    run("part", "3")
    shown = run("show", "--user-id", "ani", "--lang", "en")
    assert "taken back" in shown
    assert "user       budi" not in shown.split("merge")[0]
    missing = CliRunner().invoke(main, ["identity", "part", "99", "--store", str(tmp_path)])
    assert missing.exit_code == 2
    assert "there is no merge 99 that stands" in missing.output
