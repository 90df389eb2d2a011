"""Products by the name of a category, whichever level of the path it stands on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from detak.recommend.base import Ints, Ints32
from detak.recommend.content import Items


@dataclass(frozen=True)
class Categories:
    """Those of ``name[c]`` (lower case) are ``item[starts[c]:starts[c + 1]]``."""

    name: tuple[str, ...]
    starts: Ints
    item: Ints32

    @classmethod
    def of(cls, content: Items | None) -> Self:
        """The categories of products; None: none is known."""
        found: dict[str, list[int]] = {}
        for at, path in enumerate(content.category if content else ()):
            for name in dict.fromkeys(one.casefold() for one in path):
                found.setdefault(name, []).append(at)
        lengths = [len(some) for some in found.values()]
        item = np.array([one for some in found.values() for one in some], np.int32)
        return cls(tuple(found), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), item)

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """What ``arrays`` gave."""
        return cls(tuple(arrays["category"].tolist()), arrays["category_starts"], arrays["category_item"])

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """By name, all beginning with ``category``."""
        names = np.array(self.name, dtype=np.str_) if self.name else np.zeros(0, "U1")
        return {"category": names, "category_starts": self.starts, "category_item": self.item}

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: at for at, name in enumerate(self.name)}

    def products(self, name: str) -> Ints32:
        """The products of a category; none where there is no such category."""
        at = self._places.get(name.casefold())
        return np.zeros(0, np.int32) if at is None else self.item[self.starts[at] : self.starts[at + 1]]
