"""Searches united over their spellings: the report, and what a manager reads of it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from detak.estimates.inference import wilson
from detak.insights import few, render
from detak.insights.base import Report, Shop
from detak.insights.blocks import Block, Note, Row, Table, Words
from detak.insights.rising import changes
from detak.spellings import Typed, unite
from detak.words import say

_NAMED: Final = 3  # queries in a sentence
_VARIANTS: Final = 5
_OUTCOMES: Final = ("clicked", "moved", "left", "bought")
_SUMS: Final = ("searches", "people", "unknown", "stated", "nothing", "traced", *_OUTCOMES, "lately", "earlier")


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """A query in all its spellings."""

    query: str | None
    """As most people type it; null: all the rare ones together."""
    spellings: int
    variants: list[str]
    """Other spellings that enough people use to be shown."""
    searches: int
    people: int | None
    """Known people; who used two spellings counts under each. Null: withheld (``few``)."""
    without_results: int | None
    """Searches that found nothing; null where none says how many it found."""
    traced: int
    """Searches of known people at known times: the outcomes are theirs."""
    clicked: int
    """Followed by a product looked at, within half an hour."""
    moved: int
    """Followed by another query instead."""
    left: int
    """Followed by nothing."""
    bought: int
    """Followed by an order within a day."""
    rise: float | None
    """Times as often in the last 28 days as in those before, against all searches; null where it cannot be told."""
    low: float | None
    high: float | None
    notable: bool
    """Whether the rise or fall is believed among so many."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Another query typed within half an hour, before anything was looked at."""

    query: str
    after: str
    count: int
    people: int
    """At least so many."""


class SearchesReport(Report, frozen=True, kw_only=True):
    """Queries, the most searched first, the rare ones together last."""

    searches: int
    spellings: int
    queries: list[Searched]
    more: int
    """Queries that are not in the list, counted among the rare ones."""
    moves: list[Moved]
    total: Searched
    """Everything together; of people, where none of the queries withholds them."""
    withheld: str | None
    """What is to be said of it, where something is."""

    def blocks(self, shop: Shop) -> list[Block]:
        """What to do something about, then the tables."""
        if not self.searches:
            return [Words([say(shop.language, "searches.none")])]
        told: list[Block] = [Words(_sentences(self, shop)), _table(self.queries, "top", shop)]
        for title, worst in _worst(self).items():
            if worst:
                told.append(_table(worst, title, shop))
        if self.moves:
            told.append(_moves(self.moves, shop))
        return [*told, Note(say(shop.language, "searches.method")), *([Note(self.withheld)] if self.withheld else [])]


def draw(sums: Mapping[str, list[dict[str, Any]]], limit: int, shop: Shop) -> SearchesReport:
    """From the rows of ``Searches.reduce``; those of few people are not shown by name."""
    least = shop.min_group
    about: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in sums["about"]:
        about[row["query"]][row["category"]] = row["clicks"]
    named = [row for row in sums["queries"] if row["query"] is not None]
    heads = unite([Typed(row["query"], row["searches"], about[row["query"]]) for row in named])
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(named, key=lambda row: (-row["searches"], row["query"])):
        groups[heads[row["query"]]].append(row)
    common = {head: group for head, group in groups.items() if any(_enough(row, least) for row in group)}
    largest = sorted(common, key=lambda head: (-sum(row["searches"] for row in common[head]), head))[:limit]
    rare = [row for row in sums["queries"] if row["query"] is None or heads[row["query"]] not in largest]
    everything = _added(None, sums["queries"], least)
    rows = [_added(_shown(head, common[head], least), common[head], least) for head in largest]
    found = [*_risen(rows, everything), *([_read(_added(None, rare, least), None)] if rare else [])]
    queries = [msgspec.structs.replace(one, people=few.told(one.people or 0, least)) for one in found]
    withheld = few.note([one.people for one in queries], shop)
    total = _read(everything, None)
    return SearchesReport(
        searches=everything["searches"],
        spellings=everything["spellings"],
        queries=queries,
        more=len(groups) - len(largest) + sum(row["spellings"] for row in sums["queries"] if row["query"] is None),
        moves=_united(sums["moves"], heads, set(largest)),
        total=msgspec.structs.replace(total, people=None) if withheld else total,
        withheld=withheld,
    )


def _enough(row: Mapping[str, Any], least: int) -> bool:
    return bool(row["people"] + row["unknown"] >= least)


def _shown(head: str, group: Sequence[Mapping[str, Any]], least: int) -> str:
    """The most frequent spelling that enough people use."""
    return head if _enough(group[0], least) else next(row["query"] for row in group if _enough(row, least))


def _added(query: str | None, rows: Sequence[Mapping[str, Any]], least: int) -> dict[str, Any]:
    variants = [row["query"] for row in rows if _enough(row, least) and row["query"] != query] if query else []
    sums = {name: sum(row[name] or 0 for row in rows) for name in (*_SUMS, "spellings")}
    return {"query": query, "variants": variants[:_VARIANTS], **sums}


def _risen(rows: Sequence[dict[str, Any]], everything: Mapping[str, Any]) -> list[Searched]:
    pairs = [(row["lately"], row["earlier"]) for row in rows]
    return [
        _read(row, one)
        for row, one in zip(rows, changes(pairs, everything["lately"], everything["earlier"]), strict=True)
    ]


