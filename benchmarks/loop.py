"""The loop closed in the simulated shop: what a visitor brings in under each policy, and whom the discounts went to.

Each policy meets the same people on the same days (common random numbers), so that policies are compared visitor by
visitor. The engine sees events alone; who is moved by a discount is the world's secret until the end.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from detak.consent import Basis
from detak.decide.offers_learning import Learnt
from detak.deciding.deciding import Lesson
from detak.engine import Engine
from detak.settings import Settings, SourceSettings
from detak.simulate.browsing import LOOK, adding, tempting
from detak.simulate.config import DAY_MS, WORLDS
from detak.simulate.goods import categories
from detak.simulate.live import Live
from detak.simulate.people import UPLIFT
from detak.simulate.policies import POLICIES, Ask
from detak.simulate.scene import Scene
from detak.simulate.sending import batches
from detak.simulate.world import World

SEEDS: Final = (1, 2, 3)
FRESH: Final = (11, 12, 13, 14, 15, 16)
"""Nothing was chosen on these."""
MARGIN: Final = 0.3
"""Of a price, before discounts: the simulated goods have no cost of their own."""
_STEP: Final = DAY_MS // 4
_SOURCE: Final = "loop"
_EARLY: Final = (1, 3)
"""Days after which models are fitted, beside each seventh."""
_RULES: Final = """
[placements.default.page]
margin = 0.0

