"""``rules.toml``, the part that is about pages, offers and guardrails; ``recommend.rules`` reads the shelves' part.

[placements.home.page]
shelves = ["continue", "for_you", "trending", "new"]
margin = 0.3

[offers]
budget = 500_000
offer = [{name = "hemat", discount = 0.1, code = "HEMAT10", from = 2026-11-11, until = 2026-11-12T01:30:00}]

[guardrails]
sensitive = ["Kesehatan", "Dewasa"]
"""

import re
import tomllib
from datetime import UTC, tzinfo
from itertools import combinations
from math import isfinite
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from detak.errors import RulesError
from detak.misfit import Misfit, misfit, unknown
from detak.recommend.rules import PlacementRules, RulesFile, forward, rules_in
from detak.span import Dated, edges, reader

CONTINUE: Final = "continue"
FOR_YOU: Final = "for_you"
TRENDING: Final = "trending"
NEW: Final = "new"
OFFERS: Final = "offers"
TOGETHER: Final = "together"
PINNED: Final = "pinned"
"""Where products stand that the shop has put in their place."""
SHELVES: Final = (CONTINUE, FOR_YOU, TRENDING, NEW, OFFERS, TOGETHER)
PERSONAL: Final = frozenset((CONTINUE, FOR_YOU, TOGETHER))
"""Shelves that what is known of the person fills."""

TABLES: Final = ("placements", "offers", "guardrails")
OF_PLACEMENT: Final = ("rules", "page")
_DOTTED: Final = re.compile(r"^[^#\n]*\b(budget|price_from|price_to)\s*=\s*([1-9]\d{0,2}\.\d{3})\b", re.MULTILINE)
"""Half a million as Indonesians write it, 500.000, is five hundred in TOML."""
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=1_000)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class PageRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the page of one placement is made."""

    shelves: tuple[str, ...] = SHELVES
    shelf: Annotated[int, Meta(ge=1, le=100)] = 6
    """Products of a shelf at most."""
    shelf_share: Share = 0.6
    """No shelf holds more of the page while there is anything else worth showing: a short page is not all of a kind."""
    category_share: Share = 0.5
    """No category holds more of the page while there is anything else."""
    margin: Annotated[float, Meta(ge=0, le=10)] = 0.2
    """How much more a product with the best margin is worth than one with none; 0: margins do not matter."""
    price: Share = 0.5
    """How much prices count: a click on a product of twice the price is worth 2 to the power of this; 0: all alike."""
    stock: Annotated[float, Meta(ge=0, le=10)] = 0.0
    """How much more a product with the most stock is worth."""
    explore: Share = 0.05
    """Share of the pages on which another order is tried."""
    most_loss: Share = 0.1
    """No order is tried that is worth less than this much below the best."""
    offers: bool = True
    """Whether an offer may go with it."""


class Offer(Dated, frozen=True, forbid_unknown_fields=True):
    """A discount that anybody can have who knows its code, while it holds; the offers page lists them all."""

    name: Name
    discount: Annotated[float, Meta(gt=0, le=0.9)]
    """Part of the price."""
    code: str = ""


class OfferRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What discounts may cost, and how it is kept honest."""

    offer: tuple[Offer, ...] = ()
    budget: Annotated[float, Meta(ge=0)] = 0.0
    """Discounts a day, in major units of the shop's currency."""
    margin: Share = 0.3
    """What the shop earns of a price, where the catalogue does not say."""
    margin_floor: Share = 0.05
    """What must be left of a price after a discount: an offer that leaves less is never given."""
    holdout: Annotated[float, Meta(ge=0.01, le=0.9)] = 0.1
    """Share of people who get no offer, by chance: what the others' offers bring is measured against them."""
    trial: Annotated[float, Meta(ge=0, le=1)] = 0.2
    """Share of people whose offer chance decides: what effects are learnt from."""
    losing: Annotated[float, Meta(ge=0, le=1)] = 0.25
    """How much of the trial is left while an offer to everybody surely costs more than it brings."""
    most: Count = 3
    """Offers a person gets within ``days`` at most."""
    days: Annotated[int, Meta(ge=1, le=366)] = 7
    say: str = ""
    """What the offers page says beside the rule, in the shop's own words."""


_SENSITIVE: Final = (
    "kesehatan", "obat", "obat-obatan", "alat kesehatan", "kesehatan seksual", "dewasa", "agama", "ibadah", "politik",
    "health", "medicine", "medical", "sexual wellness", "adult", "religion", "faith", "politics",
    "kehamilan", "ibu hamil", "tes kehamilan", "kontrasepsi", "pregnancy", "contraception",
    "perlengkapan ibadah", "perlengkapan sholat", "perlengkapan salat", "mukena & perlengkapan sholat", "kitab suci",
    "al-quran", "alkitab", "buku agama", "buku islam", "buku rohani", "agama & filsafat", "religi & spiritual",
    "haji & umrah", "haji & umroh",
)  # fmt: skip
_TELLING: Final = (
    "fashion muslim", "busana muslim", "busana muslimah", "pakaian muslim", "baju muslim", "muslim fashion",
    "modest fashion", "modest wear", "hijab", "jilbab", "kerudung",
)  # fmt: skip


