"""When people come and what they type, told from events of simulated shops and held against what was planted there."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pyarrow as pa

from detak.decision import DECISIONS
from detak.estimates.seasons import take_apart
from detak.event import EVENTS, ITEMS, VOLUMES
from detak.insights import own_hours
from detak.insights.base import Facts, Shop
from detak.insights.hours import Hours
from detak.insights.peaks import KINDS, Peaks
from detak.simulate import answers, language
from detak.simulate.config import Config, stream
from detak.simulate.goods import categories
from detak.simulate.history import history
from detak.simulate.world import World
from detak.spellings import Typed, distance, unite

_SHOP = Shop(ZoneInfo("Asia/Jakarta"), "IDR", 5, "en")
_SEEDS = (1, 2, 3)
_SHOPPERS, _DAYS, _START = 1_500, 300, date(2025, 9, 1)
_SEARCHES = 40_000


def run(_: Path) -> dict[str, Any]:
    """Hour maps, effects of the calendar, people's own hours, and slips united, a shop a seed."""
    found: dict[str, Any] = {}
    for seed in _SEEDS:
        world = World.make(
            Config(seed=seed, shoppers=_SHOPPERS, days=_DAYS, start=_START, campaign_every=0, bots=0.0, refusals=0.0)
        )
        facts = _facts(world)
        found[f"seed {seed}"] = {
            "hours": _hours(world, facts),
            "peaks": _peaks(world, facts),
            "own_hours": _own(world, facts),
            "spellings": _spellings(seed),
        }
    return found


def _facts(world: World) -> Facts:
    """What visitors sent, as facts: subject, time, province; nothing else is asked for here."""
    where = answers.people_truth(world)["province"]
    blocks = []
    for chunk in history(world):
        if chunk.unit.kind == "v" and len(chunk.messages):
            who = np.asarray(chunk.truth["visits"]["user"])[chunk.messages.visit]
            blocks.append((who, chunk.messages.time))
    who, time = (np.concatenate([block[at] for block in blocks]) for at in (0, 1))
    columns = {
        "id": pa.array(np.arange(len(who))),
        "subject": pa.array(who),
        "time": pa.array(time * 1_000).cast(pa.timestamp("us")),
        "received": pa.array(time * 1_000).cast(pa.timestamp("us")),
        "province": where.take(pa.array(who)),
        "event": pa.array(["Page Viewed"]).take(pa.array(np.zeros(len(who), np.int64))),
    }
    rest = {field.name: pa.nulls(len(who), field.type) for field in EVENTS if field.name not in columns}
    events = pa.table({name: (columns | rest)[name] for name in EVENTS.names})
    database = ibis.duckdb.connect()
    return Facts(
        database.create_table("events", events),
        database.create_table("items", pa.Table.from_pylist([], ITEMS)),
        database.create_table("volumes", pa.Table.from_pylist([], VOLUMES)),
        database.create_table("decisions", pa.Table.from_pylist([], DECISIONS)),
    )


def _sums(tables: Mapping[str, Any]) -> dict[str, pa.Table]:
    return {name: table.to_pyarrow() for name, table in tables.items()}


def _hours(world: World, facts: Facts) -> dict[str, Any]:
    """The share of visits in each hour of the shopper's day, beside the planted one, and beside chance alone."""
    insight = Hours(of="visits", clock="own")
    week = insight.conclude(_sums(insight.reduce(facts, _SHOP)), _SHOP).weeks[0]
    seen = np.zeros(24)
    for one in week.hours:
        seen[one.hour] += one.count
    truth = answers.hours_truth(world).to_pandas()
    planted = (truth["share"] * truth["intensity"]).groupby(truth["hour"]).sum().to_numpy()
    planted = planted / planted.sum()
    random = np.random.default_rng(0)
    chance = [_apart(random.multinomial(int(seen.sum()), planted), planted) for _ in range(200)]
    return {
        "visits": int(seen.sum()),
        "misplaced": round(_apart(seen, planted), 4),
        "misplaced_by_chance": round(float(np.mean(chance)), 4),
        "correlation": round(float(np.corrcoef(seen, planted)[0, 1]), 4),
    }


def _apart(seen: Any, planted: Any) -> float:
    """Total variation: the share of visits that stand in another hour than planned."""
    return float(0.5 * np.abs(seen / seen.sum() - planted).sum())


def _peaks(world: World, facts: Facts) -> dict[str, Any]:
    """Effects, and beside them what the same regression says of the planted figures without any chance in them."""
    insight = Peaks(of="visits")
    report = insight.conclude(_sums(insight.reduce(facts, _SHOP)), _SHOP)
    days = [one.day for one in report.days if (one.day - _START).days < _DAYS]
    planted = [_expected(world, (day - _START).days) for day in days]
    flags = {kind: [is_one(day) for day in days] for kind, is_one in KINDS.items()}
    truth = {one.name: one.ratio.value for one in take_apart(planted, days[0].weekday(), flags).effects}
    rows = {
        one.kind: [round(value, 3) for value in (one.ratio.value, one.ratio.low, one.ratio.high, truth[one.kind])]
        for one in report.occasions
        if one.kind in truth
    }
    return {
        "effects [value, low, high, planted]": rows,
        "held": f"{sum(low <= true <= high for _, low, high, true in rows.values())} of {len(rows)}",
        "odd_days": len(report.odd),
    }