[offers]
budget = {budget}
margin = 0.3
margin_floor = 0.1
holdout = 0.1
trial = {trial}
most = 7
days = 7
offer = [{{name = "hemat", discount = 0.15, code = "HEMAT15"}}]
"""
_ALIKE: Final = """
[placements.default.page]
price = 0.0
"""
_SETTINGS: Final = Settings(
    sources={_SOURCE: SourceSettings(Basis.CONSENT, private_key=True)}, refit_minutes=0, late_days=366
)
_NORMAL_95: Final = 1.959964


class Counted(Live):
    """A live world that keeps count of what each visitor brought in."""

    def __init__(self, world: World, policy: Any, first: int, step: int, since: int) -> None:
        super().__init__(world, policy, first, step)
        self.since = since
        n = len(world.people.uplift)
        self.seen = np.zeros(n, np.bool_)
        self.subtotal, self.discount, self.promised = (np.zeros(n) for _ in range(3))
        self.pages, self.clicks, self.carts = (np.zeros(n) for _ in range(3))

    def _count(self, scene: Scene) -> None:
        super()._count(scene)
        late = scene.visits.start >= self.since
        self.seen[scene.visits.person[late]] = True
        it = scene.checkout
        kept = it.outcome.bought & late[it.visit]
        person = it.carts.person[kept]
        np.add.at(self.subtotal, person, it.subtotal[kept])
        np.add.at(self.discount, person, it.discount[kept])
        off = self.given[it.visit[kept]] * it.subtotal[kept]
        np.add.at(self.promised, person, off)

    def _play(self, day: int, visits: Any, tick: int) -> None:
        # What the policy promises is known only while it fills the page.
        fill = self._policy.fill

        def noted(*asked: Any) -> Any:
            showing = fill(*asked)
            self.given = np.asarray(showing.discount)
            self._look(visits, showing)
            return showing

        self._policy.fill = noted  # type: ignore[method-assign]
        try:
            super()._play(day, visits, tick)
        finally:
            self._policy.fill = fill  # type: ignore[method-assign]

    def _look(self, visits: Any, showing: Any) -> None:
        """What the home pages are worth, by the tastes that the world gave: no chance in it."""
        here = visits.home & (visits.start >= self.since)
        person = visits.person[here]
        shown, liked, chance = tempting(self._world, person, showing.slate[here])
        seen = chance * LOOK ** np.arange(chance.shape[1])
        carried = seen * adding(liked, self._world.people.intent[person][:, None]) * self._world.goods.price[shown]
        np.add.at(self.clicks, person, seen.sum(axis=1))
        np.add.at(self.carts, person, carried.sum(axis=1))
        np.add.at(self.pages, person, 1)


class Run(msgspec.Struct):
    """One policy in one world. Rupiah by person, of those seen after the first days."""

    revenue: np.ndarray
    profit: np.ndarray
    seen: np.ndarray
    promised: np.ndarray
    pages: np.ndarray
    clicks: np.ndarray
    carts: np.ndarray
    learnt: list[str]
    shares: dict[str, float]
    asked: int
    unanswered: int


def run(
    _: Path, shoppers: int = 1_600, days: int = 42, warm: int = 14, seeds: tuple[int, ...] = SEEDS
) -> dict[str, Any]:
    """All policies in all worlds."""
    began = time.monotonic()
    found: dict[str, list[Run]] = {name: [] for name in ("none", "popular", "detak", "detak_without_offers")}
    for seed in seeds:
        for name, runs in found.items():
            runs.append(_run(name, seed, shoppers, days, warm))
    return {
        "shoppers": shoppers,
        "days": days,
        "counted_from_day": warm,
        "margin": MARGIN,
        "policies": {
            name: _summary(runs, {one: found[one] for one in ("none", "popular")}) for name, runs in found.items()
        },
        "seconds": round(time.monotonic() - began),
    }


def prices(_: Path, shoppers: int = 400, days: int = 42, warm: int = 14) -> dict[str, Any]:
    """Pages without offers where a click counts by the price as usual, beside those where all prices count alike."""
    names = ("popular", "detak_all_prices_alike", "detak_without_offers")
    found = {name: [_run(name, seed, shoppers, days, warm) for seed in FRESH] for name in names}
    bases = {"all_prices_alike": found["detak_all_prices_alike"], "popular": found["popular"]}
    summed = {name: _summary(runs, bases) for name, runs in found.items()}
    return {"seeds": FRESH, "shoppers": shoppers, "days": days, "counted_from_day": warm, "policies": summed}


def _run(name: str, seed: int, shoppers: int, days: int, warm: int) -> Run:
    start = (datetime.now(UTC) - timedelta(days=days + 1)).date()
    config = msgspec.structs.replace(
        WORLDS["confounded"], seed=seed, shoppers=shoppers, days=days + 2, start=start, campaign_every=0
    )
    world = World.make(config)
    first = world.config.midnight(0)
    if not name.startswith("detak"):
        live = Counted(world, POLICIES[name](world, None), first, _STEP, first + warm * DAY_MS)
        for _ in live.ticks(first + days * DAY_MS):
            pass
        return _told(live, world, [], {}, live._policy)
    rules = {"detak": _RULES.format(budget=200_000, trial=0.4), "detak_all_prices_alike": _ALIKE}
    with _engine(seed, rules.get(name, "")) as engine:
        return _closed(engine, world, first, days, warm)


@contextmanager
def _engine(seed: int, rules: str) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.toml").write_text(rules)
        with Engine(Path(folder), _SETTINGS) as engine:
            engine.decisions.draw_from(seed)
            yield engine


def _closed(engine: Engine, world: World, first: int, days: int, warm: int) -> Run:
    def ask(body: bytes) -> bytes:
        return engine.decisions.answer(_SOURCE, body)

    answering: Ask = ask
    policy = POLICIES["detak"](world, answering)
    live = Counted(world, policy, first, _STEP, first + warm * DAY_MS)
    told, lesson = [], None
    _stock(engine, world)
    engine.models.fit()
    for number in range(days * DAY_MS // _STEP):
        now = (first + number * _STEP) * 1000
        engine.decisions.clock = lambda now=now: now
        lines = live.advance()
        for batch in batches(lines):
            engine.take(_SOURCE, b'{"batch":[' + b",".join(batch) + b"]}", imported=False).result(timeout=300)
        day, part = divmod(number + 1, DAY_MS // _STEP)
        if not part and (day in _EARLY or day % 7 == 0):  # as the beat does: fit, and learn
            engine.models.fit()
            lesson = engine.decisions.learn(seed=1)
            told.append(_said(day, lesson))
    shares = _whom(engine, world, lesson.offers) if lesson and lesson.offers else {}
    return _told(live, world, told, shares, policy)


def _said(day: int, lesson: Lesson) -> str:
    offers = lesson.offers
    order = f"day {day}: order {lesson.order.why}"
    if not offers:
        return order
    return f"{order}, offers {offers.book.rule} (p {offers.p:.3f}, at least {offers.average:+.4f} orders a visit)"


def _stock(engine: Engine, world: World) -> None:
    """The shop's products, as a shop tells them."""
    goods, kinds = world.goods, categories()
    rows = [
        {
            "id": one,
            "name": goods.name[at],
            "price": {"amount": int(goods.price[at]), "currency": "IDR"},
            "category": [kinds[int(goods.category[at])].name],
        }
        for at, one in enumerate(goods.product_id)
    ]
    engine.catalogue.put(rows, "api")


