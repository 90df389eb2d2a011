"""Who fills the home page of a live run: the shop's own order, what sold in this run, or the engine's decisions."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import msgspec
import numpy as np

from detak.event import NULL
from detak.simulate.browsing import Showing
from detak.simulate.pieces import quoted, texts
from detak.simulate.scene import Scene, shelf_showing
from detak.simulate.timeline import Senders
from detak.simulate.visits import Visits
from detak.simulate.world import HOME, World

_AT_ONCE: Final = 8
_PATIENCE: Final = 10  # decisions in a row without an answer, after which one of a block is asked, to see if it is back


class Policy(Protocol):
    """Fills the home page."""

    asked: int
    """Decisions asked for."""
    unanswered: int
    """Those that did not come: the shop's own order was shown."""

    def fill(self, day: int, visits: Visits, senders: Senders) -> Showing:
        """What each visit is shown."""

    def learn(self, scene: Scene) -> None:
        """What came of it."""


class Slate(msgspec.Struct):
    """One product of a decision."""

    product_id: str


class Decision(msgspec.Struct):
    """What an engine shows in one placement, as far as a shopper sees it."""

    decision_id: str
    slate: list[Slate] = []
    promotion: msgspec.Raw = NULL


class Decisions(msgspec.Struct):
    """The answer of ``POST /v1/decide``."""

    decisions: list[Decision]


Ask = Callable[[bytes], bytes | None]
"""Sends the body of a question for a decision; None: it was not answered."""


class OwnOrder:
    """The shop's own order, the same for everyone."""

    def __init__(self, world: World, _: Ask | None = None) -> None:
        self._world = world
        self.asked = self.unanswered = 0

    def fill(self, day: int, visits: Visits, senders: Senders) -> Showing:  # noqa: ARG002
        return shelf_showing(self._world, day, len(visits))

    def learn(self, scene: Scene) -> None:
        """Nothing."""


class Popular:
    """What sold most in this very run, then the shop's own order."""

    def __init__(self, world: World, _: Ask | None = None) -> None:
        self._world = world
        self._sold = np.zeros(len(world.goods.price), np.int64)
        self.asked = self.unanswered = 0

    def fill(self, day: int, visits: Visits, senders: Senders) -> Showing:  # noqa: ARG002
        best = np.argsort(-self._sold, kind="stable")[:HOME]
        best = best[self._sold[best] > 0]
        own = self._world.home(day)
        slate = np.concatenate([best, own[~np.isin(own, best)]])[:HOME]
        return Showing(np.tile(slate, (len(visits), 1)), np.zeros(len(visits)))

    def learn(self, scene: Scene) -> None:
        it = scene.checkout
        sold = it.outcome.bought[it.lines.cart]
        np.add.at(self._sold, it.lines.bought[sold], it.lines.quantity[sold])


class Decided:
    """What the engine decides for each visitor; the shop's own order where it does not answer."""

    def __init__(self, world: World, ask: Ask | None = None) -> None:
        self._world = world
        self._ask = ask
        self._index = {key: place for place, key in enumerate(world.goods.product_id)}
        self._pool = ThreadPoolExecutor(_AT_ONCE, "detak-decide")
        self._silent = 0
        self.asked = self.unanswered = 0

    def fill(self, day: int, visits: Visits, senders: Senders) -> Showing:
        own = shelf_showing(self._world, day, len(visits))
        slate, discount, marks = own.slate.copy(), own.discount.copy(), [""] * len(visits)
        here = np.flatnonzero(visits.home).tolist()
        tried = here if self._silent < _PATIENCE else here[:1]
        answers = self._pool.map(self._decision, questions(senders, tried))
        for visit, answer in zip(tried, answers, strict=True):
            found = [] if answer is None else self._products(answer)
            self._silent = 0 if found else self._silent + 1
            if answer is None or not found:
                self.unanswered += 1
                continue
            slate[visit] = np.resize(np.array([*found, *([-1] * HOME)]), HOME)
            discount[visit] = discount_of(answer.promotion)
            marks[visit] = f',"decision_id":{quoted(answer.decision_id)}'
        self.asked += len(here)
        self.unanswered += len(here) - len(tried)
        return Showing(slate, discount, texts(marks))

    def learn(self, scene: Scene) -> None:
        """Nothing: the engine learns from the events."""

    def _decision(self, question: bytes) -> Decision | None:
        answer = self._ask(question) if self._ask else None
        try:
            decisions = msgspec.json.decode(answer, type=Decisions).decisions if answer else []
        except msgspec.MsgspecError:
            return None
        return decisions[0] if decisions else None

    def _products(self, decision: Decision) -> list[int]:
        known = (self._index.get(one.product_id) for one in decision.slate)
        return [one for one in known if one is not None][:HOME]


POLICIES: Final[Mapping[str, Callable[[World, Ask | None], Policy]]] = {
    "none": OwnOrder,
    "popular": Popular,
    "detak": Decided,
}


def questions(senders: Senders, visits: Sequence[int]) -> list[bytes]:
    """For each visit the body of ``POST /v1/decide``: by the account where it is signed in, else by the device."""
    bodies = []
    for visit in visits:
        known = int(senders.known_from[visit]) == 0
        who = f'"userId":{quoted(senders.user[visit].as_py())},' if known else ""
        who += f'"anonymousId":{quoted(senders.anonymous[visit].as_py())}'
        context = f'{{{senders.context[visit].as_py()},"page":{{"path":"/"}}}}'
        bodies.append(f'{{{who},"placements":[{{"name":"home","k":{HOME}}}],"context":{context}}}'.encode())
    return bodies


def discount_of(promotion: msgspec.Raw) -> float:
    """The part of the price that a promotion promises: ``{"discount": 0.1}``, ``{"percent": 10}``, 0.1 or 10."""
    found: Any = msgspec.json.decode(promotion)
    if isinstance(found, dict):
        found = next((found[key] for key in ("discount", "percent", "value") if key in found), None)
    if isinstance(found, bool) or not isinstance(found, int | float) or found <= 0:
        return 0.0
    return min(float(found) if found < 1 else float(found) / 100, 0.9)
