"""The words that people see."""

import string
import tomllib
from importlib.resources import files

import pytest

from detak.words import LANGUAGES, keys, knows, say


def _texts(language: str) -> dict[str, str]:
    return {key: say(language, key) for key in keys(language)}


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts(language: str) -> None:
    assert keys(language) == keys("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_fills_in_the_same_values(language: str) -> None:
    english = _texts("en")
    assert {key: _fields(text) for key, text in _texts(language).items()} == {
        key: _fields(text) for key, text in english.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    assert all(text.strip() for text in _texts(language).values())


def test_a_text_that_is_not_there_is_an_error() -> None:
    assert not knows("en", "report.nothing_of_the_kind")
    with pytest.raises(KeyError):
        say("en", "report.nothing_of_the_kind")


def test_values_are_filled_in() -> None:
    raw = tomllib.loads((files("detak.words") / "en" / "reports.toml").read_text(encoding="utf-8"))
    expected = raw["cancellations"]["none"].replace("{orders}", "7")
    assert say("en", "cancellations.none", orders="7") == expected
