"""The intent of whoever is in the shop right now: the model learnt through the gate, kept, asked from memory."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import numpy as np

from detak.clock import to_micros
from detak.consent import Purpose
from detak.errors import StoreError
from detak.estimates.intent import Intent, Present, learn, levels_of, present, so_far
from detak.insights.intent import TOUCHES
from detak.insights.moments_of_visits import (
    moments,
    read_moments,
    read_present,
    reduce_moments,
    reduce_present,
    sampled,
)
from detak.recommend.content import Kind
from detak.snapshot import read, remove, write
from detak.subject import Identifier
from detak.trust.gate import Gate
from detak.trust.passages import Who

_DAY: Final = "day"
_NOTHING: Final = {name: np.zeros(0) for name in ("coefficients", "raw", "true")}  # too little happened to learn from
_log = logging.getLogger("detak.intentions")


class Intentions:
    """The chances of one shop. Any thread may ask; the engine's beat learns.

    Args:
        gate: the only door to people.
        path: where the model is kept.
        quietly: runs something where nothing is appended to the facts meanwhile.
    """

    def __init__(self, gate: Gate, path: Path, quietly: Callable[[Callable[[], None]], None]) -> None:
        self._gate = gate
        self._path = path
        self._quietly = quietly
        self._changing = threading.Lock()
        self._model: Intent | None = None
        self._closed = False
        self.forgotten = False
        """Somebody was forgotten since the last time it was learnt: it is to be learnt again, without them."""
        self.learnt: date | None = None
        """The day (UTC) on which it was learnt last, by this process or one before it; nobody was forgotten since."""
        try:
            if (arrays := read(path)) is not None:
                self._model = Intent.of(arrays)
                if _DAY in arrays and (self._model is not None or not len(arrays["coefficients"])):
                    self.learnt = date.fromordinal(int(arrays[_DAY]))
        except StoreError as error:  # it is learnt again
            _log.warning("%s", error)
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            _log.warning("%s: its parts do not fit each other (%s); it is learnt again", path, type(error).__name__)
            self._model = None

    def learn(self) -> bool:
        """Learn from what personalisation may use, of very much a part; whether there was enough. Where somebody is
        forgotten meanwhile, nothing is learnt: the next beat does it without them."""
        self.forgotten = False  # first: whoever is forgotten from now on may be in what is read
        with self._gate.events(Purpose.PERSONALISATION, before=datetime.now(UTC), why="intent") as granted:
            counted = granted.run(reduce_moments(moments(sampled(granted.facts, TOUCHES), TOUCHES)))
        model = learn(read_moments(counted))
        arrays = _NOTHING if model is None else model.arrays()
        today = datetime.now(UTC).date()
        with self._changing:
            if self.forgotten or self._closed:
                return False
            write(self._path, {**arrays, _DAY: np.array(today.toordinal())})
            self._model, self.learnt = model, today
        self.remember()
        return model is not None

    def remember(self) -> None:
        """See to it that what people touch is remembered, where there is a model that asks for it."""
        if self._model is not None and not self._gate.remembers:
            self._quietly(self._recall)

    def _recall(self) -> None:
        if not self._gate.remembers:  # another may have begun meanwhile
            self._gate.recall()

    def forget(self) -> None:
        """Let the model go: somebody who is in its counts was forgotten. It is learnt again without them."""
        with self._changing:
            self._model, self.learnt, self.forgotten = None, None, True
            remove(self._path)

    def close(self) -> None:
        """Keep nothing from now on: the store may be another process's."""
        with self._changing:
            self._closed = True

    def present(self, least: int) -> Present | None:
        """How many people are on a visit now and how many of them are likely to buy; None: nothing is learnt yet.

        Counts only, and none of a group smaller than ``least``.
        """
        model, now = self._model, datetime.now(UTC)
        if model is None:
            return None
        with self._gate.events(Purpose.PERSONALISATION, before=now, why="intent now") as granted:
            counted = granted.run(reduce_present(granted.facts, TOUCHES, now))
        return present(model, *read_present(counted), least)

    def chance(self, identifiers: Sequence[Identifier]) -> float | None:
        """That the visit that these people are on ends in a purchase.

        None: nothing is learnt yet, they are on no visit, or they refuse personalisation.
        """
        model, now = self._model, to_micros(datetime.now(UTC))
        if model is None:
            return None
        touches = self._gate.recent(Purpose.PERSONALISATION, [Who(identifiers)])[0].touches
        kind = touches.kind
        counted = so_far(touches.product, kind == Kind.CART, kind == Kind.BUY, touches.time, now)
        return None if counted is None else round(float(model.chances(levels_of(counted))[0]), 4)
