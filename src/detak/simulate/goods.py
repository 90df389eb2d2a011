"""The goods of the shop: names by a grammar of brand, noun, style and variant; prices; tastes they speak to; stock."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from detak.simulate.calendar import intensity
from detak.simulate.config import Config, Flags, Floats, Ints, stream, table

LATENT = 6
"""Dimensions of taste."""
_BIG = 100_000  # Rupiah; from here on prices are rounded to thousands


@dataclass(frozen=True)
class Category:
    """What holds for all goods of a kind."""

    name: str
    price: float
    spread: float
    share: float
    doubt: float
    refill: int
    brands: tuple[str, ...]
    nouns: tuple[str, ...]
    styles: tuple[str, ...]
    variants: tuple[str, ...]
    words: tuple[str, ...]


@cache
def categories() -> tuple[Category, ...]:
    """All kinds of goods."""
    read: dict[str, dict[str, Any]] = table("goods")["category"]
    lists = ("brands", "nouns", "styles", "variants", "words")
    return tuple(Category(name, **{**one, **{key: tuple(one[key]) for key in lists}}) for name, one in read.items())


@dataclass(frozen=True)
class Goods:
    """Arrays by product, those of a category following one another."""

    product_id: tuple[str, ...]
    name: tuple[str, ...]
    brand: tuple[str, ...]
    variant: tuple[str, ...]
    category: Ints
    first: Ints
    """By category: where its products begin; one more at the end."""
    price: Ints
    """Rupiah."""
    appeal: Floats
    """How much everyone likes it."""
    popularity: Floats
    """How often it is shown in lists: sums to 1 in each category."""
    latent: Floats
    """Products x LATENT: the tastes it speaks to."""
    rival: Floats
    """What the same thing costs elsewhere, as a part of the price here."""
    shelf: Ints
    """The shop's own order: what stands first on its home page."""
    gone: Flags
    """Days x products: out of stock."""
    stock: Ints
    """Pieces on the last day."""


def make_goods(config: Config) -> Goods:
    """The catalogue of a world."""
    rng = stream(config, "goods")
    kinds = categories()
    n = max(config.products, 2 * len(kinds))
    share = np.array([kind.share for kind in kinds])
    sizes = np.maximum(2, np.floor(n * share / share.sum()).astype(np.int64))
    category = np.repeat(np.arange(len(kinds)), sizes)
    n = len(category)
    names = [_name(rng, kinds[kind]) for kind in category.tolist()]
    base = np.log([kinds[kind].price for kind in category.tolist()])
    spread = np.array([kinds[kind].spread for kind in category.tolist()])
    first = np.concatenate([[0], np.cumsum(sizes)])
    weight = rng.pareto(1.4, n) + 0.3
    popularity = weight / np.repeat(np.add.reduceat(weight, first[:-1]), sizes)
    gone, stock = _inventory(config, popularity * (share / share.sum())[category])
    return Goods(
        tuple(f"P{number:06d}" for number in range(n)),
        tuple(name[0] for name in names),
        tuple(name[1] for name in names),
        tuple(name[2] for name in names),
        category,
        first,
        _rounded(np.exp(base + spread * rng.standard_normal(n)), rng),
        0.5 * rng.standard_normal(n),
        popularity,
        rng.standard_normal((n, LATENT)),
        np.clip(1.05 + 0.12 * rng.standard_normal(n), 0.6, 1.6),
        np.argsort(-popularity * rng.lognormal(0, 0.6, n), kind="stable"),
        gone,
        stock,
    )


def _name(rng: np.random.Generator, kind: Category) -> tuple[str, str, str]:
    """Name, brand and variant; some sellers shout, some add what people search for."""
    brand, noun, style, variant = (
        str(words[rng.integers(len(words))]) for words in (kind.brands, kind.nouns, kind.styles, kind.variants)
    )
    parts = [noun, style] if rng.random() < 0.55 else [noun]
    parts = [*parts, brand] if rng.random() < 0.3 else [brand, *parts]
    name = " ".join([*parts, variant])
    if rng.random() < 0.1:
        name = f"{name} {('BISA COD', 'READY STOCK', 'TERLARIS', 'Original')[rng.integers(4)]}"
    return (name.upper() if rng.random() < 0.06 else name), brand, variant


def _rounded(prices: Floats, rng: np.random.Generator) -> Ints:
    """Prices as shops write them: 24.900, 149.000, 1.250.000."""
    small = np.round(prices / 1_000) * 1_000
    small = np.maximum(small, 3_000) - np.where(rng.random(len(prices)) < 0.5, 100, 0)
    large = np.round(prices / 10_000) * 10_000 - np.where(rng.random(len(prices)) < 0.5, 1_000, 0)
    return np.where(prices < _BIG, small, large).astype(np.int64)


def _inventory(config: Config, demand: Floats) -> tuple[Flags, Ints]:
    """Days x products out of stock, and what is left: each product sells, runs out, waits, and is filled up again."""
    rng = stream(config, "stock")
    n = len(demand)
    daily = np.maximum(demand * config.shoppers * 0.012, 1e-4)
    order = np.maximum(3, np.ceil(daily * rng.uniform(14, 60, n)))
    stock = np.ceil(order * rng.random(n))
    wait = np.zeros(n)
    gone = np.zeros((config.days, n), dtype=np.bool_)
    for day in range(config.days):
        stock = np.maximum(0, stock - rng.poisson(daily * intensity(config.day(day))))
        empty = (stock == 0) & (wait == 0)
        wait = np.where(empty, rng.integers(1, 8, n), wait)
        gone[day] = stock == 0
        arrives = wait == 1
        wait = np.maximum(0, wait - 1)
        stock = np.where(arrives, order, stock)
    return gone, stock.astype(np.int64)