def _expected(world: World, day: int) -> float:
    """Visits of the day as planted: those that follow the calendar, and those to buy again, which do not."""
    people = world.people
    due = (people.every > 0) & ((day + people.phase) % np.maximum(people.every, 1) == 0)
    return float(people.rate.sum() * world.intensity(day) + due.sum())


def _own(world: World, facts: Facts) -> dict[str, Any]:
    """How far people's told hours are from their planted ones, in hours: told, their most frequent hour, the shop's."""
    people = list(range(_SHOPPERS))
    sums = _sums(own_hours.reduce(facts, _SHOP, people))
    found = own_hours.conclude(sums, people)
    counts = np.zeros((_SHOPPERS, 24))
    for row in sums["theirs"].to_pylist():
        counts[row["subject"], row["hour"]] = row["visits"]
    truth = np.asarray(world.people.peak, float)

    def away(hours: Any) -> Any:
        return np.abs((np.asarray(hours, float) + 0.5 - truth + 12) % 24 - 12)

    often = counts.sum(axis=1) >= 20
    return {
        "people": len(people),
        "visits_each": round(float(counts.sum() / len(people)), 1),
        "told": round(float(away(found.own).mean()), 2),
        "most_frequent_hour": round(float(away(counts.argmax(axis=1)).mean()), 2),
        "shops_hour": round(float(away(np.full(len(people), counts.sum(axis=0).argmax())).mean()), 2),
        "told_of_20_visits_or_more": round(float(away(found.own)[often].mean()), 2),
        "within_an_hour": round(float((away(found.own) <= 1.5).mean()), 3),
        "certainty": round(float(found.certainty.mean()), 3),
    }


def _spellings(seed: int) -> dict[str, Any]:
    """Of the slips typed whose right spelling is typed too, those united with it; and of the united, the rightly so."""
    meant: dict[str, str] = {}
    slip = language.slip

    def told(rng: np.random.Generator, text: str) -> str:
        slipped = slip(rng, text)
        meant[slipped.lower()] = meant.get(text.lower(), text.lower())
        return slipped

    with patch.object(language, "slip", told):
        queries = language.make_queries(Config(seed=seed))
    random = stream(Config(seed=seed), "benchmark")
    kinds = [kind.name for kind in categories()]
    drawn = random.choice(len(queries.share), _SEARCHES, p=queries.share / queries.share.sum())
    typed: Counter[str] = Counter()
    about: dict[str, Counter[str]] = {}
    behind: dict[str, str] = {}
    for at in drawn.tolist():
        text = " ".join(queries.text[at].lower().split())
        typed[text] += 1
        behind[text] = queries.meant[at]
        if queries.results[at] and random.random() < 0.5:  # a click; one of ten leads elsewhere
            own = random.random() < 0.9
            kind = kinds[at // language.PER_CATEGORY] if own else kinds[random.integers(len(kinds))]
            about.setdefault(text, Counter())[kind] += 1
    rows = [Typed(text, count, about.get(text, {})) for text, count in typed.items()]
    slips = [text for text in typed if meant.get(text, text) != text and meant[text] in typed]
    ways = {"united": unite(rows), "nearest_more_frequent_query": _nearest(typed)}
    found: dict[str, Any] = {"queries": len(typed), "slips": len(slips)}
    for name, heads in ways.items():
        joined = [text for text in typed if heads[text] != text]
        found[name] = {
            "recall": round(float(np.mean([heads[text] == heads[meant[text]] for text in slips])), 3),
            "precision": round(float(np.mean([behind[text] == behind[heads[text]] for text in joined])), 3),
        }
    return found


def _nearest(typed: Mapping[str, int]) -> dict[str, str]:
    """What a simple corrector does: the most frequent query at most two letters away, if three times as frequent."""
    ordered = sorted(typed, key=lambda text: -typed[text])
    letters = np.array([[text.count(one) for one in "abcdefghijklmnopqrstuvwxyz0123456789 "] for text in ordered])
    heads = {}
    for at, text in enumerate(ordered):
        # Two changes move at most four counts: most others need not be compared letter by letter.
        close = np.flatnonzero(np.abs(letters[:at] - letters[at]).sum(axis=1) <= 4)
        near = (ordered[other] for other in close if typed[ordered[other]] >= 3 * typed[text])
        heads[text] = next((other for other in near if distance(text, other) <= 2), text)
    return heads
