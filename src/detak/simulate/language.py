"""What people type into the search box: a category's words, with wishes, everyday spelling and slips of the thumb."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detak.simulate.config import Config, Floats, Ints, stream, table
from detak.simulate.goods import categories

PER_CATEGORY: Final = 400
"""Different queries of a category."""
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS: Final = {
    key: row[max(0, place - 1) : place] + row[place + 1 : place + 2] for row in _KEYS for place, key in enumerate(row)
}


@dataclass(frozen=True)
class Queries:
    """Arrays by query, those of a category following one another, ``PER_CATEGORY`` of each."""

    text: tuple[str, ...]
    meant: tuple[str, ...]
    """The category's word behind it."""
    results: Ints
    share: Floats
    """How often it is typed, among all of its category."""


def make_queries(config: Config) -> Queries:
    """The queries of a world."""
    rng = stream(config, "language")
    rows = [query(rng, kind.words) for kind in categories() for _ in range(PER_CATEGORY)]
    slips = np.array([row[2] for row in rows])
    n = len(rows)
    found = np.maximum(1, rng.lognormal(3.4, 1.0, n)).astype(np.int64)
    nothing = rng.random(n) < np.choose(np.minimum(slips, 2), [0.015, 0.15, 0.6])
    share = 1.0 / (1.0 + np.arange(n) % PER_CATEGORY) ** 0.8 * np.where(slips > 0, 0.5, 1.0)
    total = share.reshape(-1, PER_CATEGORY).sum(axis=1)
    return Queries(
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        np.where(nothing, 0, found),
        share / np.repeat(total, PER_CATEGORY),
    )


def query(rng: np.random.Generator, words: tuple[str, ...]) -> tuple[str, str, int]:
    """What is typed, the word that is meant, and the number of slips in it."""
    meant = str(words[rng.integers(len(words))])
    typed = " ".join(_everyday(rng, word) for word in meant.split())
    wishes = table("language")["wishes"]
    if rng.random() < 0.45:
        typed = f"{typed} {_one(rng, wishes['after'])}"
    if rng.random() < 0.08:
        typed = f"{_one(rng, wishes['before'])} {typed}"
    slips = int(rng.choice(3, p=[0.8, 0.17, 0.03]))
    for _ in range(slips):
        typed = slip(rng, typed)
    return (typed.upper() if rng.random() < 0.02 else typed), meant, slips


def slip(rng: np.random.Generator, text: str) -> str:
    """The text with one letter lost, doubled, swapped with the next, or hit beside."""
    if len(text) < 4:
        return text
    at = int(rng.integers(1, len(text) - 1))
    way = rng.integers(4)
    if way == 0:
        return text[:at] + text[at + 1 :]
    if way == 1:
        return text[: at + 1] + text[at:]
    if way == 2:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    beside = _NEIGHBOURS.get(text[at].lower(), text[at])
    return text[:at] + beside[int(rng.integers(len(beside)))] + text[at + 1 :]


def _everyday(rng: np.random.Generator, word: str) -> str:
    others = table("language")["slang"].get(word)
    return _one(rng, others) if others and rng.random() < 0.45 else word


def _one(rng: np.random.Generator, words: list[str]) -> str:
    return str(words[int(rng.integers(len(words)))])
