"""The recommenders beside the sequence models: held against what came later, and against the simulated shop's truth.

Everything is ranked, never a sample; what is held out lies after all that was learnt from.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy import sparse

from detak.consent import Basis
from detak.engine import Engine
from detak.importing import RejectsFile, import_file
from detak.recommend.also_viewed import AlsoViewed
from detak.recommend.base import History, Interactions, Ints32, Situation
from detak.recommend.content import Details, Items, Kind
from detak.recommend.groups import orders
from detak.recommend.neighbours import Neighbours
from detak.recommend.replenish import Replenish, Rhythm
from detak.recommend.similar import Similar
from detak.recommend.together_bought import TogetherBought
from detak.recommending.asking import Ask
from detak.settings import Settings, SourceSettings
from detak.sources.base import Reading

DAY = 86_400_000_000
NONE = np.zeros(0, np.int32)
SHELVES = ("trending", "also_viewed", "together_bought", "similar", "replenish")
Ranker = Callable[[int], Sequence[int]]


def run(data: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (path := data / "online-retail" / "online_retail.parquet").exists():
        retail = _retail(path)
        found["replenish"] = [_replenish(retail, back) for back in (90, 60, 30)]
        found["together_bought"] = _together(retail)
        found["new_products"] = _new_products(retail)
    if (path := data / "retailrocket-events" / "events.csv").exists():
        found["also_viewed_retailrocket_events"] = _events(path)
    if (folder := data / "sessions-retailrocket").exists():
        found["also_viewed_retailrocket_sessions"] = _sessions(folder)
    found["simulated"] = _simulated()
    return found


def _retail(path: Path) -> Interactions:
    """Lines with a customer that are no returns, as purchases; products by stock code."""
    table = pq.read_table(path)
    kept = pc.and_(pc.is_valid(table["CustomerID"]), pc.greater(table["Quantity"], 0))
    table = table.filter(pc.and_(kept, pc.invert(pc.starts_with(table["InvoiceNo"], "C"))))
    ids, item = np.unique(table["StockCode"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    _, order = np.unique(table["InvoiceNo"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    subjects, person = np.unique(table["CustomerID"].to_numpy().astype(np.int64), return_inverse=True)
    time = table["InvoiceDate"].cast("int64").to_numpy()
    sort = np.lexsort((order, time, person))
    name = dict(zip(table["StockCode"].to_pylist(), table["Description"].to_pylist(), strict=True))
    price = dict(zip(table["StockCode"].to_pylist(), table["UnitPrice"].to_pylist(), strict=True))
    n = len(ids)
    content = Items(
        ids=tuple(ids.tolist()),
        name=tuple(name[one] or "" for one in ids.tolist()),
        category=((),) * n,
        brand=("",) * n,
        price=np.array([round(100 * price[one]) for one in ids.tolist()], np.int64),
        added=np.full(n, -1, np.int64),
    )
    details = Details(np.full(len(sort), Kind.BUY, np.int8), order[sort], np.full(len(subjects), -1, np.int32))
    columns = person[sort].astype(np.int32), item[sort].astype(np.int32), time[sort], np.ones(len(sort), np.float32)
    return Interactions(*columns, subjects, content.ids, details, content)


def _measure(rankers: dict[str, Ranker], cases: Sequence[tuple[int, set[int]]], k: int) -> dict[str, Any]:
    """Recall and NDCG at ``k`` of each way to rank, with the standard error of its recall; a case a row."""
    found: dict[str, Any] = {"cases": len(cases)}
    for name, ranker in rankers.items():
        recall, ndcg = [], []
        for at, wanted in cases:
            hits = np.array([one in wanted for one in list(ranker(at))[:k]], float)
            best = min(k, len(wanted))
            recall.append(hits.sum() / best)
            ndcg.append(
                (hits / np.log2(np.arange(2, len(hits) + 2))).sum() / (1 / np.log2(np.arange(2, best + 2))).sum()
            )
        found[name] = {
            f"recall@{k}": round(float(np.mean(recall)), 4),
            "se": round(float(np.std(recall) / len(recall) ** 0.5), 4),
            f"ndcg@{k}": round(float(np.mean(ndcg)), 4),
        }
    return found


def _replenish(retail: Interactions, back: int) -> dict[str, Any]:
    """Which products that they bought before do people buy in the 14 days after a cut, ``back`` days before the end?"""
    cut = int(retail.time.max()) - back * DAY
    known = retail.rows(retail.time < cut)
    later = retail.rows((retail.time >= cut) & (retail.time < cut + 14 * DAY))
    model = Replenish(horizon=14).fit(known)
    fame = np.bincount(known.item, minlength=len(known.items))
    bought = [set(known.of(person).item.tolist()) for person in range(known.people)]
    again = [set(later.of(person).item.tolist()) & bought[person] for person in range(known.people)]
    cases = [(person, wanted) for person, wanted in enumerate(again) if wanted]

    def often(person: int) -> list[int]:
        rows = slice(int(known.starts[person]), int(known.starts[person + 1]))
        item, order = known.item[rows], known.details.order[rows]  # type: ignore[union-attr]
        times = np.unique(np.stack([item, order]), axis=1)[0]
        count = {int(one): int((times == one).sum()) for one in np.unique(times)}
        last = dict(zip(item.tolist(), known.time[rows].tolist(), strict=True))
        return sorted(count, key=lambda one: (-count[one], -last[one], one))

    def lately(person: int) -> list[int]:
        return list(dict.fromkeys(known.of(person).item[::-1].tolist()))

    rankers: dict[str, Ranker] = {
        "replenish": lambda person: model.recommend(known.of(person), 10, NONE, Situation(cut)).item.tolist(),
        "bought_most_often": often,
        "bought_last": lately,
        "bought_and_most_popular": lambda person: sorted(bought[person], key=lambda one: (-fame[one], one)),
    }
    found = {"days_before_the_end": back, **_measure(rankers, cases, 10)}
    return {**found, "chances": _chances(model, known, again, cut)}


def _chances(model: Rhythm, known: Interactions, again: list[set[int]], cut: int) -> dict[str, Any]:
    """Said against happened, over every product of every person: in all, and in the likeliest 5%."""
    told = [model.chances(known.of(person), cut)[:2] for person in range(known.people)]
    said = np.concatenate([chance for _, chance in told])
    came = np.concatenate(
        [[one in wanted for one in item.tolist()] for (item, _), wanted in zip(told, again, strict=True)]
    )
    top = said >= np.quantile(said, 0.95)
    order = said.argsort()
    ranks = np.empty(len(said))
    ranks[order] = np.arange(1, len(said) + 1)
    positive = came.sum()
    auc = (ranks[came.astype(bool)].sum() - positive * (positive + 1) / 2) / (positive * (len(came) - positive))
    shares = {
        "said": said.mean(),
        "happened": came.mean(),
        "said_top_5%": said[top].mean(),
        "happened_top_5%": came[top].mean(),
    }
    return {
        "pairs": len(said),
        "auc": round(float(auc), 4),
        **{key: round(float(one), 4) for key, one in shares.items()},
    }


def _together(retail: Interactions) -> dict[str, Any]:
    """One product of each later order is hidden; what goes with the others? Of orders with 2 to 50 products."""
    cut = int(retail.time.max()) - 30 * DAY
    known, later = retail.rows(retail.time < cut), retail.rows(retail.time >= cut)
    model = TogetherBought().fit(known)
    counts, popular = _counted(known), np.argsort(-np.bincount(known.item, minlength=len(known.items)), kind="stable")
    random, cases, asked = np.random.default_rng(1), [], []
    found = orders(later)
    for rows in np.split(found.row, np.flatnonzero(np.diff(found.group)) + 1):
        basket = np.unique(later.item[rows])
        if 2 <= len(basket) <= 50:
            basket = random.permutation(basket)
            cases.append((len(asked), {int(basket[0])}))
            asked.append(basket[1:].astype(np.int32))
    rankers = {
        "together_bought": _by(model, asked),
        "mere_counts": _by(counts, asked),
        "most_popular": lambda at: [one for one in popular[:100].tolist() if one not in asked[at]],
    }
    return _measure(rankers, cases, 10)


def _by(model: Neighbours, asked: list[Ints32]) -> Ranker:
    """What a model says after these products."""

    def ranker(at: int) -> list[int]:
        past = asked[at]
        history = History(past, np.zeros(len(past), np.int64), np.ones(len(past), np.float32))
        return list(model.recommend(history, 10, past, Situation()).item.tolist())

    return ranker


def _counted(known: Interactions) -> Neighbours:
    """The naive neighbour: how many orders two products share."""
    found = orders(known)
    shape = (int(found.group[-1]) + 1, len(known.items))
    matrix = sparse.coo_array((np.ones(len(found.row)), (found.group, known.item[found.row])), shape=shape).tocsr()
    matrix.data[:] = 1
    return Neighbours.of(sparse.csr_array(matrix.T @ matrix), 100, 10, 0.8)


def _new_products(retail: Interactions) -> dict[str, Any]:
    """Products first sold after the cut, that nobody had touched: which of them does a known customer buy first?"""
    cut = int(retail.time.max()) - 60 * DAY
    known, later = retail.rows(retail.time < cut), retail.rows(retail.time >= cut)
    fresh = np.setdiff1d(later.item, known.item)
    model = Similar(depth=20, decay=0.9, keep=200).fit(known)
    old = np.setdiff1d(np.arange(len(retail.items)), fresh).astype(np.int32)
    cases = []
    for person in range(known.people):
        new = [one for one in later.of(person).item.tolist() if one in set(fresh.tolist())]
        if new and len(known.of(person)):
            cases.append((person, {new[0]}))
    random = np.random.default_rng(1)
    rankers: dict[str, Ranker] = {
        "similar": lambda person: model.recommend(known.of(person), 10, old, Situation()).item.tolist(),
        "any_new_product": lambda _: random.permutation(fresh)[:10].tolist(),
    }
    return {"new_products": len(fresh), **_measure(rankers, cases, 10)}


def _events(path: Path) -> dict[str, Any]:
    """The last product of each visit of the last fifth of the time, after those before it in the visit."""
    rows = np.genfromtxt(path, delimiter=",", skip_header=1, usecols=(0, 3, 4), dtype=np.int64)
    time, raw, visit = rows[np.lexsort((rows[:, 0], rows[:, 2]))].T
    ids, item = np.unique(raw, return_inverse=True)
    cut = np.quantile(time, 0.8)
    visits = np.split(np.arange(len(item)), np.flatnonzero(np.diff(visit)) + 1)
    train = [item[one] for one in visits if time[one[-1]] < cut]
    test = [item[one] for one in visits if time[one[0]] >= cut]
    return _next(train, [one for one in test if len(one) > 1], len(ids))


def _sessions(folder: Path) -> dict[str, Any]:
    """The files' own split: the last of each test line, after those before it."""
    train, test = (
        [np.array(line.split()[1:], np.int64) for line in (folder / f"{name}.txt").read_text().splitlines()]
        for name in ("train", "test")
    )
    items = int(max(one.max() for one in (*train, *test) if len(one))) + 1
    return _next(train, test, items)