def _read(row: Mapping[str, Any], change: Any) -> Searched:
    bounded = change is not None and change.ratio.high != float("inf")
    return Searched(
        query=row["query"],
        spellings=row["spellings"],
        variants=row["variants"],
        searches=row["searches"],
        people=row["people"],
        without_results=row["nothing"] if row["stated"] else None,
        traced=row["traced"],
        **{name: row[name] for name in _OUTCOMES},
        rise=change.ratio.value if change else None,
        low=change.ratio.low if change else None,
        high=change.ratio.high if bounded else None,
        notable=bool(change and change.notable),
    )


def _united(rows: Sequence[Mapping[str, Any]], heads: Mapping[str, str], shown: set[str]) -> list[Moved]:
    """Between queries that are shown; from one spelling to another of the same query is no move."""
    counts: Counter[tuple[str, str]] = Counter()
    people: dict[tuple[str, str], int] = {}
    for row in rows:
        pair = heads.get(row["query"], ""), heads.get(row["after"], "")
        if pair[0] != pair[1] and shown.issuperset(pair):
            counts[pair] += row["count"]
            people[pair] = max(people.get(pair, 0), row["people"])
    ordered = sorted(counts, key=lambda pair: (-counts[pair], pair))
    return [Moved(query=one[0], after=one[1], count=counts[one], people=people[one]) for one in ordered]


def _worst(report: SearchesReport) -> dict[str, list[Searched]]:
    """By what is wrong with them, those first of which that is surest (the lower bound of the share, Wilson)."""
    named = [one for one in report.queries if one.query is not None]
    total = report.total

    def surely(part: Callable[[Searched], int], whole: Callable[[Searched], int]) -> list[Searched]:
        usual = part(total) / whole(total) if whole(total) else 1.0
        sure = {one.query: wilson(part(one), whole(one)).low for one in named if whole(one)}
        found = [one for one in named if sure.get(one.query, 0.0) > usual]
        return sorted(found, key=lambda one: (-part(one), one.query or ""))

    believed = [(one.rise, one) for one in named if one.notable and one.rise is not None]
    return {
        "nothing": surely(lambda one: one.without_results or 0, lambda one: one.searches),
        "unclicked": surely(lambda one: one.traced - one.clicked, lambda one: one.traced),
        "leaving": surely(lambda one: one.left, lambda one: one.traced),
        "rising": [one for rise, one in sorted(believed, key=lambda pair: -pair[0]) if rise > 1],
        "falling": [one for rise, one in sorted(believed, key=lambda pair: pair[0]) if rise < 1],
        "buying": surely(lambda one: one.bought, lambda one: one.traced),
    }


def _sentences(report: SearchesReport, shop: Shop) -> list[str]:
    language, total = shop.language, report.total
    named = report.queries[: -1 if report.queries and report.queries[-1].query is None else None]
    lead = say(
        language,
        "searches.lead",
        searches=render.whole(total.searches, language),
        spellings=render.whole(report.spellings, language),
        queries=render.whole(len(named) + report.more, language),
        nothing=_share(total.without_results, total.searches, language),
        clicked=_share(total.clicked, total.traced, language),
        left=_share(total.left, total.traced, language),
        bought=_share(total.bought, total.traced, language),
    )
    worst = _worst(report)
    told = [
        say(language, f"searches.do_{name}", queries=_listed(worst[name], name, language))
        for name in ("nothing", "unclicked", "rising")
        if worst[name]
    ]
    return [lead, *told]


def _listed(queries: Sequence[Searched], about: str, language: str) -> str:
    def figure(one: Searched) -> str:
        if about == "rising":
            return say(language, "searches.times", times=render.times(one.rise or 0, language))
        return render.whole(one.without_results or 0 if about == "nothing" else one.traced - one.clicked, language)

    return ", ".join(f"“{render.clip(one.query or '')}” ({figure(one)})" for one in queries[:_NAMED])


def _share(part: int | None, whole: int, language: str) -> str:
    return "–" if part is None or not whole else render.percent(part / whole, language)


def _table(queries: Sequence[Searched], title: str, shop: Shop) -> Table:
    language = shop.language
    heads = ("query", "searches", "people", "nothing", "clicked", "moved", "left", "bought", "rise")
    rows = [
        Row(
            [
                _name(one, language),
                render.whole(one.searches, language),
                few.cell(one.people, language),
                _share(one.without_results, one.searches, language),
                *(_share(getattr(one, name), one.traced, language) for name in _OUTCOMES),
                "–" if one.rise is None else render.decimal(one.rise, language, 2),
            ],
            "\t".join([one.query, *one.variants]) if one.query is not None else None,
        )
        for one in queries
    ]
    return Table(say(language, f"searches.{title}"), [say(language, f"searches.head_{one}") for one in heads], rows)


def _name(one: Searched, language: str) -> str:
    if one.query is None:
        return say(language, "products.rare_searches")
    return f"{one.query} (+{one.spellings - 1})" if one.spellings > 1 else one.query


def _moves(moves: Sequence[Moved], shop: Shop) -> Table:
    rows = [Row([one.query, one.after, render.whole(one.count, shop.language)]) for one in moves]
    heads = [say(shop.language, f"searches.head_{one}") for one in ("query", "after", "searches")]
    return Table(say(shop.language, "searches.moves"), heads, rows, left=2)