class Guardrails(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is never done, whatever it would bring."""

    sensitive: tuple[str, ...] = _SENSITIVE
    """Categories, at any step of a path, that tell of health, faith, sexuality or politics: nobody is chosen for them,
    and what somebody touched of them chooses nothing."""
    telling: tuple[str, ...] = _TELLING
    """Categories of ordinary things that may tell of the same: each product speaks for itself, but that somebody turns
    to the category is no trait of theirs. No leaning to it is reckoned, and no choice rests on one."""
    removed_days: Count = 30
    """A product that the person took out of the cart is not put before them again for so long."""
    shown_most: Count = 8
    """A product shown so often without a click is not put before the person again ..."""
    shown_days: Annotated[int, Meta(ge=1, le=366)] = 7
    """... for so long."""


class Rulebook(msgspec.Struct, frozen=True):
    """All of ``rules.toml``."""

    shelves: RulesFile = RulesFile()
    pages: dict[str, PageRules] = {}
    offers: OfferRules = OfferRules()
    guardrails: Guardrails = Guardrails()
    resting: tuple[Offer, ...] = ()
    """Offers that do not hold at the moment of ``at``."""

    def at(self, now: int) -> "Rulebook":
        """What holds at a moment (microseconds since 1970, UTC): whatever is dated otherwise is not there."""
        placements = {name: PlacementRules(one.rules.at(now)) for name, one in self.shelves.placements.items()}
        offers = tuple(one for one in self.offers.offer if one.holds(now))
        resting = tuple(one for one in self.offers.offer if not one.holds(now))
        return replace(self, shelves=RulesFile(placements), offers=replace(self.offers, offer=offers), resting=resting)

    @property
    def edges(self) -> list[int]:
        """The moments at which something begins or ends to hold, in order; microseconds since 1970, UTC."""
        placed = (one for placement in self.shelves.placements.values() for one in placement.rules.dated)
        return sorted(edges([*placed, *self.offers.offer]))

    def page(self, placement: str) -> PageRules:
        """The rules of a placement's page: its own, else those of ``default``, else the built-in ones."""
        return self.pages.get(placement) or self.pages.get("default") or PageRules()


def read_rulebook(text: str, file: str = "rules.toml", zone: tzinfo = UTC) -> Rulebook:
    """What a file says; ``zone``: by whose clock its days begin.

    Raises:
        RulesError: it is no TOML, or says something that is no rule; the message names the file and the key.
    """
    try:
        tree = tomllib.loads(text, parse_float=_finite)
    except tomllib.TOMLDecodeError as error:
        raise RulesError("rules_no_toml", {"where": file, "what": _place(error)}) from None
    except ValueError as error:
        raise RulesError("rules_no_number", {"where": file, "value": str(error)}) from None
    if (dotted := _DOTTED.search(text)) is not None:
        key, written = dotted.groups()
        told = {"where": file, "setting": key, "written": written, "plain": written.replace(".", "_")}
        raise RulesError("rules_dotted", told)
    _known_tables(tree, TABLES, file)
    offers = _read(tree.pop("offers", {}), OfferRules, f"{file}: offers", zone)
    guardrails = _read(tree.pop("guardrails", {}), Guardrails, f"{file}: guardrails", zone)
    placements = tree.get("placements", {})
    pages = {}
    for name, table in list(placements.items()) if isinstance(placements, dict) else ():
        if isinstance(table, dict):
            _known_tables(table, OF_PLACEMENT, f"{file}: placements.{name}")
        if isinstance(table, dict) and "page" in table:
            pages[name] = _read(table.pop("page"), PageRules, f"{file}: placements.{name}.page", zone)
            _known_shelves(pages[name], f"{file}: placements.{name}.page.shelves")
            if not table:  # a page alone lays down no rules
                del placements[name]
    _sensible(offers, f"{file}: offers")
    return Rulebook(rules_in(tree, file, zone), pages, offers, guardrails)


def _place(error: tomllib.TOMLDecodeError) -> Misfit:
    """Where a file is no TOML, and what the reader says of it."""
    told = str(error)
    found = re.fullmatch(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", told, re.DOTALL)
    return Misfit("", told, "toml_at", found.groupdict()) if found else Misfit("", told)


def _finite(written: str) -> float:
    value = float(written)
    if not isfinite(value):
        raise ValueError(written)
    return value


T = TypeVar("T", bound=msgspec.Struct)


def _read(tree: Any, kind: type[T], where: str, zone: tzinfo) -> T:
    try:
        return msgspec.convert(tree, kind, dec_hook=reader(zone))
    except msgspec.ValidationError as error:
        found = misfit(error, kind)
        raise RulesError("at", {"where": f"{where}.{found.path}" if found.path else where, "what": found}) from None


def _known_tables(tree: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    strange = next((one for one in tree if one not in known), None)
    if strange is not None:
        raise RulesError("at", {"where": where, "what": unknown(strange, known)})


def _known_shelves(rules: PageRules, where: str) -> None:
    strange = [one for one in rules.shelves if one not in SHELVES]
    if strange:
        raise RulesError("rules_shelf", {"where": where, "shelf": strange[0], "known": ", ".join(SHELVES)})


def _sensible(rules: OfferRules, where: str) -> None:
    forward(rules.offer, f"{where}.offer")
    for one, other in combinations(rules.offer, 2):
        if one.name == other.name and (one.meets(other) or one.discount != other.discount):
            raise RulesError("rules_one_name", {"where": f"{where}.offer", "offer": one.name})
        if one.code and one.code.casefold() == other.code.casefold() and one.meets(other):
            raise RulesError("rules_one_code", {"where": f"{where}.offer", "code": one.code})
    if rules.holdout + rules.trial > 1:
        raise RulesError("rules_everybody", {"where": where})
