"""Everything a person sees, in Indonesian and English: a folder a language, a file a room, the same keys in each."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("id", "en")


@cache
def _texts(language: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for room in sorted((files("detak.words") / language).iterdir(), key=lambda one: one.name):
        for section, inner in tomllib.loads(room.read_text(encoding="utf-8")).items():
            told = {f"{section}.{key}": text for key, text in inner.items()}
            if twice := texts.keys() & told.keys():
                raise ValueError(f"{language}/{room.name}: {min(twice)} is said in another file as well")
            texts |= told
    return texts


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
