"""A blend as the compiled kernel answers it (``kernel/blend.c``): what ``Voices`` and ``Ranker`` say, far sooner.

The sums are those of ``Voices``, to the bit. Logarithms and the sums of the ranker are rounded otherwise: scores agree
to about 1e-5, and products as near one another as that may change places.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, Self

import numpy as np

from detak.kernel.calling import DONE, POINTER, Lists, Matrix, Rooms, address, flat, matrix_of
from detak.kernel.library import library
from detak.recommend.base import Crowd, Floats, Ints32, Scored
from detak.recommend.candidates import FAR, KNOWN, SMALL, SPOKEN, Told, Voices
from detak.recommend.compiled_rows import Answer, Asked, Way, best
from detak.recommend.ranker import Ranker

_TILE: Final = 16  # as in blend.c
_ARRAYS: Final = ("model", "fade_start", "fade", "popular", "fame", "standing", "inner", "shift", "outer", "least")


class _Blend(ctypes.Structure):
    _fields_ = (
        ("matrix", Matrix),
        *((name, ctypes.c_int32) for name in ("models", "slots", "nominees", "known", "far", "units")),
        *((name, POINTER) for name in _ARRAYS),
    )


class _Told(ctypes.Structure):
    _fields_ = tuple((name, POINTER) for name in ("item", "features", "many"))


@dataclass(frozen=True)
class CompiledBlend:
    """Answers as ``Voices`` and ``Ranker`` do; any thread asks it. ``ranker`` None: what the models say is added up."""

    kernel: ctypes.CDLL
    matrix: Matrix
    voices: Voices
    ranker: Ranker | None

    @classmethod
    def of(cls, voices: Voices, ranker: Ranker | None) -> Self | None:
        """None where there is no compiled kernel."""
        kernel, stack = library(), voices.stack
        matrix = matrix_of(stack.begin, stack.item, stack.value, stack.items) if kernel else None
        return cls(kernel, matrix, voices, ranker) if kernel and matrix else None

    def best(self, crowd: Crowd, k: int, page: int | None, *, again: bool) -> list[Scored]:
        """The best ``k`` for each; products that are not known here are passed over. ``page``: the product whose page
        they all are on."""
        return best(crowd, Way(min(k, self._capacity), again, page), partial(self._ask, self.kernel.detak_blend_answer))

    def told(self, histories: Sequence[Ints32], *, again: bool) -> Told:
        """What is said to people who touched these, the last one last, to be ranked elsewhere."""
        people, places = len(histories), self._capacity
        item, features = np.empty((people, places), np.int32), np.empty((people, places, self._features), np.float32)
        many = np.zeros(people, np.int32)
        lists = Lists.of([*histories, *([np.zeros(0, np.int32)] * (people + 1))])
        answer = _Told(address(item), address(features), address(many))
        self._ask(self.kernel.detak_blend_told, Asked(*lists.at, people, 0, again, -1), answer)
        here = np.arange(places) < many[:, None]
        return Told(item[here], self._with_logarithms(features[here]), np.append(0, many.cumsum()))

    def _with_logarithms(self, features: Floats) -> Floats:
        """As ``Voices`` takes them, to the bit: what is learnt does not depend on the kernel."""
        found = np.ascontiguousarray(features.T)  # and as they lie in memory there
        values = slice(SPOKEN - 1, -KNOWN, SPOKEN)
        found[values] = np.log(found[values])
        found[-3:-1] = np.log1p(found[-3:-1])
        return found.T

    def _ask(self, call: Any, asked: Asked, answer: Answer | _Told) -> None:
        room = self._rooms.take(self._room)
        done = call(ctypes.byref(self._blend), ctypes.byref(asked), POINTER(room.at), ctypes.byref(answer))
        if done != DONE:
            raise ValueError("the rows of the fitted blend do not lie within their arrays: fit again")
        self._rooms.give(room)

    @property
    def _capacity(self) -> int:
        """How many candidates there may be for a person."""
        return (len(self.voices.names) + 1) * self.voices.nominees

    @property
    def _features(self) -> int:
        return len(self.voices.slots) * SPOKEN + KNOWN

    @cached_property
    def _rooms(self) -> Rooms:
        return Rooms()

    @cached_property
    def _room(self) -> int:
        size = self.kernel.detak_blend_room
        size.restype = ctypes.c_int64
        return int(size(ctypes.byref(self._blend)))

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """What the kernel reads, as it reads it."""
        voices = self.voices
        fades = [weight for _, weight in voices.slots]
        ends = np.cumsum([0, *map(len, fades)])
        return {
            "model": flat([at for at, _ in voices.slots], np.int32),
            "fade_start": flat(ends, np.int32),
            "fade": flat(np.concatenate(fades), np.float32),
            "popular": flat(voices.popular, np.int32),
            "fame": flat(voices.fame.T, np.float32),
            "standing": flat(voices.places.T, np.float32),
            **self._weights,
        }

    @property
    def _weights(self) -> dict[str, np.ndarray[Any, Any]]:
        """Those of the ranker, some units side by side; the last unit goes straight to the score."""
        weight, shift, outer = self._ranking
        more = -len(weight) % _TILE
        least = np.append(np.zeros(len(weight) - 1), -np.inf)
        inner = np.pad(weight, ((0, more), (0, 0))).reshape(-1, _TILE, weight.shape[1])
        units = {"shift": shift, "outer": outer, "least": least}
        padded = {name: flat(np.pad(one, (0, more)), np.float32) for name, one in units.items()}
        return {"inner": flat(inner.transpose(0, 2, 1), np.float32), **padded}

    @property
    def _ranking(self) -> tuple[Floats, Floats, Floats]:
        if self.ranker:
            weight, shift = self.ranker.folded
            outer = np.append(self.ranker.outer, np.float32(1))
            if weight.shape != (len(outer), self._features):
                raise ValueError("the ranker of the fitted blend is of other models: fit again")
            return weight, shift[:, 0], outer
        weight = np.zeros((1, self._features), np.float32)  # as ``Voices.plain`` has it
        weight[0, : len(self.voices.names) * SPOKEN : SPOKEN] = 1
        weight[0, -KNOWN] = SMALL
        return weight, np.zeros(1, np.float32), np.ones(1, np.float32)

    @cached_property
    def _blend(self) -> _Blend:
        voices, arrays = self.voices, self._arrays
        numbers = (len(voices.names), len(voices.slots), voices.nominees, len(arrays["popular"]), FAR)
        blend = _Blend(self.matrix, *numbers, len(arrays["shift"]), *(address(arrays[name]) for name in _ARRAYS))
        blend.kept = arrays
        return blend
