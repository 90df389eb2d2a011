"""What comes after an order, days later: cancellations and refunds with their reasons, reviews; and posts elsewhere."""

import random
from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from detak.simulate.config import DAY_MS, Ints, stream
from detak.simulate.goods import categories
from detak.simulate.people import PAYMENTS
from detak.simulate.pieces import join, number, pick, quoted, texts
from detak.simulate.places import places
from detak.simulate.scene import Scene, cart_ids
from detak.simulate.shelf import Shelf
from detak.simulate.timeline import Draft, Messages, Senders, compose
from detak.simulate.voice import ASPECTS, Text, post, review
from detak.simulate.world import World

CANCELLATIONS: Final = (
    (0.20, "Dibatalkan oleh Pembeli. Alasan: Lainnya/ berubah pikiran"),
    (0.18, "Dibatalkan oleh Pembeli. Alasan: Ubah Pesanan yang Ada"),
    (0.15, "Dibatalkan oleh Pembeli. Alasan: Perlu mengubah alamat pengiriman"),
    (0.10, "Dibatalkan oleh Pembeli. Alasan: Menemukan yang lebih murah"),
    (0.06, "Dibatalkan oleh Penjual. Alasan: Produk habis"),
    (0.18, "Dibatalkan secara otomatis oleh sistem. Alasan: Pengiriman gagal"),
    (0.13, "Dibatalkan secara otomatis oleh sistem. Alasan: Penjual gagal mengirimkan pesanan tepat waktu"),
)
UNPAID: Final = "Dibatalkan secara otomatis oleh sistem. Alasan: Pesanan belum dibayar"
_UNPAID_BY: Final = np.array([0.0, 0.01, 0.01, 0.01, 0.09, 0.09, 0.01, 0.01])  # by payment
_REVIEWED: Final = 0.22
_POSTED: Final = 0.04
_REFUNDED: Final = 0.012


class Orders(NamedTuple):
    """Arrays by order."""

    person: Ints
    time: Ints
    product: Ints
    revenue: Ints
    payment: Ints
    number: pa.Array
    """What the ids of the order end with."""


def orders_of(scene: Scene) -> Orders:
    """The orders of a block of visits."""
    it = scene.checkout
    at = np.flatnonzero(it.outcome.bought)
    ids = cart_ids(scene.unit, len(it.visit)).take(pa.array(at))
    return Orders(
        it.carts.person[at], it.carts.start[at] + 600_000, it.carts.main[at], it.revenue[at], it.payment[at], ids
    )


class Told(NamedTuple):
    """What is said and done on a day about earlier orders."""

    messages: Messages
    reviews: pa.Table
    posts: pa.Table


class _Due(NamedTuple):
    """Something that will happen to an order."""

    kind: str
    time: int
    order: str
    person: int
    product: int
    revenue: int
    reason: str


