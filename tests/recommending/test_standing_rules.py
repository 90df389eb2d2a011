"""``rules.toml``, read while it changes."""

import os
from pathlib import Path

import pytest

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
