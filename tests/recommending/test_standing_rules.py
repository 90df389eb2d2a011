"""``rules.toml``, read while it changes."""

import os
from collections.abc import Callable
from datetime import datetime
from math import inf
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.recommend.goods import goods

from detak.clock import to_micros
from detak.decide.rulebook import Rulebook
from detak.errors import SettingsError
from detak.recommending.standing_rules import StandingRules


def written(path: Path, text: str, moment: int) -> None:
    """The file with this text, changed at a moment of its own."""
    path.write_text(text)
    os.utime(path, (moment, moment))


def test_no_file_is_the_built_in_rules(tmp_path: Path) -> None:
    assert StandingRules(tmp_path / "rules.toml").standing() == Rulebook()


def test_a_change_is_read_and_what_did_not_change_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    rules = StandingRules(path)
    written(path, "[offers]\nbudget = 5\n", 1)
    first = rules.standing()
    assert first.offers.budget == 5
    assert rules.standing() is first
    written(path, "[offers]\nbudget = 7\n", 2)
    assert rules.standing().offers.budget == 7
    path.unlink()
    assert rules.standing() == Rulebook()


def test_what_cannot_be_read_leaves_the_rules_before_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    rules = StandingRules(path)
    written(path, "[offers]\nbudget = 5\n", 1)
    rules.standing()
    written(path, "[offers]\nbudget = -1\n", 2)
    assert rules.standing().offers.budget == 5
    assert rules.trouble.startswith("rules.toml: offers.budget")
    with pytest.raises(SettingsError, match=r"offers\.budget"):
        rules.read()
    written(path, "[offers]\nbudget = 6\n", 3)
    assert (rules.standing().offers.budget, rules.trouble) == (6, "")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes("# Diskon f\u00fcr".encode("latin-1")), "rules.toml is not UTF-8 (byte 11)"),
        (lambda path: (path.unlink(), path.mkdir()), "rules.toml cannot be read: "),
    ],
)
def test_a_file_that_is_no_text_is_told_as_any_fault(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    path = tmp_path / "rules.toml"
    rules = StandingRules(path)
    written(path, "[offers]\nbudget = 5\n", 1)
    rules.standing()
    spoil(path)
    os.utime(path, (2, 2))
    assert rules.standing().offers.budget == 5
    assert rules.trouble.startswith(said)


def test_a_mark_before_the_text_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_bytes(b"\xef\xbb\xbf[offers]\nbudget = 5\n")
    assert StandingRules(path).read().offers.budget == 5


def test_it_is_known_whether_there_are_rules_before(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    rules = StandingRules(path)
    written(path, "[offers]\nbudget = -1\n", 1)
    assert (rules.standing(), rules.known) == (Rulebook(), False)
    written(path, "[offers]\nbudget = 1\n", 2)
    rules.standing()
    assert rules.known


def test_what_is_dated_holds_from_its_moment_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    zone = ZoneInfo("Asia/Jakarta")
    rules = StandingRules(path, zone)
    written(path, '[offers]\noffer = [{name = "h", discount = 0.1, from = 2026-11-11, until = 2026-11-11}]\n', 1)

    def at(day: int, hour: int) -> int:
        return to_micros(datetime(2026, 11, day, hour, tzinfo=zone))

    before, within, later = (rules.standing(one) for one in (at(10, 23), at(11, 0), at(12, 0)))
    assert [len(one.offers.offer) for one in (before, within, later)] == [0, 1, 0]
    assert [len(one.resting) for one in (before, within, later)] == [1, 0, 1]
    assert rules.standing(at(12, 5)) is rules.standing(at(30, 0)), "nothing changes meanwhile"
    assert [rules.changes(one) for one in (at(10, 0), at(11, 0), at(12, 0))] == [at(11, 0), at(12, 0), inf]
    written(path, "", 2)
    assert rules.standing(at(11, 0)) == Rulebook()


def test_a_rule_that_is_over_is_not_said_to_be_of_no_product_and_the_others_keep_their_places(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    rules = StandingRules(path)
    pins = '[{product = "old", at = 1, until = 2001-01-01}, {product = "gone", at = 2}]'
    written(path, f"[placements.home.rules]\npin = {pins}\n", 1)
    rules.hold_to(goods(("a", "Fashion > Gamis", "Sekar")), "IDR")
    assert rules.idle == ("placements.home.rules.pin[1]",)


def test_rules_of_no_product_are_told_once_and_no_longer_than_they_are_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "rules.toml"
    rules, items = StandingRules(path), goods(("a", "Fashion > Gamis", "Sekar"))
    written(path, '[placements.home.rules]\npin = [{product = "gone", at = 1}]\nhide = [{brand = "Sekar"}]\n', 1)
    for _ in range(2):
        rules.hold_to(items, "IDR")
    assert rules.idle == ("placements.home.rules.pin[0]",)
    assert len(caplog.records) == 1
    assert "pin[0] speaks of no product" in caplog.text
    written(path, '[placements.home.rules]\npin = [{product = "p0", at = 1}]\n', 2)
    rules.hold_to(items, "IDR")
    assert rules.idle == ()