def _next(train: list[Any], test: list[Any], items: int) -> dict[str, Any]:
    """Hit rate and mean reciprocal rank among 20."""
    data = _visits(train, items)
    popular = np.argsort(-np.bincount(data.item, minlength=items), kind="stable")[:20].tolist()
    model = AlsoViewed().fit(data)
    plain = AlsoViewed(before=1.0, window=50, correction=0.0, shrink=0.0, decay=1.0).fit(data)
    found: dict[str, Any] = {"visits": len(train), "cases": len(test)}
    for name, one in (("also_viewed", model), ("unordered_counts", plain), ("most_popular", None)):
        ranks = []
        for line in test:
            past = line[:-1].astype(np.int32)
            history = History(past, np.zeros(len(past), np.int64), np.ones(len(past), np.float32))
            told = one.recommend(history, 20, NONE, Situation()).item.tolist() if one else popular
            ranks.append(told.index(int(line[-1])) + 1 if int(line[-1]) in told else 0)
        hits = np.array(ranks)
        reciprocal = np.divide(1.0, hits, out=np.zeros(len(hits)), where=hits > 0)
        found[name] = {"hit@20": round(float((hits > 0).mean()), 4), "mrr@20": round(float(reciprocal.mean()), 4)}
    return found


def _visits(lists: list[Any], items: int) -> Interactions:
    item = np.concatenate(lists).astype(np.int32)
    person = np.repeat(np.arange(len(lists), dtype=np.int32), [len(one) for one in lists])
    zeros, ones = np.zeros(len(item), np.int64), np.ones(len(item), np.float32)
    return Interactions(person, item, zeros, ones, np.arange(len(lists)), tuple(map(str, range(items))))


