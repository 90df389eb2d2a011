"""Alike by what they are: words of the name, category, brand, price. Knows a product before anybody has touched it.

Words weigh by how few products have them (TF-IDF; Spärck Jones 1972), compared by the cosine.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detak.recommend.base import Floats, History, Interactions, Ints32, Scored, Situation
from detak.recommend.content import Items, items_of
from detak.recommend.name_words import name_words
from detak.recommend.neighbours import Neighbours

_SPACE: Final = 1 << 18  # numbers that words are hashed to: a word nobody had before needs no refit
_ROWS: Final = 256
_WORDS, _KIND, _BRAND, _PRICE = 0.55, 0.25, 0.1, 0.1  # what each counts of a likeness; they add up to 1
_STEPS: Final = 4  # of price bands, to a doubling of the price


@dataclass(frozen=True)
class Likeness:
    """The model: the neighbours of each product, ``keep`` at most, and how rare each word is."""

    neighbours: Neighbours
    rarity: Floats
    keep: int
    common: int

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:
        """See ``Model``."""
        return self.neighbours.recommend(history, k, exclude, situation)

    def scores(self, histories: Interactions) -> Floats:
        """See ``Scorer``."""
        return self.neighbours.scores(histories)

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """See ``Model``."""
        return {**self.neighbours.arrays(), "rarity": self.rarity}

    def grown(self, items: Items) -> "Likeness":
        """The model that also knows the products that follow those it was fitted on; nothing is fitted again."""
        old = len(self.neighbours.starts) - 1
        if len(items) <= old:
            return self
        vectors = vectors_of(items, self.rarity)
        pairs = list(_pairs(vectors, items, range(old, len(items)), self.keep, self.common))
        fresh = sparse.vstack(pairs).tocoo()
        row, column = np.concatenate([fresh.row + old, fresh.col]), np.concatenate([fresh.col, fresh.row + old])
        links = (np.concatenate([fresh.data, fresh.data]), (row, column))
        made = self.neighbours.joined(links, len(items), self.keep)
        return replace(self, neighbours=made)


@dataclass(frozen=True)
class Similar:
    """Likeness: 0 to 1."""

    recommender: ClassVar[str] = "similar"

    keep: int = 60
    common: int = 3_000
    """A word of more products than this finds no neighbours: it bounds the work, and says little."""
    depth: int = 8
    decay: float = 0.7

    def fit(self, data: Interactions) -> Likeness:
        """See ``Recommender``. People's touches are not looked at. Of products of which nothing is known it says
        nothing."""
        content = data.content or items_of({}, data.items, "")
        rarity = rarity_of(content)
        vectors = vectors_of(content, rarity)
        n = len(content)
        pairs = list(_pairs(vectors, content, range(n), self.keep, self.common))
        matrix = sparse.csr_array(sparse.vstack(pairs)) if pairs else sparse.csr_array((n, n), dtype=np.float32)
        return Likeness(Neighbours.of(matrix, self.keep, self.depth, self.decay), rarity, self.keep, self.common)

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Likeness:
        """See ``Recommender``."""
        return Likeness(Neighbours.load(arrays, self.depth, self.decay), arrays["rarity"], self.keep, self.common)


def rarity_of(items: Items) -> Floats:
    """By hashed word its inverse document frequency, smoothed; of a word nobody has, the highest there is."""
    present = _counts(items)
    frequency = np.bincount(present.indices, minlength=_SPACE)
    return (np.log((1 + len(items)) / (1 + frequency)) + 1).astype(np.float32)


def vectors_of(items: Items, rarity: Floats) -> sparse.csr_array:
    """Products x hashed words, each row of length 1, or 0 where nothing is known."""
    vectors = _counts(items).astype(np.float32)
    vectors.data *= rarity[vectors.indices]
    length = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).reshape(-1))
    scale = np.divide(1, length, out=np.zeros(len(length), np.float32), where=length > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ vectors)


def _counts(items: Items) -> sparse.csr_array:
    """Products x hashed words: 1 where the product has it. Brand and price band, each within its category, are words
    too, so that products with odd names are found."""
    rows = [[crc32(word.encode()) % _SPACE for word in dict.fromkeys(_terms(items, at))] for at in range(len(items))]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    column = np.array([one for row in rows for one in row], np.int32)
    found = sparse.csr_array((np.ones(len(column), np.float32), column, starts), shape=(len(items), _SPACE))
    found.sum_duplicates()
    found.data[:] = 1
    return found


def _terms(items: Items, at: int) -> list[str]:
    path, brand, price = items.category[at], items.brand[at], int(items.price[at])
    kind = path[-1].casefold() if path else ""
    terms = list(name_words(items.name[at]))
    if brand:
        terms.append(f"brand:{brand.casefold()}|{kind}")
    if kind:
        terms.append(f"price:{round(np.log2(price) * _STEPS) if price > 0 else ''}|{kind}")
    return terms


def _pairs(vectors: sparse.csr_array, items: Items, of: range, keep: int, common: int) -> Iterator[sparse.csr_array]:
    """For products ``of``, some rows at a time: rows x products, the likeness of the ``keep`` most alike or more."""
    frequency = np.bincount(vectors.indices, minlength=vectors.shape[1])
    telling = vectors.copy()
    telling.data[frequency[telling.indices] > common] = 0
    telling.eliminate_zeros()
    columns = telling.T.tocsr()
    for start in range(of.start, of.stop, _ROWS):
        rows = np.arange(start, min(start + _ROWS, of.stop))
        found = sparse.csr_array(telling[rows] @ columns)
        row, column = _nearest(found, 2 * keep, rows)
        likeness = _likeness(vectors, items, rows[row], column)
        yield sparse.csr_array((likeness, (row, column)), shape=(len(rows), vectors.shape[0]))


def _nearest(found: sparse.csr_array, most: int, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], Ints32]:
    """Of each row the columns of the ``most`` largest values, itself left out."""
    row, column = [], []
    for at, own in enumerate(rows.tolist()):
        part = slice(found.indptr[at], found.indptr[at + 1])
        near, value = found.indices[part], found.data[part]
        if len(value) > most + 1:
            order = (
                np.lexsort((near, -value))[: most + 1]
                if len(value) < 5_000
                else np.argpartition(-value, most)[: most + 1]
            )
            near = near[order]
        near = near[near != own]
        row.append(np.full(len(near), at, np.int64))
        column.append(near.astype(np.int32))
    return np.concatenate(row), np.concatenate(column)


def _likeness(vectors: sparse.csr_array, items: Items, a: NDArray[np.int64], b: Ints32) -> Floats:
    """How alike the products of each pair are: 0 to 1. What is not known of one of them counts as not alike."""
    words = np.asarray(vectors[a].multiply(vectors[b]).sum(axis=1)).reshape(-1)
    kind = (items.kinds[a] == items.kinds[b]) & (items.kinds[a] >= 0)
    brand = (items.brands[a] == items.brands[b]) & (items.brands[a] >= 0)
    known = (items.price[a] > 0) & (items.price[b] > 0)
    apart = np.abs(np.log2(np.maximum(items.price[a], 1) / np.maximum(items.price[b], 1)))
    price = np.where(known, np.exp2(-apart), 0.0)
    return np.asarray(_WORDS * words + _KIND * kind + _BRAND * brand + _PRICE * price, np.float32)
