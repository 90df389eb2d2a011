"""The words of a product's name, as far as they tell what it is: Indonesian with English mixed in, as sellers write."""

import re
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_ENDINGS: Final = ("nya", "kah", "lah")
_SHORTEST: Final = 4  # letters that must be left of a word when an ending goes
# What sellers add so that it is found or trusted; it says nothing of the product.
_SAID = """
ready stock stok bisa cod bayar ditempat original ori termurah murah terlaris laris promo diskon sale best seller gratis
ongkir free new baru grosir ecer import premium dan untuk dengan yang the for and with of
"""
_NOISE: Final = frozenset(_SAID.split())


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name in order, lower case: ``Kupu-kupu`` and ``kupu2`` are ``kupu``, ``bajunya`` is ``baju``.

    Compounds are told apart (``anti-slip``: two words), what only sells is left out.
    """
    found = [_bare(part) for word in _WORD.findall(name.casefold()) for part in _parts(word)]
    return tuple(word for word in found if word and word not in _NOISE)


def _parts(word: str) -> list[str]:
    """A compound's parts; a word said twice is said once."""
    return list(dict.fromkeys(re.split(r"[-'’]", word)))


@lru_cache(maxsize=100_000)
def _bare(word: str) -> str:
    """The word without what hangs on it."""
    if word.endswith("2") and word[:-1].isalpha() and len(word) > _SHORTEST:
        word = word[:-1]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            word = word.removesuffix(ending)
    return word
