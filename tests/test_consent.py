"""Purposes: deny where nothing is said, and a refusal beats everything said beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detak.consent import ALL, CATEGORIES, NOTHING, Purpose, coverage, purpose, read_preferences, union
from detak.errors import SettingsError

E, A, P, M, R = Purpose
SOME = st.integers(0, int(ALL)).map(Purpose)


@pytest.mark.parametrize(
    ("preferences", "granted", "refused"),
    [
        ({}, NOTHING, NOTHING),
        ({"Analytics": True, " MARKETING ": False}, A, M),
        ({"analitik": True, "pemasaran": False, "personalisasi": True}, A | P, M),
        ({"ad_storage": True, "ad_user_data": False}, NOTHING, M),
        ({"advertising": False, "marketing": True}, NOTHING, M),
        ({"strictly necessary": False, "analytics": True}, A, NOTHING),
        ({"unheard of": True}, NOTHING, NOTHING),
    ],
)
def test_what_a_consent_tool_says(preferences: dict[str, bool], granted: Purpose, refused: Purpose) -> None:
    assert read_preferences(preferences) == (granted, refused)


def test_the_shops_own_names_are_read() -> None:
    assert read_preferences({"iklan": False}, {**CATEGORIES, "iklan": M}) == (NOTHING, M)


@pytest.mark.parametrize(
    ("said", "standing", "source", "covered"),
    [
        ((NOTHING, NOTHING), (NOTHING, NOTHING), NOTHING, NOTHING),
        ((NOTHING, NOTHING), (NOTHING, NOTHING), A, A),
        ((NOTHING, NOTHING), (NOTHING, A), A | M, M),
        ((NOTHING, NOTHING), (A, NOTHING), NOTHING, A),
        ((NOTHING, NOTHING), (A, A), A, NOTHING),
        ((A, NOTHING), (NOTHING, A), NOTHING, A),
        ((NOTHING, A), (A, NOTHING), A, NOTHING),
        ((M, A), (P, NOTHING), A | R, M | P | R),
    ],
)
def test_the_first_that_speaks_of_a_purpose_decides(
    said: tuple[Purpose, Purpose], standing: tuple[Purpose, Purpose], source: Purpose, covered: Purpose
) -> None:
    assert coverage(*said, *standing, source) == covered


@given(SOME, SOME, SOME, SOME, SOME)
def test_nothing_is_covered_that_nobody_allowed(
    yes: Purpose, no: Purpose, was: Purpose, wasnt: Purpose, by: Purpose
) -> None:
    covered = coverage(yes & ~no, no, was, wasnt, by)
    assert not covered & no
    assert not covered & wasnt & ~yes
    assert not covered & ~(yes | was | by)


def test_purposes_by_name() -> None:
    assert [purpose(f" {one.label.title()} ") for one in Purpose] == list(Purpose)
    assert union([A, M, A]) == A | M
    assert union([]) == NOTHING
    for name in ("", "nothing", "analytics|marketing", "__class__"):
        with pytest.raises(
            SettingsError, match="there are: essential, analytics, personalisation, marketing, research"
        ):
            purpose(name)