def _whom(engine: Engine, world: World, learnt: Learnt) -> dict[str, float]:
    """Of the money that the last book would spend, the share that goes to each kind of person; beside it the same money
    given to the likeliest buyers, and to everybody alike."""
    kinds = _kinds(engine, world)
    book = learnt.book
    cost = book.cost[:, 0] if book.cost.size else np.zeros(0)
    persuadable = np.array([kinds.get(int(one)) == "persuadable" for one in book.subjects])
    if not len(cost):
        return {}
    budget = 0.3 * cost.sum()
    uplift = book.value[:, 0] - book.price * cost
    likely = learnt.anyway
    return {
        "all_alike": float((cost * persuadable).sum() / cost.sum()),
        "by_response": _share(-likely, cost, persuadable, budget),
        "by_uplift": _share(-uplift, cost, persuadable, budget),
    }


def _share(order: Any, cost: Any, wanted: Any, budget: float) -> float:
    """Spending the budget in that order, the share that goes to those wanted."""
    ranked = np.argsort(order, kind="stable")
    spent = np.cumsum(cost[ranked])
    chosen = ranked[spent <= budget]
    return float((cost[chosen] * wanted[chosen]).sum() / max(cost[chosen].sum(), 1e-9))


def _kinds(engine: Engine, world: World) -> dict[int, str]:
    """Subject -> what kind of person the world made them. Only this benchmark may look."""
    names = {}
    for at, kind in enumerate(world.people.uplift.tolist()):
        names |= dict.fromkeys([("user", f"u{at}"), ("anonymous", f"a{at}-0"), ("anonymous", f"a{at}-1")], UPLIFT[kind])
    return {subject: names[one] for one, subject in engine._vault.lookup(names).items()}


def _told(live: Counted, world: World, learnt: list[str], shares: dict[str, float], policy: Any) -> Run:
    revenue = live.subtotal - live.discount
    profit = MARGIN * live.subtotal - live.discount
    kinds = world.people.uplift
    total = live.promised.sum()
    given = (
        {f"given_to_{UPLIFT[at]}": float(live.promised[kinds == at].sum() / total) for at in range(len(UPLIFT))}
        if total
        else {}
    )
    return Run(
        revenue,
        profit,
        live.seen,
        live.promised,
        live.pages,
        live.clicks,
        live.carts,
        learnt,
        {**shares, **given},
        policy.asked,
        policy.unanswered,
    )


def _summary(runs: list[Run], bases: Mapping[str, list[Run]]) -> dict[str, Any]:
    pages = [one.pages > 0 for one in runs]
    found: dict[str, Any] = {
        f"likely_{what}_a_page": _interval(
            np.concatenate(
                [getattr(one, what)[there] / one.pages[there] for one, there in zip(runs, pages, strict=True)]
            )
        )
        for what in ("clicks", "carts")
    }
    for what in ("revenue", "profit"):
        each = np.concatenate([getattr(one, what)[one.seen] for one in runs])
        found[f"{what}_per_visitor"] = _interval(each)
        found |= {f"{what}_beside_{name}": _beside(runs, base, what) for name, base in bases.items()}
    found["discounts"] = round(float(sum(one.promised.sum() for one in runs)))
    found["asked"], found["unanswered"] = sum(one.asked for one in runs), sum(one.unanswered for one in runs)
    found["shares"] = [one.shares for one in runs]
    found["learnt"] = [one.learnt for one in runs]
    return found


def _beside(runs: list[Run], base: list[Run], what: str) -> dict[str, Any]:
    """How much more than under another policy, by visitor: percent of its mean with an interval, and by seed."""
    pairs = [(getattr(one, what), getattr(other, what), other.seen) for one, other in zip(runs, base, strict=True)]
    more = np.concatenate([theirs[seen] - others[seen] for theirs, others, seen in pairs])
    mean = float(np.concatenate([others[seen] for _, others, seen in pairs]).mean())
    return {
        "percent": _interval(100 * more / mean),
        "by_seed": [round(100 * float(theirs.sum() / others.sum() - 1), 2) for theirs, others, _ in pairs],
    }


def _interval(each: Any) -> list[float]:
    """Mean, and a 95% interval."""
    mean, wide = float(each.mean()), _NORMAL_95 * float(each.std(ddof=1)) / len(each) ** 0.5
    digits = 0 if mean > 100 else 3
    return [round(one, digits) for one in (mean, mean - wide, mean + wide)]


if __name__ == "__main__":
    print(json.dumps(run(Path()), indent=2))
