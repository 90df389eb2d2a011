"""The models that a blend is made of, and how they are fitted together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from detak.recommend.base import Interactions
from detak.recommend.ease import Ease
from detak.recommend.followed import Followed, weighed
from detak.recommend.links import Links
from detak.recommend.pairs import ByItem

Members = Mapping[str, Followed | Ease]

_MANY: Final = 200_000  # products: of so many each speaks for fewer


def members(items: int) -> Members:
    """The models that are blended for so many products, before they are tuned."""
    made: Members = {
        "after": Followed(),
        "shared": Followed(discount=0.9, decay=0.8, sharing=0.5),
        "next": Followed(discount=0.5, decay=0.4, window=1),
        "beside": Followed(discount=1.0, before=1.0, sharing=0.25, window=50),
        "further": Followed(discount=1.0, before=1.0, sharing=0.25, window=50, further=True, keep=50),
        "earlier": Followed(after=0.0, before=1.0),
        "ease": Ease(),
    }
    return made if items <= _MANY else {name: replace(one, keep=one.keep // 2) for name, one in made.items()}


def fitted(some: Members, data: Interactions, touches: ByItem | None = None) -> dict[str, Links]:
    """All of them on the same data; those that count pairs alike share one count. ``touches``: the data's, if they are
    sorted already."""
    touches = touches or ByItem.of(data)
    alike: dict[tuple[float, ...], dict[str, Followed]] = {}
    found: dict[str, Links] = {}
    for name, one in some.items():
        if isinstance(one, Followed):
            alike.setdefault(one.counting, {})[name] = one
        else:
            found[name] = one.fit(data)
    for group in alike.values():
        weights = weighed(list(group.values()), touches)
        found |= {name: Links(weight, group[name].decay) for name, weight in zip(group, weights, strict=True)}
    return {name: found[name] for name in some}
