"""What a shop lays down for its shelves, placement by placement: products pinned, boosted, buried and hidden, quotas,
what is sold out or was bought before, how varied and how novel a shelf is. Read from TOML; ``arrange.py`` applies it.

    [placements.home.rules]
    diversity = 0.3
    pin = [{product = "P7", at = 1}]
    boost = [{brand = "Sekar", by = 1.5}]
    hide = [{category = "Dewasa"}]
    quota = [{label = "promo", at_least = 2}, {each = "brand", at_most = 3}]

A pin, boost, bury, hide or quota may have a ``from`` and an ``until`` (``span.py``).
"""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from itertools import combinations
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from detak.errors import RulesError
from detak.misfit import misfit
from detak.span import Dated, reader

DEFAULT: Final = "default"
"""The placement whose rules count where a placement has none of its own."""

_VARIETY: Final = 0.1
Name = Annotated[str, Meta(min_length=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Position = Annotated[int, Meta(ge=1, le=1_000)]


class Match(Dated, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which products: those of which everything that is said here is true. Something must be said."""

    products: tuple[Name, ...] | None = None
    """These ids."""
    category: Name | None = None
    """The name of a category anywhere on the product's path, in capitals or not."""
    brand: Name | None = None
    label: Name | None = None
    """One of the shop's own labels, such as ``promo``."""
    price_from: Annotated[float, Meta(ge=0)] | None = None
    """Major units of the shop's currency, as is ``price_to``; both are within."""
    price_to: Annotated[float, Meta(ge=0)] | None = None

    @property
    def says(self) -> bool:
        """Whether anything is said to know the products by."""
        return any(getattr(self, name) is not None for name in MATCHED)


MATCHED: Final = tuple(name for name in Match.__struct_fields__ if name not in Dated.__struct_fields__)


class Pin(Dated, frozen=True, forbid_unknown_fields=True):
    """A product that stands at one position of the shelf, counted from 1."""

    product: Name
    at: Position


class Boost(Match, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Products whose score counts ``by`` times as much."""

    by: Annotated[float, Meta(ge=1, le=100)]


class Bury(Match, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Products whose score counts only ``by`` of what it is; 0: they stand behind all others."""

    by: Annotated[float, Meta(ge=0, le=1)] = 0.0


class Quota(Match, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many of some products a shelf holds: at least, as far as there are any; at most, whatever they score."""

    each: Literal["brand", "category"] | None = None
    """Not of matched products, but of each brand, or each category (the whole path)."""
    at_least: Annotated[int, Meta(ge=0, le=1_000)] = 0
    at_most: Annotated[int, Meta(ge=1, le=1_000)] | None = None


class New(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Places for products that nobody knows yet; see ``newcomers``."""

    share: Annotated[float, Meta(ge=0, le=0.5)] = 0.1
    """Of a shelf's places, at most; 0: none. Of fewer than ten places a tenth is none."""
    days: Annotated[int, Meta(ge=1, le=366)] = 30
    """How long a product is new, from when the shop began to offer it (``listed``)."""
    touches: Annotated[int, Meta(ge=1, le=1_000_000)] = 20
    """After so many it is known, and stands where models have it stand."""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rules of one placement."""

    pin: tuple[Pin, ...] = ()
    boost: tuple[Boost, ...] = ()
    bury: tuple[Bury, ...] = ()
    hide: tuple[Match, ...] = ()
    quota: tuple[Quota, ...] = ()
    sold_out: Literal["hide", "bury", "show"] = "hide"
    """What becomes of products that cannot be had now."""
    purchased_days: Annotated[int, Meta(ge=0)] = 60
    """A product that the person bought within so many days is left out, unless it is due again; 0: none is."""
    diversity: Share | None = None
    """How much it weighs against a product that it is like those above it; where nothing is said, see ``variety``."""
    novelty: Share = 0.0
    """How much it weighs for a product that few have touched."""
    new: New = New()

    @property
    def dated(self) -> list[Dated]:
        """All that may hold for a while only."""
        return [*self.pin, *self.boost, *self.bury, *self.hide, *self.quota]

    def at(self, now: int) -> "Rules":
        """Those that hold at a moment (microseconds since 1970, UTC)."""
        if all(one.holds(now) for one in self.dated):
            return self
        return replace(self, **{name: tuple(one for one in getattr(self, name) if one.holds(now)) for name in _LISTED})

    @property
    def variety(self) -> float:
        """``diversity``, where it is said; else what shelves have by themselves."""
        return _VARIETY if self.diversity is None else self.diversity


_LISTED: Final = ("pin", "boost", "bury", "hide", "quota")


class PlacementRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says of one placement."""

    rules: Rules = Rules()


class RulesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``rules.toml``."""

    placements: dict[Name, PlacementRules] = {}

    def of(self, placement: str) -> Rules:
        """The rules of a placement: its own, else those of ``default``, else the built-in ones."""
        found = self.placements.get(placement) or self.placements.get(DEFAULT)
        return found.rules if found else Rules()


def rules_in(tree: dict[str, Any], file: str = "rules.toml", zone: tzinfo = UTC) -> RulesFile:
    """The rules of a file that is read already; ``zone``: by whose clock its days begin.

    Raises:
        RulesError: it says something that is no rule; the message names the file and the key.
    """
    raw = _read(tree, _Raw, f"{file}: ", zone)
    found = {name: _placement(table, f"{file}: placements.{name}", zone) for name, table in raw.placements.items()}
    return RulesFile(found)


_Told = TypeVar("_Told", bound=msgspec.Struct)


class _Raw(msgspec.Struct, forbid_unknown_fields=True):
    placements: dict[Name, dict[str, Any]] = {}


def _placement(table: dict[str, Any], where: str, zone: tzinfo) -> PlacementRules:
    # One by one: msgspec does not say under which key of a table something is wrong.
    found = _read(table, PlacementRules, f"{where}.", zone)
    checked(found.rules, f"{where}.rules")
    return found


def _read(tree: Any, kind: type[_Told], where: str, zone: tzinfo) -> _Told:
    try:
        return msgspec.convert(tree, kind, dec_hook=reader(zone))
    except msgspec.ValidationError as error:
        found = misfit(error, kind)
        key = f"{where}{found.path}" if found.path else where.rstrip(": .")
        raise RulesError("at", {"where": key, "what": found}) from None


def checked(rules: Rules, where: str) -> Rules:
    """The rules, once they are seen to make sense together.

    Raises:
        RulesError: they do not; the message begins with ``where`` and the key.
    """
    for key in ("boost", "bury", "hide"):
        for at, match in enumerate(getattr(rules, key)):
            if not match.says:
                raise RulesError("rules_of_nothing", {"where": f"{where}.{key}[{at}]", "known": ", ".join(MATCHED)})
        _upward(getattr(rules, key), f"{where}.{key}")
    _upward(rules.quota, f"{where}.quota")
    for at, quota in enumerate(rules.quota):
        if problem := _problem(quota):
            told = {"at_least": quota.at_least, "at_most": quota.at_most, "known": ", ".join(MATCHED)}
            raise RulesError(problem, {"where": f"{where}.quota[{at}]", **told})
    for key in _LISTED:
        forward(getattr(rules, key), f"{where}.{key}")
    for one, other in combinations(rules.pin, 2):
        if one.meets(other) and one.at == other.at:
            raise RulesError("rules_one_position", {"where": f"{where}.pin", "at": one.at})
        if one.meets(other) and one.product == other.product:
            raise RulesError("rules_two_positions", {"where": f"{where}.pin", "product": one.product})
    return rules


def _upward(some: Sequence[Match], where: str) -> None:
    for at, one in enumerate(some):
        low, high = one.price_from, one.price_to
        if low is not None and high is not None and low > high:
            told = {"low": f"{low:.12g}", "high": f"{high:.12g}"}
            raise RulesError("rules_price_reversed", {"where": f"{where}[{at}]", **told})


def forward(some: Sequence[Dated], where: str) -> None:
    """See to it that everything begins before it ends.

    Raises:
        RulesError: one does not; the message begins with ``where`` and its place.
    """
    for at, one in enumerate(some):
        if one.begins is not None and one.ends is not None and one.begins >= one.ends:
            told = {"where": f"{where}[{at}]", "until": str(one.until), "start": str(one.start)}
            raise RulesError("rules_backward", told)


def _problem(quota: Quota) -> str | None:
    """What is wrong with a quota, if anything: a key of the texts."""
    if quota.each and (quota.says or quota.at_least):
        return "rules_each_alone"
    if not quota.each and not quota.says:
        return "rules_quota_of_nothing"
    if not quota.at_least and quota.at_most is None:
        return "rules_no_quota"
    if quota.at_most is not None and quota.at_least > quota.at_most:
        return "rules_quota_reversed"
    return None
