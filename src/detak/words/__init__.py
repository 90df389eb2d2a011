"""Everything a person sees, in Indonesian and English: one TOML file a language, the same keys in each."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _texts(language: str) -> dict[str, str]:
    tree = tomllib.loads((files("detak.words") / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, texts in tree.items() for key, text in texts.items()}


def say(language: str, key: str, **values: object) -> str:
    """The text ``section.key`` in the language, with ``{values}`` filled in.

    Raises:
        KeyError: there is no such text; a test sees to it that both languages have the same.
    """
    text = _texts(language)[key]
    return text.format(**values) if values else text


def knows(language: str, key: str) -> bool:
    """Whether the language has a text for the key."""
    return key in _texts(language)


def keys(language: str) -> set[str]:
    """All keys of a language."""
    return set(_texts(language))