class Aftermath:
    """Keeps what is still to happen to the orders of the last days. Days are told in their order."""

    def __init__(self, world: World, shelf: Shelf) -> None:
        self._world = world
        self._shelf = shelf
        self._due: dict[int, list[_Due]] = defaultdict(list)

    def note(self, day: int, orders: list[Orders]) -> None:
        """The orders of a day: draw what will become of them."""
        rng = stream(self._world.config, "aftermath", day)
        for some in orders:
            for due in _fates(some, rng):
                self._due[(due.time - self._world.config.midnight(0)) // DAY_MS].append(due)

    def tell(self, day: int) -> Told:
        """What happens on the day."""
        due = sorted(self._due.pop(day, []), key=lambda one: (one.time, one.kind, one.order))
        rng = stream(self._world.config, "voice", day)
        words = random.Random(int(rng.integers(2**62)))  # noqa: S311
        said = {at: self._say(words, one) for at, one in enumerate(due) if one.kind in ("review", "post")}
        drafts = [self._draft(kind, due, said) for kind in ("cancelled", "refunded", "review")]
        unit = f"s{self._world.config.seed}-{day}-a"
        messages = compose(drafts, self._senders(due), unit, rng)
        return Told(messages, self._table("review", due, said, unit), self._table("post", due, said, unit))

    def _say(self, words: random.Random, one: _Due) -> Text:
        praise = chances_of_praise(self._world, one.person, one.product)
        if one.kind == "review":
            return review(words, praise)
        return post(words, praise, self._world.goods.name[one.product])

    def _draft(self, kind: str, due: list[_Due], said: dict[int, Text]) -> Draft:
        at = np.array([place for place, one in enumerate(due) if one.kind == kind], dtype=np.int64)
        rows = [_properties(due[place], said.get(place)) for place in at.tolist()]
        product = np.array([due[place].product for place in at.tolist()], dtype=np.int64)
        told = join(texts(rows), pick(self._shelf.product, product) if kind == "review" else "")
        return Draft(kind, at, np.zeros(len(at), np.int64), told, "/pesanan")

    def _senders(self, due: list[_Due]) -> Senders:
        people = self._world.people
        person = np.array([one.person for one in due], dtype=np.int64)
        start = np.array([one.time for one in due], dtype=np.int64)
        bits = np.where(start >= people.changes[person], people.consent[person, 1], people.consent[person, 0])
        context = join(pick(self._shelf.consent, bits), pick(self._shelf.place, people.place[person]))
        known = np.where(people.joined[person] <= (start - self._world.config.midnight(0)) // DAY_MS, 0, 10**9)
        anonymous, user = join("a", number(person), "-0"), join("u", number(person))
        return Senders(anonymous, user, known, context, "", start, people.pace[person])

    def _table(self, kind: str, due: list[_Due], said: dict[int, Text], unit: str) -> pa.Table:
        """Texts with what is planted in them; ``write`` keeps the latter apart."""
        rows = [(at, due[at], text) for at, text in said.items() if due[at].kind == kind]
        stars = pa.array([text.opinion.stars for _, _, text in rows], pa.int64())
        columns = {
            "id": pa.array([f"{kind[0].upper()}{unit}-{at}" for at, _, _ in rows], pa.string()),
            "time": pa.array([one.time for _, one, _ in rows], pa.int64()).cast(pa.timestamp("ms", "UTC")),
            "product_id": pa.array([self._world.goods.product_id[one.product] for _, one, _ in rows], pa.string()),
            "stars": stars,
            "text": pa.array([text.text for _, _, text in rows], pa.string()),
            "english": pa.array([text.opinion.english for _, _, text in rows], pa.bool_()),
            "sarcastic": pa.array([text.opinion.sarcastic for _, _, text in rows], pa.bool_()),
        }
        for aspect in ASPECTS:
            opinions = [dict(text.opinion.polarity).get(aspect) for _, _, text in rows]
            columns[aspect] = pa.array(opinions, pa.bool_())
        return pa.table(columns)


def chances_of_praise(world: World, person: int, product: int) -> dict[str, float]:
    """How likely each aspect is to be praised: by the product, how far the parcel went, and what it cost."""
    liked = float(world.goods.appeal[product])
    far = float(places().remote[world.people.place[person]])
    doubt = categories()[int(world.goods.category[product])].doubt
    cheap = float(world.goods.rival[product]) - 1.0
    chances = (0.85 + 0.18 * liked, 0.9 - 0.45 * far, 0.84, 0.82 + 0.5 * cheap, 0.86, 0.9 - 0.6 * doubt, 0.88)
    return {aspect: min(0.98, max(0.05, one)) for aspect, one in zip(ASPECTS, chances, strict=True)}


def _properties(one: _Due, said: Text | None) -> str:
    order = f'"order_id":"O{one.order}"'
    if one.kind == "cancelled":
        return f'{order},"reason":{quoted(one.reason)},"currency":"IDR"'
    if one.kind == "refunded":
        return f'{order},"total":{one.revenue},"currency":"IDR"'
    rated = f'"rating":{said.opinion.stars},"review_body":{quoted(said.text)},' if said else ""
    return f"{order},{rated}"


def _fates(orders: Orders, rng: np.random.Generator) -> list[_Due]:
    """Cancelled, or delivered and then perhaps refunded, reviewed, posted about."""
    n = len(orders.person)
    unpaid = rng.random(n) < _UNPAID_BY[orders.payment]
    shares = np.array([share for share, _ in CANCELLATIONS])
    chance = np.where(orders.payment == PAYMENTS.index("COD"), 0.1, 0.06)
    cancelled = unpaid | (rng.random(n) < chance)
    why = rng.choice(len(shares), n, p=shares / shares.sum())
    soon = orders.time + (rng.exponential(14, n).clip(0.1, 60) * 3_600_000).astype(np.int64)
    later = orders.time + (rng.gamma(4, 1.2, n).clip(1, 20) * DAY_MS).astype(np.int64)
    fates: list[_Due] = []
    numbers = orders.number.to_pylist()
    kinds = (
        ("cancelled", cancelled, soon),
        ("refunded", ~cancelled & (rng.random(n) < _REFUNDED), later + DAY_MS),
        ("review", ~cancelled & (rng.random(n) < _REVIEWED), later),
        ("post", ~cancelled & (rng.random(n) < _POSTED), later + 3_600_000),
    )
    for kind, flags, when in kinds:
        for at in np.flatnonzero(flags).tolist():
            reason = UNPAID if unpaid[at] else CANCELLATIONS[why[at]][1]
            who, what, worth = int(orders.person[at]), int(orders.product[at]), int(orders.revenue[at])
            fates.append(_Due(kind, int(when[at]), numbers[at], who, what, worth, reason))
    return fates
