"""A block of visits, drawn and told: its messages, and the truth behind them."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from detak.simulate.browsing import Browsing, Showing, browse
from detak.simulate.checkout import Checkout, check_out
from detak.simulate.config import stream
from detak.simulate.pieces import join, number
from detak.simulate.reasons import REASONS, STAGES
from detak.simulate.senders import senders_of, signing_in
from detak.simulate.shelf import Shelf
from detak.simulate.story import Cast, Signs, tell_browsing
from detak.simulate.till import Till
from detak.simulate.timeline import Messages, Senders, compose
from detak.simulate.visits import Visits
from detak.simulate.world import World

_REASONS: Final = pa.array([*REASONS, None], pa.string())
_STAGES: Final = pa.array(STAGES)


@dataclass(frozen=True)
class Scene:
    """A block of visits."""

    unit: str
    """Names it within its world; ids begin with it."""
    visits: Visits
    browsing: Browsing
    checkout: Checkout
    messages: Messages
    anonymous: pa.Array
    """By visit: the device's identifier."""


def play(
    world: World, shelf: Shelf, day: int, visits: Visits, number_: tuple[int, ...], showing: Showing | None = None
) -> Scene:
    """Draw and tell the visits of a block, which ``number_`` names within its day.

    Args:
        world: the world.
        shelf: its prepared JSON.
        day: of the world, from 0.
        visits: the block.
        number_: sets its random numbers and ids apart from all other blocks'.
        showing: what the home page shows; None: the shop's own order to everyone.
    """
    unit = "-".join(map(str, (f"s{world.config.seed}", day, *number_)))
    rng = stream(world.config, "scene", day, *number_)
    showing = showing or shelf_showing(world, day, len(visits))
    browsing = browse(world, day, visits, showing, rng)
    checkout = check_out(world, visits, browsing, showing.discount, rng)
    cast = Cast(world, shelf, visits, browsing, checkout)
    signs = Signs(world.config.lost_signals, world.config.stray_signals, rng)
    who = replace(senders(world, shelf, day, visits, number_), mark=showing.mark)
    reached = checkout.outcome.stage >= 2
    drafts = [
        *tell_browsing(cast, showing, signs),
        *signing_in(shelf, world, who, checkout.visit[reached], checkout.carts.person[reached]),
        *Till(cast, cart_ids(unit, len(checkout.visit)), signs).tell(),
    ]
    messages = compose(drafts, who, unit, rng)
    return Scene(unit, visits, browsing, checkout, messages, who.anonymous)


def senders(world: World, shelf: Shelf, day: int, visits: Visits, number_: tuple[int, ...]) -> Senders:
    """Who sends the messages of the block that ``play`` draws under the same number."""
    return senders_of(world, shelf, day, visits, stream(world.config, "senders", day, *number_))


def shelf_showing(world: World, day: int, visits: int) -> Showing:
    """The shop's own order, without promises."""
    return Showing(np.tile(world.home(day), (visits, 1)), np.zeros(visits))


def cart_ids(unit: str, carts: int) -> pa.Array:
    """What the ids of carts, checkouts and orders end with."""
    return join(f"{unit}-", number(np.arange(carts)))


def carts_truth(scene: Scene) -> pa.Table:
    """A row for each cart: why it was left, what was there, and whether it would be bought without each reason."""
    it = scene.checkout
    outcome = it.outcome
    ids = cart_ids(scene.unit, len(it.visit))
    columns = {
        "cart_id": join("C", ids),
        "user": pa.array(it.carts.person),
        "time": pa.array(it.carts.start).cast(pa.timestamp("ms", "UTC")),
        "value": pa.array(it.carts.value),
        "shipping": pa.array(outcome.shipping),
        "load_ms": pa.array(outcome.load_ms),
        "intent": pa.array(it.carts.intent),
        "reason": _REASONS.take(pa.array(outcome.reason % len(_REASONS))),
        "stage": _STAGES.take(pa.array(outcome.stage)),
        "bought": pa.array(outcome.bought),
        "revenue": pa.array(np.where(outcome.bought, it.revenue, 0)),
    }
    for index, name in enumerate(REASONS):
        columns[f"exposed_{name}"] = pa.array(outcome.exposed[:, index])
        columns[f"bought_without_{name}"] = pa.array(outcome.bought_without(index))
    return pa.table(columns)


def visits_truth(scene: Scene) -> pa.Table:
    """A row for each visit of a person."""
    visits, it = scene.visits, scene.checkout
    filled = np.zeros(len(visits), np.bool_)
    filled[it.visit] = True
    bought = np.zeros(len(visits), np.bool_)
    bought[it.visit] = it.outcome.bought
    return pa.table(
        {
            "anonymous_id": scene.anonymous,
            "user": pa.array(visits.person),
            "start": pa.array(visits.start).cast(pa.timestamp("ms", "UTC")),
            "bot": pa.array(np.zeros(len(visits), np.bool_)),
            "intent": pa.array(scene.browsing.intent),
            "campaign": pa.array(visits.sure),
            "cart": pa.array(filled),
            "bought": pa.array(bought),
        }
    )
