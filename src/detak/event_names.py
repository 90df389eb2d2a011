"""What an event's name means that is none of the plan's: ``order_completed``, ``Completed Order``, ``Order Compelted``.

Names are compared by their words, whatever their order, case, separators and endings.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ENDINGS: Final = ("ed", "ing", "es", "s", "e")
_CLOSE: Final = 0.92  # a letter or two wrong in a whole name
_LONGEST: Final = 128


class Names:
    """The names of a plan, with the other names that clients are seen to use for them."""

    def __init__(self, aliases: Mapping[str, Iterable[str]]) -> None:
        self._by_words = {_words(alias): name for name, others in aliases.items() for alias in others}
        self._by_words |= {_words(name): name for name in aliases}

    def meant(self, name: str) -> str | None:
        """The name of the plan that is meant; None where it is none of them."""
        words = _words(name[:_LONGEST])
        if found := self._by_words.get(words):
            return found
        close = get_close_matches(words, self._by_words, n=1, cutoff=_CLOSE) if len(words) > 9 else []
        return self._by_words[close[0]] if close else None


def _words(name: str) -> str:
    return " ".join(sorted(_stem(word.lower()) for word in _WORD.findall(name)))


def _stem(word: str) -> str:
    """The word without its ending, where three letters are left of it."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sd":  # cancelled, canceled
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word  # deny, denied
