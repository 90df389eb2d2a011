"""The truth that does not change from day to day: people, what they would like best, goods, hours, outages."""

from typing import Final

import numpy as np
import pyarrow as pa

from detak.simulate.calendar import planted_hours
from detak.simulate.goods import categories
from detak.simulate.people import CONSENTS, PAYMENTS, UPLIFT
from detak.simulate.places import places
from detak.simulate.world import World, liking_of_all

BEST: Final = 10
"""How many of a person's best liked products are told."""
_ASKED: Final = 10_000  # people of whom the best liked products are told: each is compared with every product
_AT_ONCE: Final = 2_000_000  # person x product pairs in memory


def people_truth(world: World) -> pa.Table:
    """A row for each shopper."""
    people, where = world.people, places()
    never = people.changes >= 2**62
    columns = {
        "user": pa.array(np.arange(world.config.shoppers)),
        "province": pa.array(where.province).take(pa.array(people.place)),
        "city": pa.array(where.city).take(pa.array(people.place)),
        "utc_offset": pa.array(where.zone[people.place]),
        "income": pa.array(people.income),
        "hidden": pa.array(people.hidden),
        "thrift": pa.array(people.thrift),
        "intent": pa.array(people.intent),
        "visits_a_day": pa.array(people.rate),
        "best_hour": pa.array(people.peak),
        "payment": pa.array(PAYMENTS).take(pa.array(people.payment)),
        "uplift_type": pa.array(UPLIFT).take(pa.array(people.uplift)),
        "buys_without": pa.array(people.untreated),
        "buys_with": pa.array(people.treated),
        "uplift": pa.array(people.treated - people.untreated),
        "joined_day": pa.array(people.joined),
        "habit": pa.array([kind.name for kind in categories()]).take(pa.array(people.habit, mask=people.habit < 0)),
        "habit_days": pa.array(people.every),
        "consent_changes": pa.array(people.changes, mask=never).cast(pa.timestamp("ms", "UTC")),
    }
    for bit, name in enumerate(CONSENTS):
        for when, phase in enumerate(("first", "later")):
            columns[f"{name.lower()}_{phase}"] = pa.array((people.consent[:, when] >> bit & 1).astype(np.bool_))
    for index, kind in enumerate(categories()):
        columns[f"taste_{kind.name}"] = pa.array(people.taste[:, index])
    return pa.table(columns)


def best_liked(world: World) -> pa.Table:
    """What each of the first shoppers likes best of all goods, best first: what they would buy, were it shown."""
    asked = min(world.config.shoppers, _ASKED)
    step = max(1, _AT_ONCE // len(world.goods.price))
    best, how = [], []
    for first in range(0, asked, step):
        who = np.arange(first, min(first + step, asked))
        liked = liking_of_all(world, who)
        top = np.argpartition(-liked, BEST - 1, axis=1)[:, :BEST]
        score = np.take_along_axis(liked, top, axis=1)
        turn = np.argsort(-score, axis=1, kind="stable")
        best.append(np.take_along_axis(top, turn, axis=1))
        how.append(np.take_along_axis(score, turn, axis=1))
    ids = pa.array(world.goods.product_id)
    return pa.table(
        {
            "user": pa.array(np.repeat(np.arange(asked), BEST)),
            "rank": pa.array(np.tile(np.arange(1, BEST + 1), asked)),
            "product_id": ids.take(pa.array(np.concatenate(best).ravel())),
            "liking": pa.array(np.concatenate(how).ravel()),
        }
    )


def catalogue(world: World) -> pa.Table:
    """The catalogue as the shop has it. Prices in Rupiah."""
    goods = world.goods
    ids = pa.array(goods.product_id)
    return pa.table(
        {
            "product_id": ids,
            "name": pa.array(goods.name),
            "category": pa.array([kind.name for kind in categories()]).take(pa.array(goods.category)),
            "brand": pa.array(goods.brand),
            "variant": pa.array(goods.variant),
            "price": pa.array(goods.price),
            "currency": pa.array(["IDR"] * len(goods.price)),
            "stock": pa.array(goods.stock),
            "url": pa.array([f"/produk/{one}" for one in goods.product_id]),
            "image_url": pa.array([f"/gambar/{one}.jpg" for one in goods.product_id]),
        }
    )


def goods_truth(world: World) -> pa.Table:
    """What no event says of the goods."""
    goods = world.goods
    return pa.table(
        {
            "product_id": pa.array(goods.product_id),
            "appeal": pa.array(goods.appeal),
            "popularity": pa.array(goods.popularity),
            "price_elsewhere": pa.array(goods.rival),
            "days_out_of_stock": pa.array(goods.gone.sum(axis=0)),
        }
    )


def hours_truth(world: World) -> pa.Table:
    """For each day the share of visits in each hour of the shopper's own zone, and how busy the day is."""
    days = range(world.config.days)
    shares = np.concatenate([planted_hours(world.config.day(day)) for day in days])
    return pa.table(
        {
            "date": pa.array(np.repeat(np.array([str(world.config.day(day)) for day in days]), 24).tolist()),
            "hour": pa.array(np.tile(np.arange(24), len(days))),
            "share": pa.array(shares),
            "intensity": pa.array(np.repeat([world.intensity(day) for day in days], 24)),
        }
    )


def outages_truth(world: World) -> pa.Table:
    """When the provider of a payment method was down."""
    method, begin, end = world.outages.T
    return pa.table(
        {
            "payment_method": pa.array(PAYMENTS).take(pa.array(method)),
            "begin": pa.array(begin).cast(pa.timestamp("ms", "UTC")),
            "end": pa.array(end).cast(pa.timestamp("ms", "UTC")),
        }
    )
