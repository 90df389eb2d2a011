"""What was fitted together, on the same data: every recommender's model, and the data itself, so that a person can be
taken out again. Immutable."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Final

import msgspec
import numpy as np

from detak.clock import from_micros
from detak.errors import CannotComputeError, StoreError
from detak.plugins import members
from detak.recommend.base import Chooser, Interactions, Model, Recommender
from detak.recommend.content import Details, Items, Place
from detak.snapshot import Array, Part, packed, parts_of, under, unpacked, within

_FORMAT: Final = 4
_LAST: Final = "popular"
# Who answers "for you": the first of them that there is.
_FIRST: Final = ("trending", _LAST)
_MAIN: Final = ("blend", "also_viewed", _LAST)
_PARTS: Final = (
    "directed",
    "ease",
    "followed",
)  # the blend fits such models itself, with settings chosen by validation
OPEN: Final = 3_600_000_000
"""Microseconds. The last touch of a visit that goes on may yet move, so choosing goes by what lies further back."""
_YOUNG: Final = 86_400_000_000 + OPEN  # microseconds
_GROWN: Final = 1.1  # times as many touches
_NOTE: Final = "note"
_COLUMNS: Final = ("person", "item", "time", "weight", "subjects")
_DETAILS: Final = ("kind", "order", "place")


class _Note(msgspec.Struct, frozen=True):
    """What the arrays do not say."""

    format: int
    made: int
    seconds: float
    reached: int
    chosen: int
    learnt: int
    parameters: dict[str, msgspec.Raw]
    places: list[Place]
    parts: dict[str, Part]
    """The arrays that were written together: others do not fit."""


@dataclass(frozen=True)
class Fitted:
    """The models of one moment."""

    made: int
    """When the facts were read: microseconds since 1970, UTC."""
    seconds: float
    """How long fitting took."""
    reached: int
    """The offset in the log that the facts had reached."""
    chosen: int
    """Settings were chosen by touches before this moment; as ``made``. 0: none were."""
    learnt: int
    """By how many."""
    data: Interactions
    recommenders: Mapping[str, Recommender]
    models: Mapping[str, Model]

    @property
    def version(self) -> str:
        """The model's name in answers: when it was made."""
        return f"{from_micros(self.made):%Y%m%dT%H%M%S.%fZ}"

    @property
    def provisional(self) -> bool:
        """Whether it is what a shop answers with until its first fit is done."""
        return not self.made or not self.chosen

    @property
    def main(self) -> str:
        """Which recommender answers for a person."""
        return next(name for name in _MAIN if name in self.models)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each product stands in ``data.items``."""
        return {one: place for place, one in enumerate(self.data.items)}

    @cached_property
    def touched(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """How often each of ``data.items`` was touched."""
        return np.bincount(self.data.item, minlength=len(self.data.items))

    def described(self, content: Items) -> "Fitted":
        """With what the catalogue says of the products, in the order of ``data.items``."""
        return replace(self, data=replace(self.data, content=content))

    def without(self, subjects: Iterable[int]) -> "Fitted":
        """As if these people had never been: fitted on everybody else, with the same parameters."""
        gone = np.flatnonzero(np.isin(self.data.subjects, list(subjects)))
        if not len(gone):
            return self
        return _whole(replace(self, data=shrunk(self.data.without(gone))))

    def arrays(self) -> dict[str, Array]:
        """All of it, to be kept on the disk."""
        data = self.data
        found = under("items", packed(data.items))
        details = data.details
        columns = {name: getattr(data, name) for name in _COLUMNS}
        columns |= {name: getattr(details, name) for name in _DETAILS} if details else {}
        found |= under("data", columns)
        for name, model in self.models.items():
            found |= under(f"model/{name}", model.arrays())
        parameters = {name: msgspec.Raw(msgspec.json.encode(one)) for name, one in self.recommenders.items()}
        places = list(details.places) if details else []
        told = (self.made, self.seconds, self.reached, self.chosen, self.learnt)
        note = _Note(_FORMAT, *told, parameters, places, parts_of(found))
        return {**found, _NOTE: np.frombuffer(msgspec.json.encode(note), np.uint8)}


def load(arrays: Mapping[str, Array]) -> Fitted:
    """What ``Fitted.arrays`` came from; what the products are is not among it.

    Raises:
        StoreError: the arrays are another version's, not all there, or not of one fit.
    """
    try:
        note = msgspec.json.decode(arrays[_NOTE].tobytes(), type=_Note)
        if note.format != _FORMAT:
            raise StoreError("the models are those of another version of Detak")
        if parts_of({name: one for name, one in arrays.items() if name != _NOTE}) != note.parts:
            raise StoreError("the parts of the models do not belong together; they are fitted again")
        data = _data(within("data", arrays), unpacked(within("items", arrays)), tuple(note.places))
        kinds = members("detak.recommend", "recommender")
        known = {name: told for name, told in note.parameters.items() if name in kinds}
        recommenders: dict[str, Recommender] = {
            name: msgspec.json.decode(told, type=kinds[name]) for name, told in known.items()
        }
        models = {
            name: one.load(kept) for name, one in recommenders.items() if (kept := within(f"model/{name}", arrays))
        }
    except (LookupError, TypeError, ValueError, AttributeError, msgspec.MsgspecError) as error:
        raise StoreError(f"the models cannot be read ({type(error).__name__})") from None
    return Fitted(note.made, note.seconds, note.reached, note.chosen, note.learnt, data, recommenders, models)


def _data(rows: Mapping[str, Array], items: tuple[str, ...], places: tuple[Place, ...]) -> Interactions:
    person, item, time, weight, subjects = (rows[name] for name in _COLUMNS)
    details = None
    if all(name in rows for name in _DETAILS):
        kind, order, place = (rows[name] for name in _DETAILS)
        details = Details(kind, order, place, places)
    return Interactions(person, item, time, weight, subjects, items, details)


def fit_all(data: Interactions, *, zone: str, made: int, reached: int, last: Fitted | None = None) -> Fitted:
    """Fit every recommender that fills a shelf on data that were read at ``made`` (microseconds since 1970, UTC).

    ``zone`` is the shop's; recommenders that tell hours apart go by it. ``last``: what was fitted before; as far as it
    still holds, what was chosen then is not chosen again.
    """
    kinds = members("detak.recommend", "recommender")
    told = {name: kind for name, kind in kinds.items() if name not in _PARTS}
    told = told if len(data.item) else {_LAST: kinds[_LAST]}  # of nobody, nothing is to be learnt
    recommenders: dict[str, Recommender] = {name: _made(kind, zone) for name, kind in told.items()}
    bare = Fitted(made, 0.0, reached, made - OPEN, 0, data, recommenders, {})
    if last is not None and holds(last, bare):
        return replace(bare, chosen=last.chosen, learnt=last.learnt, models=_each(bare, last.models))
    return _whole(bare)


def fit_first(data: Interactions, *, zone: str, made: int, reached: int) -> Fitted:
    """What is fitted in a moment, for a shop that has no models yet: what many turn to. As ``fit_all``."""
    kinds = members("detak.recommend", "recommender")
    recommenders = {name: _made(kinds[name], zone) for name in _FIRST}
    bare = Fitted(made, 0.0, reached, 0, 0, data, recommenders, {})
    return replace(bare, models=_each(bare, {}))


def _made(kind: type, zone: str) -> Recommender:
    made: Recommender = kind(zone=zone) if any(one.name == "zone" for one in fields(kind)) else kind()
    return made


def _whole(bare: Fitted) -> Fitted:
    """With models, everything chosen by the touches before ``chosen``; where there are none, by all."""
    data = bare.data
    kept = data.time < bare.chosen
    early = data.rows(kept) if kept.any() else data
    early = settled(shrunk(early.only(np.flatnonzero(early.lengths))))
    choosers = {name: one for name, one in bare.recommenders.items() if isinstance(one, Chooser)}
    chosen = {name: one.choose(early) for name, one in choosers.items()} if len(data.item) else {}
    return replace(bare, learnt=int(kept.sum()), models=_each(bare, chosen))


def _each(bare: Fitted, chosen: Mapping[str, Model]) -> dict[str, Model]:
    models: dict[str, Model] = {}
    data = settled(bare.data)
    for name, one in bare.recommenders.items():
        if len(data.item) or name == _LAST:
            with suppress(CannotComputeError):  # what it goes by is not known here: there is no such shelf
                models[name] = one.refit(data, chosen[name]) if isinstance(one, Chooser) else one.fit(data)
    return models


def holds(last: Fitted, now: Fitted) -> bool:
    """Whether what was chosen last time may stand: it is young, the shop has hardly grown since, and of the touches
    that it was chosen by none is gone: nobody in it refused, or was taken out, since."""
    young = now.made - last.chosen < _YOUNG
    small = 0 < int((now.data.time < now.made - OPEN).sum()) <= _GROWN * last.learnt
    return young and small and last.recommenders == now.recommenders and _there(last.data, now.data, last.chosen)


def _there(then: Interactions, now: Interactions, before: int) -> bool:
    """Whether each touch that there was before a moment is still there."""
    places = {one: place for place, one in enumerate(now.items)}
    number = np.array([places.get(one, -1) for one in then.items], np.int64)
    old, new = (
        np.unique(_mixed([item[rows], data.time[rows]]), return_counts=True)
        for data, item in ((then, number[then.item]), (now, now.item))
        for rows in (data.time < before,)
    )
    at = np.minimum(new[0].searchsorted(old[0]), max(len(new[0]) - 1, 0))
    return not len(old[0]) or (len(new[0]) > 0 and bool(((new[0][at] == old[0]) & (new[1][at] >= old[1])).all()))


def _mixed(columns: Sequence[Array]) -> Array:
    """A number for each row, of all its columns."""
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        mixed = (mixed ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def settled(data: Interactions) -> Interactions:
    """The people in an order that follows from what each did alone.

    Pseudonyms are drawn by chance, and who comes first decides whom a sample takes: so a shop that forgot somebody
    would not learn to the last bit what one learns that never met them.
    """
    place = np.arange(len(data.item)) - data.starts[data.person]
    told = (data.item, data.time, place, *((data.details.kind,) if data.details else ()))
    mixed = _mixed(told)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * np.uint64(0xBF58476D1CE4E5B9))])
    key = sums[data.starts[1:]] - sums[data.starts[:-1]]  # they wrap around, and the difference is right all the same
    home = data.details.place if data.details else np.zeros(data.people, np.int32)
    return data.only(np.lexsort((home, key)))


def shrunk(data: Interactions) -> Interactions:
    """Without the products and places that nobody is left to speak of: not even their names stay."""
    used = np.unique(data.item)
    number = np.full(len(data.items), -1, np.int32)
    number[used] = np.arange(len(used))
    content = part_of(data.content, used.tolist()) if data.content is not None else None
    items = tuple(data.items[one] for one in used.tolist())
    return replace(data, item=number[data.item], items=items, details=_seen(data.details), content=content)


def part_of(content: Items, used: Sequence[int]) -> Items:
    """Of these products alone."""
    return Items(
        tuple(content.ids[one] for one in used),
        tuple(content.name[one] for one in used),
        tuple(content.category[one] for one in used),
        tuple(content.brand[one] for one in used),
        content.price[list(used)],
        content.added[list(used)],
        tuple(content.labels[one] for one in used) if content.labels else (),
    )


def _seen(details: Details | None) -> Details | None:
    if details is None:
        return None
    used = np.unique(details.place[details.place >= 0])
    number: np.ndarray[Any, np.dtype[np.int32]] = np.full(len(details.places) + 1, -1, np.int32)
    number[used] = np.arange(len(used))
    return replace(details, place=number[details.place], places=tuple(details.places[one] for one in used.tolist()))
