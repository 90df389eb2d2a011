"""Programs that visit the shop: crawlers that say so and scrapers that do not, through many pages at no human pace."""

import numpy as np
import pyarrow as pa

from detak.simulate.config import DAY_MS, stream
from detak.simulate.pieces import join, number, pick, texts
from detak.simulate.shelf import Shelf, bot_agents
from detak.simulate.timeline import Draft, Messages, Senders, compose
from detak.simulate.world import World

_HONEST = 0.6
_PAGES = 25  # on average
_MOST = 400


def bots_of(world: World, shelf: Shelf, day: int, visits: int) -> tuple[Messages, pa.Table]:
    """The messages of the day's bots and the truth about them; ``visits`` is how many visits people made."""
    config = world.config
    rng = stream(config, "bots", day)
    n = int(rng.poisson(config.bots * visits))
    honest, hidden = bot_agents()
    pieces = texts([one.removeprefix(",") for one in [*honest, *hidden]])
    says_so = rng.random(n) < _HONEST
    agent = np.where(says_so, rng.integers(0, len(honest), n), len(honest) + rng.integers(0, len(hidden), n))
    anonymous = join("a", number(config.shoppers + day * 1_000_000 + np.arange(n)), "-0")
    start = config.midnight(day) + (rng.random(n) * DAY_MS).astype(np.int64)
    senders = Senders(anonymous, anonymous, np.full(n, 10**9), pick(pieces, agent), "", start, rng.uniform(0.1, 0.6, n))
    pages = np.minimum(rng.geometric(1 / _PAGES, n) + 4, _MOST)
    visit = np.repeat(np.arange(n), pages)
    turn = np.arange(len(visit)) - np.repeat(np.cumsum(pages) - pages, pages)
    # One product after the other, as they stand in the catalogue.
    product = (rng.integers(0, len(world.goods.price), n)[visit] + turn) % len(world.goods.price)
    path = pick(shelf.path, product)
    drafts = [
        Draft("product_page", visit, 2 * turn, pa.repeat('"name":"Product"', len(visit)), path),
        Draft("view", visit, 2 * turn + 1, join(pick(shelf.product, product), ',"currency":"IDR"'), path),
    ]
    messages = compose(drafts, senders, f"s{config.seed}-{day}-r", rng)
    return messages, _truth(anonymous, start)


def _truth(anonymous: pa.Array, start: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> pa.Table:
    n = len(start)
    no = pa.array(np.zeros(n, np.bool_))
    return pa.table(
        {
            "anonymous_id": anonymous,
            "user": pa.nulls(n, pa.int64()),
            "start": pa.array(start).cast(pa.timestamp("ms", "UTC")),
            "bot": pa.array(np.ones(n, np.bool_)),
            "intent": pa.nulls(n, pa.float64()),
            "campaign": no,
            "cart": no,
            "bought": no,
        }
    )
