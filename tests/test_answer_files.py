"""Answers that took long lie on the disk: given again after a restart, unless somebody in them may not be any more."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detak import answer_files
from detak.answer_files import AnswerFiles, Told
from detak.engine import Engine
from detak.insights.base import Report
from detak.insights.sessions_report import SessionsReport
from detak.questions import Consent, Question, asked, report_names
from detak.told import Given
from detak.trust.passages import Standpoint
from detak.understanding import _kind
from tests.conftest import send
from tests.shop import track
from tests.trust.test_gate import OPEN

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def point(refusing: dict[int, int] | None = None, since: datetime | None = None) -> Standpoint:
    return Standpoint(0, refusing or {}, since, (), others=True)


def view(who: str) -> dict[str, Any]:
    return {**track("Product Viewed", who, user=who), "timestamp": "2026-10-01T10:00:00Z"}


@contextmanager
def opened(folder: Path, *, facts: int = 0) -> Iterator[Engine]:
    """An engine whose answers all count as slow, of a store that counts as large."""
    with pytest.MonkeyPatch.context() as patch, Engine(folder, OPEN) as engine:
        patch.setattr("detak.trust.gate.WORTH", facts)
        engine.understanding.given = Given(slow=0, files=AnswerFiles(folder / "answers", engine.gate.resumed))
        yield engine


def people(engine: Engine) -> int:
    report = engine.report(Question("sessions"))
    assert isinstance(report, SessionsReport)
    return report.people


def refuse(engine: Engine, who: str) -> None:
    engine.consent(Consent(user_id=who, purposes={"analytics": False}), "web")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ani and Budi were there, who refuses stands on record, the report was told; then Citra came, and it ended."""
    with opened(tmp_path) as engine:
        send(engine, view("ani"), view("budi"), view("eka"))
        refuse(engine, "eka")
        assert people(engine) == 2
        send(engine, view("citra"))
    return tmp_path


def test_an_answer_is_given_again_after_a_restart_and_says_of_when_it_is(folder: Path) -> None:
    before = datetime.now(UTC)
    with opened(folder) as engine:
        assert engine.understanding.told(Question("sessions")).at < before
        assert people(engine) == 2
        send(engine, view("dewi"))
        assert people(engine) == 2


def test_only_its_owner_can_read_it(folder: Path) -> None:
    (file,) = (folder / "answers").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_who_refuses_after_the_restart_is_in_no_answer(folder: Path) -> None:
    with opened(folder) as engine:
        refuse(engine, "ani")
        assert people(engine) == 2  # Budi, and Citra who came since
    with opened(folder) as engine:
        refuse(engine, "nobody who was ever there")
        send(engine, view("dewi"))
        assert people(engine) == 2


def test_who_refused_before_a_crash_is_in_no_answer_after_it(folder: Path) -> None:
    """The word is in the log alone when the process dies: it is heard before anything is given."""
    kept = {file: file.read_bytes() for file in (folder / "answers").iterdir()}
    with opened(folder) as engine:
        refuse(engine, "ani")
    for file, content in kept.items():
        file.write_bytes(content)
    with opened(folder) as engine:
        assert people(engine) == 2  # without Ani, with Citra
        refuse(engine, "budi")
        assert people(engine) == 1


def test_nothing_of_it_stays_once_somebody_is_forgotten(folder: Path) -> None:
    with opened(folder) as engine:
        assert list((folder / "answers").iterdir())
        engine.forget([("user", "ani")])
        assert list((folder / "answers").iterdir()) == []
        assert people(engine) == 2
    with opened(folder) as engine:
        assert people(engine) == 2


def test_an_answer_that_was_being_made_meanwhile_is_not_written(folder: Path) -> None:
    with opened(folder) as engine:
        told = engine.understanding.told(Question("sessions"))
        engine.forget([("user", "ani")])
        engine.understanding.given.put(
            "late", told, lambda then: engine.gate.holds(asked(Question("sessions"))[0].purpose, then)
        )
        assert list((folder / "answers").iterdir()) == []


@pytest.mark.parametrize("name", report_names())
def test_every_kind_of_report_can_be_read_again(name: str) -> None:
    msgspec.msgpack.Decoder(_kind(type(asked(Question(name))[0])))


def test_an_answer_is_read_as_it_was_written(folder: Path) -> None:
    with opened(folder) as engine:
        report = engine.report(Question("sessions"))
    files = AnswerFiles(folder / "files", point)
    for since, refusing in ((None, {}), (NOW, {3: 4, -5: 2**62})):
        files.write("a", Told(report, NOW, 9.5, point(refusing, since)), lambda _: True)
        read = files.read("a", SessionsReport)
        assert read == Told(report, NOW, 9.5, point(refusing, since))


def test_what_cannot_be_read_is_not_there(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path, point)
    assert files.read("a", Report) is None
    files.write("a", Told(Report(), NOW, 1.0, point()), lambda _: True)
    assert files.read("a", Report) is not None
    assert files.read("a", SessionsReport) is None
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged in (whole[:-3], msgspec.msgpack.encode([*msgspec.msgpack.decode(whole)[:4], b"odd", b"\x80"])):
        file.write_bytes(damaged)
        assert files.read("a", Report) is None


def test_nothing_is_written_while_they_are_closed_or_where_it_holds_no_more(tmp_path: Path) -> None:
    files, told = AnswerFiles(tmp_path, point), Told(Report(), NOW, 1.0, point())
    with files.closed():
        files.write("a", told, lambda _: True)
    files.write("b", told, lambda _: False)
    files.write("c", told._replace(standpoint=None), lambda _: True)
    assert list(tmp_path.iterdir()) == []


def test_of_many_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_files, "_MOST", 3)
    files = AnswerFiles(tmp_path, point)
    for at in range(6):
        files.write(str(at), Told(Report(), NOW, 1.0, point()), lambda _: True)
        os.utime(max(tmp_path.iterdir(), key=lambda one: one.stat().st_mtime_ns), (at, time.time() - 600 + at))
    assert [files.read(str(at), Report) is not None for at in range(6)] == [False] * 3 + [True] * 3


def test_none_lies_there_for_longer_than_a_week_though_nothing_is_written(folder: Path) -> None:
    (file,) = (folder / "answers").iterdir()
    week = time.time() - 7 * 86_400
    for made, there in ((week + 3600, [file]), (week - 3600, [])):
        os.utime(file, (made, made))
        Given(files=AnswerFiles(folder / "answers", lambda *_: point())).thin_out()
        assert list((folder / "answers").iterdir()) == there
    with opened(folder) as engine:
        assert people(engine) == 3
        (file,) = (folder / "answers").iterdir()
        os.utime(file, (week - 3600, week - 3600))
        engine.understanding.renew(0)
        assert file not in (folder / "answers").iterdir()


def test_a_disk_that_takes_nothing_keeps_no_report_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("read-only")

    for name in ("write_secret", "remove_for_good"):
        monkeypatch.setattr(answer_files, name, refuse)
    AnswerFiles(tmp_path, point).write("a", Told(Report(), NOW, 1.0, point()), lambda _: True)
    assert ["not kept" in one or "cannot be deleted" in one for one in caplog.messages] == [True, True]
