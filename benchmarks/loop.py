"""The loop closed in the simulated shop: what a visitor brings in under each policy, and whom the discounts went to.

Each policy meets the same people on the same days. The engine sees events alone; who is moved by a discount is the
world's secret until the end. What came of a run hangs on chance as much as a real shop's figures do; what was to be
expected of what each visit was shown is told beside it (``loop_worth``).

    python -m benchmarks.loop --seeds 1 --keep DIR

runs one seed and keeps what came of it; without ``--seeds`` the kept ones are put together.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from benchmarks.loop_whom import Taught, estimated, made, whom, worth
from benchmarks.loop_worth import MARGIN, Seen, seen, together
from detak.consent import Basis
from detak.deciding.deciding import Lesson
from detak.engine import Engine
from detak.settings import Settings, SourceSettings
from detak.simulate.browsing import LOOK, adding, tempting
from detak.simulate.config import DAY_MS, WORLDS
from detak.simulate.goods import categories
from detak.simulate.live import Live
from detak.simulate.policies import POLICIES, Ask
from detak.simulate.scene import Scene
from detak.simulate.sending import batches
from detak.simulate.world import World

SEEDS: Final = (1, 2, 3)
FRESH: Final = (11, 12, 13, 14, 15, 16)
"""Nothing was chosen on these."""
NAMES: Final = ("none", "popular", "detak", "detak_without_offers")
_STEP: Final = DAY_MS // 4
_SOURCE: Final = "loop"
_EARLY: Final = (1, 3)
"""Days after which models are fitted, beside each seventh."""
_OFFER: Final = 0.15
_RULES: Final = f"""
[offers]
budget = {{budget}}
margin = {MARGIN}
margin_floor = 0.1
holdout = 0.1
trial = {{trial}}
most = 7
days = 7
offer = [{{{{name = "hemat", discount = {_OFFER}, code = "HEMAT15"}}}}]
"""
_ALIKE: Final = """
[placements.default.page]
price = 0.0
"""
_SETTINGS: Final = Settings(
    sources={_SOURCE: SourceSettings(Basis.CONSENT, private_key=True)}, refit_minutes=0, late_days=366
)
_NORMAL_95: Final = 1.959964


class Size(NamedTuple):
    """Of a run."""

    shoppers: int = 1_600
    days: int = 42
    warm: int = 14
    """Days that do not count."""
    last: date | None = None
    """The day after the last one; None: today."""
    budget: int = 200_000
    """Rupiah a day."""
    trial: float = 0.4


_USUAL: Final = Size()


class Counted(Live):
    """A live world that keeps count of what each visitor brought in."""

    def __init__(self, world: World, policy: Any, size: Size, offer: float = 0.0) -> None:
        first = world.config.midnight(0)
        super().__init__(world, policy, first, _STEP)
        self.since = first + size.warm * DAY_MS
        self._offer, self._played = offer, 0
        self.shown: list[Seen] = []
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
            self._played += 1
            self.shown.append(seen(self._world, day, visits, showing, (self._played, self._offer)))
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


class Run(NamedTuple):
    """One policy in one world: by person, of those seen after the first days."""

    sums: Mapping[str, Any]
    """Name -> Rupiah, or how many."""
    told: dict[str, Any]
    """What was learnt, whom offers went to."""

    def keep(self, file: Path) -> None:
        """Write it down."""
        np.savez(file, told=np.array(json.dumps(self.told)), **self.sums)

    @classmethod
    def kept(cls, file: Path) -> "Run":
        """What was written."""
        with np.load(file) as found:
            sums = {name: found[name] for name in found.files if name != "told"}
            return cls(sums, json.loads(str(found["told"])))


def run(
    _: Path,
    size: Size = _USUAL,
    seeds: tuple[int, ...] = SEEDS,
    keep: Path | None = None,
    names: tuple[str, ...] = NAMES,
) -> dict[str, Any]:
    """All policies in all worlds."""
    began = time.monotonic()
    found: dict[str, list[Run]] = {name: [] for name in names}
    for seed in seeds:
        for name, runs in found.items():
            runs.append(_once(name, seed, size, keep))
    bases = {one: runs for one, runs in found.items() if one != "detak"}
    return {
        **size._asdict(),
        "last": str(_last(size)),
        "margin": MARGIN,
        "policies": {name: _summary(runs, bases) for name, runs in found.items()},
        "seconds": round(time.monotonic() - began),
    }


def prices(_: Path, shoppers: int = 400, days: int = 42, warm: int = 14) -> dict[str, Any]:
    """Pages without offers where a click counts by the price as usual, beside those where all prices count alike."""
    names = ("popular", "detak_all_prices_alike", "detak_without_offers")
    size = Size(shoppers, days, warm)
    found = {name: [_run(name, seed, size) for seed in FRESH] for name in names}
    bases = {"all_prices_alike": found["detak_all_prices_alike"], "popular": found["popular"]}
    summed = {name: _summary(runs, bases) for name, runs in found.items()}
    return {"seeds": FRESH, "shoppers": shoppers, "days": days, "counted_from_day": warm, "policies": summed}


def _last(size: Size) -> date:
    return size.last or datetime.now(UTC).date()


def _once(name: str, seed: int, size: Size, keep: Path | None) -> Run:
    """A run, or what is kept of it."""
    if keep is None:
        return _run(name, seed, size)
    file = keep / f"{name}-{seed}-{size.shoppers}-{size.days}.npz"
    if not file.exists():
        _run(name, seed, size).keep(file)
    return Run.kept(file)


def _run(name: str, seed: int, size: Size) -> Run:
    start = _last(size) - timedelta(days=size.days + 1)
    config = msgspec.structs.replace(
        WORLDS["confounded"], seed=seed, shoppers=size.shoppers, days=size.days + 2, start=start, campaign_every=0
    )
    world = World.make(config)
    if not name.startswith("detak"):
        live = Counted(world, POLICIES[name](world, None), size)
        for _ in live.ticks(world.config.midnight(0) + size.days * DAY_MS):
            pass
        return _told(live, {})
    rules = {"detak": _RULES.format(budget=size.budget, trial=size.trial), "detak_all_prices_alike": _ALIKE}
    with _engine(seed, rules.get(name, "")) as engine:
        return _closed(engine, world, size, _OFFER if name == "detak" else 0.0)


@contextmanager
def _engine(seed: int, rules: str) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.toml").write_text(rules)
        with Engine(Path(folder), _SETTINGS) as engine:
            engine.decisions.draw_from(seed)
            yield engine


def _closed(engine: Engine, world: World, size: Size, offer: float) -> Run:
    def ask(body: bytes) -> bytes:
        return engine.decisions.answer(_SOURCE, body)

    answering: Ask = ask
    policy: Any = POLICIES["detak"](world, answering)
    policy._pool = _InTurn()
    live = Counted(world, policy, size, offer)
    first = world.config.midnight(0)
    said, lessons = [], []
    _stock(engine, world)
    engine.models.fit()
    for number in range(size.days * DAY_MS // _STEP):
        now = (first + number * _STEP) * 1000
        engine.decisions.clock = lambda now=now: now
        lines = live.advance()
        for batch in batches(lines):
            engine.take(_SOURCE, b'{"batch":[' + b",".join(batch) + b"]}", imported=False).result(timeout=300)
        day, part = divmod(number + 1, DAY_MS // _STEP)
        if not part and (day in _EARLY or day % 7 == 0):  # as the beat does: fit, and learn
            engine.models.fit()
            lesson = engine.decisions.learn(seed=1)
            said.append(_said(day, lesson))
            if lesson.offers:
                lessons.append(Taught(first + day * DAY_MS, lesson.offers))
    told: dict[str, Any] = {"learnt": said}
    if lessons:
        visits, decided = together(live.shown), made(engine, first + (size.days + 1) * DAY_MS)
        told["whom"] = whom(world, visits, decided, lessons)
        told["worth"] = worth(visits, decided, lessons[-1])
        told["by_estimates"] = estimated(engine, world, lessons[-1].learnt)
    return _told(live, told)


class _InTurn:
    """Answers come one after another: what chance decides then follows from the seed."""

    map = staticmethod(map)


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


def _told(live: Counted, told: dict[str, Any]) -> Run:
    shown = together(live.shown)
    counts = np.flatnonzero(shown.start >= live.since)
    people = len(live.seen)
    given, plain = (one.at(counts).summed(shown.person[counts], people) for one in (shown.given, shown.plain))
    sums = {
        "revenue": live.subtotal - live.discount,
        "profit": MARGIN * live.subtotal - live.discount,
        "seen": live.seen,
        "pages": live.pages,
        "clicks": live.clicks,
        "carts": live.carts,
        "promised": live.promised,
        "expected_revenue": given.revenue,
        "expected_profit": given.profit,
        "offers_revenue": given.revenue - plain.revenue,
        "offers_profit": given.profit - plain.profit,
    }
    return Run(sums, {**told, "asked": live._policy.asked, "unanswered": live._policy.unanswered})


_MONEY: Final = ("revenue", "profit", "expected_revenue", "expected_profit")


def _summary(runs: list[Run], bases: Mapping[str, list[Run]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for what in ("clicks", "carts"):
        each = [one.sums[what][one.sums["pages"] > 0] / one.sums["pages"][one.sums["pages"] > 0] for one in runs]
        found[f"likely_{what}_a_page"] = _interval(np.concatenate(each))
    for what in (*_MONEY, "offers_revenue", "offers_profit"):
        found[f"{what}_per_visitor"] = _interval(np.concatenate([one.sums[what][one.sums["seen"]] for one in runs]))
    for what in _MONEY:
        found |= {f"{what}_beside_{name}": _beside(runs, base, what) for name, base in bases.items()}
    found["discounts"] = round(float(sum(one.sums["promised"].sum() for one in runs)))
    found["visitors"] = int(sum(one.sums["seen"].sum() for one in runs))
    found["told"] = [one.told for one in runs]
    return found


def _beside(runs: list[Run], base: list[Run], what: str) -> dict[str, Any]:
    """How much more than under another policy, by visitor: percent of its mean with an interval, and by seed."""
    pairs = [(one.sums[what], other.sums[what], other.sums["seen"]) for one, other in zip(runs, base, strict=True)]
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


def _main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.loop")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--policies", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--keep", type=Path, help="a folder for what came of each run")
    parser.add_argument("--last", type=date.fromisoformat, help="the day after the last one; without it today")
    for name in ("shoppers", "days", "warm", "budget"):
        parser.add_argument(f"--{name}", type=int, default=getattr(_USUAL, name))
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    size = Size(options.shoppers, options.days, options.warm, options.last, options.budget)
    found = run(Path(), size, tuple(options.seeds), options.keep, tuple(options.policies))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    _main()
