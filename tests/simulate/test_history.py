import filecmp
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.worlds import events, told, truth, world

from detak.errors import UsageError
from detak.event import Message, Properties
from detak.simulate import campaigns
from detak.simulate.calendar import planted_hours
from detak.simulate.config import Config
from detak.simulate.history import history
from detak.simulate.output import write
from detak.simulate.places import places
from detak.simulate.reasons import REASONS
from detak.simulate.world import World
from detak.sources.segment_jsonl import SegmentJsonl

DAY_MS = 86_400_000


def local_hours(made: World) -> np.ndarray:
    visits = truth("visits")
    people = visits.filter(pc.invert(pc.or_(visits["bot"], visits["campaign"])))
    start = people["start"].cast("int64").to_numpy()
    zone = places().zone[made.people.place[people["user"].to_numpy()]]
    return np.asarray((start + zone * 3_600_000) % DAY_MS // 3_600_000)


def test_the_hours_are_those_planted() -> None:
    made = world()
    found = np.bincount(local_hours(made), minlength=24)
    weights = [made.intensity(day) for day in range(made.config.days)]
    planted = np.average(
        [planted_hours(made.config.day(day)) for day in range(made.config.days)], axis=0, weights=weights
    )
    deviation = (found - planted * found.sum()) / np.sqrt(planted * found.sum())
    assert np.abs(deviation).max() < 4.5
    assert (deviation**2).mean() < 2.0


def test_days_are_as_busy_as_the_calendar_says() -> None:
    made = world()
    visits = truth("visits")
    plain = visits.filter(pc.invert(pc.or_(visits["bot"], visits["campaign"])))
    day = (plain["start"].cast("int64").to_numpy() - made.config.midnight(0)) // DAY_MS
    found = np.bincount(day[(day >= 0) & (day < made.config.days)], minlength=made.config.days)
    planted = np.array([made.intensity(one) for one in range(made.config.days)])
    assert np.corrcoef(found, planted)[0, 1] > 0.8


def test_the_funnel_narrows_as_planted() -> None:
    carts, visits = truth("carts"), truth("visits")
    people = pc.sum(pc.invert(visits["bot"])).as_py()
    assert 0.10 < carts.num_rows / people < 0.25
    assert 0.25 < pc.mean(carts["bought"]).as_py() < 0.5
    names = Counter(events()["event"].to_pylist())
    assert names["Product Viewed"] > names["Product Added"] > names["Checkout Started"] > names["Order Completed"] > 0
    assert names["Order Completed"] == pc.sum(carts["bought"]).as_py()
    assert names["Cart Viewed"] == pc.sum(pc.not_equal(carts["stage"], "cart")).as_py()


def test_every_reason_is_there_and_is_the_first_that_was_enough() -> None:
    carts = truth("carts")
    left = carts.filter(pc.invert(carts["bought"]))
    assert left["reason"].null_count == 0
    shares = Counter(left["reason"].to_pylist())
    assert set(shares) == set(REASONS)
    assert 0.3 < shares["only_looking"] / left.num_rows < 0.6
    assert shares["shipping_cost"] / left.num_rows > 0.08
    for name in REASONS:
        of_it = left.filter(pc.equal(left["reason"], name))
        assert pc.all(of_it[f"exposed_{name}"]).as_py()


def test_without_a_reason_no_cart_is_lost_and_some_are_won() -> None:
    carts = truth("carts")
    for name in REASONS:
        without = carts[f"bought_without_{name}"]
        assert not pc.any(pc.and_(carts["bought"], pc.invert(without))).as_py()
        won = carts.filter(pc.and_(without, pc.invert(carts["bought"])))
        assert won.num_rows > 0
        assert set(won["reason"].to_pylist()) == {name}


def test_the_signs_of_reasons_show_with_noise() -> None:
    carts, log = truth("carts"), events()
    denied = log.filter(pc.equal(log["event"], "Coupon Denied")).num_rows
    reached = carts.filter(pc.is_in(carts["stage"], value_set=pc.cast(["shipping", "payment", "ordered"], "string")))
    exposed = pc.sum(reached["exposed_coupon_refused"]).as_py()
    assert 0.85 * exposed < denied < exposed
    asked = log.filter(pc.equal(log["event"], "Chat Opened")).num_rows
    seen = carts.filter(pc.not_equal(carts["stage"], "cart"))
    assert asked != pc.sum(seen["exposed_needs_to_ask"]).as_py()
    assert pc.sum(pc.match_substring(log["properties"], '"availability"')).as_py() > 0


@pytest.mark.parametrize(("confounding", "low", "high"), [(0.0, 0.8, 1.25), (2.0, 1.8, 9.0)])
def test_far_pages_are_slow_only_where_the_world_is_confounded(confounding: float, low: float, high: float) -> None:
    given = {"confounding": confounding, "shoppers": 9_000, "days": 10}
    carts = truth("carts", **given)
    far = places().remote[world(**given).people.place[carts["user"].to_numpy()]] > 0.2
    slow = carts["exposed_slow_page"].to_numpy()
    odds = slow[far].mean() / slow[~far].mean()
    assert low < odds < high


def test_a_campaign_moves_whom_it_should() -> None:
    made = world(shoppers=40_000, days=4, campaign_every=1)
    sent = pa.concat_tables([campaigns.truth(made, day) for day in range(4)])
    effect = sent["buys_with"].to_numpy().astype(int) - sent["buys_without"].to_numpy().astype(int)
    kind = np.array(sent["type"].to_pylist())
    assert effect[kind == "persuadable"].mean() > 0.02
    assert (effect[kind == "sure_thing"] == 0).all()
    assert effect[kind == "do_not_disturb"].mean() < 0
    treated = sent["treated"].to_numpy()
    assert 0.47 < treated.mean() < 0.53


def test_reviews_have_the_opinions_planted_in_them() -> None:
    reviews = truth("reviews")
    assert reviews.num_rows > 100
    assert len(set(reviews["text"].to_pylist())) > 0.97 * reviews.num_rows
    stars = Counter(reviews["stars"].to_pylist())
    assert stars[5] > stars[1] > 0
    late = events()
    assert late.filter(pc.equal(late["event"], "Product Reviewed")).num_rows == reviews.num_rows


def test_who_refuses_says_so_with_every_event() -> None:
    made = world()
    refusing = set(np.flatnonzero((made.people.consent[:, 0] == 0) & (made.people.changes > 2**61)).tolist())
    log = events().select(["userId", "context"]).to_pylist()
    theirs = [row["context"] for row in log if row["userId"] and int(row["userId"][1:]) in refusing]
    assert len(theirs) > 50
    assert all('"Analytics":false' in context for context in theirs)
    changed = events().filter(pc.equal(events()["event"], "Segment Consent Preference Updated"))
    assert changed.num_rows > 10


def test_programs_hurry() -> None:
    log = events()
    bots = set(truth("visits").filter(truth("visits")["bot"])["anonymous_id"].to_pylist())
    theirs = log.filter(pc.is_in(log["anonymousId"], value_set=pc.cast(sorted(bots), "string")))
    assert 0.02 < theirs.num_rows / log.num_rows < 0.3
    assert not any("consent" in one for one in theirs["context"].to_pylist())


def test_a_block_is_in_order_of_time_and_ids_are_unique() -> None:
    for chunk in told():
        assert (np.diff(chunk.messages.time) >= 0).all()
    ids = events()["messageId"]
    assert pc.count_distinct(ids).as_py() == len(ids)


def test_the_files_are_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    config = Config(seed=3, shoppers=1_500, days=3)
    for name, workers in (("one", 1), ("two", 2)):
        write(config, tmp_path / name, "both", workers)
    names = sorted(str(path.relative_to(tmp_path / "one")) for path in (tmp_path / "one").rglob("*") if path.is_file())
    same, differing, faulty = filecmp.cmpfiles(tmp_path / "one", tmp_path / "two", names, shallow=False)
    assert (differing, faulty) == ([], [])
    assert len(same) > 20
    summary = json.loads((tmp_path / "one" / "truth" / "summary.json").read_text())
    assert summary["orders"] <= summary["carts"] <= summary["visits"]
    with pytest.raises(UsageError, match="not empty"):
        write(config, tmp_path / "one")


def test_another_seed_is_another_world() -> None:
    one, other = (next(history(World.make(Config(seed=seed, shoppers=300, days=1)))) for seed in (1, 2))
    assert bytes(one.messages.jsonl()) != bytes(other.messages.jsonl())


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**60),
    shoppers=st.integers(1, 120),
    days=st.integers(1, 4),
    start=st.dates(date(2023, 1, 1), date(2030, 12, 31)),
    confounding=st.floats(0, 3),
    hidden=st.floats(0, 3),
    noise=st.floats(0, 1),
)
def test_any_small_world_tells_valid_events(
    seed: int, shoppers: int, days: int, start: date, confounding: float, hidden: float, noise: float
) -> None:
    config = Config(
        seed=seed, shoppers=shoppers, days=days, start=start, confounding=confounding, hidden=hidden,
        lost_signals=noise, stray_signals=noise, refusals=noise, products=20, campaign_every=2,
    )  # fmt: skip
    for chunk in history(World.make(config)):
        for line in bytes(chunk.messages.jsonl()).splitlines():
            message = msgspec.json.decode(line, type=Message)
            assert message.timestamp
            assert start - timedelta(days=2) < date.fromisoformat(message.timestamp[:10])
            if message.type == "track":
                assert message.event
                msgspec.convert(msgspec.json.decode(line)["properties"], Properties)


def test_the_segment_source_reads_the_files(tmp_path: Path) -> None:
    write(Config(shoppers=200, days=2), tmp_path / "out")
    for path in (tmp_path / "out" / "events").iterdir():
        assert SegmentJsonl.recognises(path)
