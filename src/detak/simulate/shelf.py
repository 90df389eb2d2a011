"""Products, places and pages as prepared JSON, made once for a world."""

from dataclasses import dataclass

import pyarrow as pa

from detak.simulate.config import table
from detak.simulate.goods import Goods, categories
from detak.simulate.people import CONSENTS, DEVICES, agents
from detak.simulate.pieces import quoted, texts
from detak.simulate.places import places
from detak.simulate.world import World


@dataclass(frozen=True)
class Shelf:
    """Pieces of JSON, by index."""

    product: pa.Array
    """By product: all its keys, without braces."""
    short: pa.Array
    """By product: an object of what a list says of it."""
    open_line: pa.Array
    """By product: an object that lacks only the quantity and the brace at its end."""
    path: pa.Array
    """By product: of its page."""
    page: pa.Array
    """By category x page: the objects of a list."""
    query: pa.Array
    """By query: quoted."""
    category: pa.Array
    """By category: quoted."""
    category_path: pa.Array
    consent: pa.Array
    """By bits of consent: ``"consent":{...}``."""
    agent: pa.Array
    """By client program: ``,"userAgent":...,"device":{...}``."""
    place: pa.Array
    """By city: ``,"location":{...}``."""
    city: pa.Array
    """By city: ``,"province":...,"city":...`` of an order."""


def make_shelf(world: World) -> Shelf:
    """The prepared JSON of a world."""
    goods, kinds, where = world.goods, categories(), places()
    short = [f'{{"product_id":"{one}","price":{price}}}' for one, price in _priced(goods)]
    lists = [",".join([short[product] for product in page]) for kind in world.pages.tolist() for page in kind]
    slugs = [_slug(kind.name) for kind in kinds]
    described = _described(goods)
    return Shelf(
        product=texts(described),
        short=texts(short),
        open_line=texts([f"{{{one}" for one in described]),
        path=texts([f"/produk/{one}" for one in goods.product_id]),
        page=texts(lists),
        query=texts([quoted(one) for one in world.queries.text]),
        category=texts([quoted(kind.name) for kind in kinds]),
        category_path=texts([f"/kategori/{slug}" for slug in slugs]),
        consent=texts([consent_of(bits) for bits in range(1 << len(CONSENTS))]),
        agent=texts([_agent(*one) for one in zip(agents().name, agents().device.tolist(), strict=True)]),
        place=texts(
            [
                f',"location":{{"city":{quoted(city)},"region":{quoted(province)},"country":"Indonesia"}}'
                for city, province in zip(where.city, where.province, strict=True)
            ]
        ),
        city=texts(
            [
                f',"province":{quoted(province)},"city":{quoted(city)}'
                for city, province in zip(where.city, where.province, strict=True)
            ]
        ),
    )


def consent_of(bits: int) -> str:
    """What the consent tool puts into the context."""
    said = {name: bool(bits >> place & 1) for place, name in enumerate(CONSENTS)}
    return f'"consent":{{"categoryPreferences":{quoted(said)}}}'


def bot_agents() -> tuple[list[str], list[str]]:
    """Client programs of bots, as JSON of a context: those that say what they are, and those that do not."""
    found = table("agents")["bots"]
    honest, hidden = ([_agent(name, DEVICES.index("desktop")) for name in found[way]] for way in ("honest", "hidden"))
    return honest, hidden


def _agent(name: str, device: int) -> str:
    return f',"userAgent":{quoted(name)},"device":{{"type":"{DEVICES[device]}"}},"locale":"id-ID"'


def _priced(goods: Goods) -> list[tuple[str, int]]:
    return list(zip(goods.product_id, goods.price.tolist(), strict=True))


def _described(goods: Goods) -> list[str]:
    kinds = categories()
    rows = zip(
        goods.product_id, goods.name, goods.category.tolist(), goods.brand, goods.variant, goods.price.tolist(),
        strict=True,
    )  # fmt: skip
    return [
        f'"product_id":"{key}","name":{quoted(name)},"category":{quoted(kinds[kind].name)},"brand":{quoted(brand)}'
        f',"variant":{quoted(variant)},"price":{price}'
        for key, name, kind, brand, variant, price in rows
    ]


def _slug(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