def _simulated() -> dict[str, Any]:
    """Of the 10 products that shoppers like best of all, how many are among the first 20?"""
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        command = [sys.executable, "-m", "detak", "simulate", "--out", str(world), "--shoppers", "1500", "--days", "40"]
        subprocess.run([*command, "--seed", "5"], check=True, capture_output=True)
        known = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics", "personalisation"))
        with Engine(Path(folder) / "store", Settings(sources={"segment": known})) as engine:
            now = datetime.now(UTC)
            reading = Reading(engine.settings.timezone, engine.settings.currency, now)
            for path in sorted((world / "events").iterdir()):
                import_file(engine, path, "auto", reading, RejectsFile(engine.folder, now))
            engine.models.fit()
            return _liked(engine, world)


def _liked(engine: Engine, world: Path) -> dict[str, Any]:
    truth = pq.read_table(world / "truth" / "best_liked.parquet").to_pylist()
    liked: dict[int, set[str]] = {}
    for row in truth:
        liked.setdefault(row["user"], set()).add(row["product_id"])
    met = {user: engine.models.recommend(Ask([("user", f"u{user}")], k=1)) for user in liked}
    active = [user for user, told in met.items() if len(told.visitor.touches) >= 5]
    found: dict[str, Any] = {"people_with_5_touches": len(active)}
    for shelf in (
        engine.models.recommend(Ask()).shelves if hasattr(engine.models.recommend(Ask()), "shelves") else SHELVES
    ):
        hits = []
        for user in active:
            told = engine.models.recommend(Ask([("user", f"u{user}")], k=20, shelf=shelf, again=True))
            hits.append(len({one.product_id for one in told.items} & liked[user]) / len(liked[user]))
        found[shelf] = {
            "recall@20": round(float(np.mean(hits)), 4),
            "se": round(float(np.std(hits) / len(hits) ** 0.5), 4),
        }
    return found
