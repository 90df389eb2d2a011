"""Why orders are cancelled: reasons, who cancelled, what it cost, and what raises the risk."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
import ibis.expr.types as ir
import msgspec
import pyarrow as pa

from detak.consent import Purpose
from detak.estimates.inference import wilson
from detak.insights import cancellation_words, dimensions, reasons
from detak.insights.base import Facts, Report, Shop
from detak.insights.blocks import Block
from detak.insights.lost import Ledger, Lost, reduce_worth
from detak.insights.orders import KEY, orders
from detak.insights.risks import Factor, conclude_risks, reduce_risks
from detak.words import say

DIMENSIONS = (*dimensions.DIMENSIONS, *dimensions.TIMES)

_SPELLINGS = 20
_ENTRY_WORDS = 6
_OWN_WORDS = re.compile(r"[\d@]|\b(?:jl|jalan|bu|ibu|pak|bapak|mr|mrs|ms)\b", re.IGNORECASE)


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason and who cancelled for it."""

    reason: str
    """A code of ``reasons.codes``."""
    label: str
    actor: str
    """One of ``reasons.ACTORS``."""
    orders: int
    lost: Lost | None
    """In the report's currency; null where none of these orders is in it."""
    spellings: list[str]
    """How it was written, most frequent first, at most 20."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who cancelled."""

    actor: str
    label: str
    orders: int
    share: float
    """Of the cancelled."""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One level of the dimension that the report is split by."""

    level: str
    orders: int
    cancelled: int
    rate: float
    low: float
    """Of the 95% interval of the rate (Wilson)."""
    high: float


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """The rate by a dimension, adjusted for nothing."""

    dimension: str
    levels: list[Level]
    note: str | None = None


class CancellationsReport(Report, frozen=True, kw_only=True):
    """Cancelled orders: the reasons' orders add up to ``cancelled``, most frequent first."""

    orders: int
    cancelled: int
    rate: float | None
    """Null where there are no orders."""
    reasons: list[Reason]
    by_actor: list[Actor]
    lost: Lost | None
    """Null where nothing was cancelled."""
    lost_other: list[Lost]
    """The same in the other currencies there are."""
    factors: list[Factor]
    by: Split | msgspec.UnsetType = msgspec.UNSET
    words: list[str]
    """The report in plain sentences, in the shop's language."""

    def blocks(self, shop: Shop) -> list[Block]:
        """Sentences, then the tables behind them."""
        return cancellation_words.blocks(self, shop.language)


@dataclass(frozen=True)
class Cancellations:
    """Cancelled orders among all orders placed."""

    insight: ClassVar[str] = "cancellations"
    purpose: ClassVar[Purpose] = Purpose.ANALYTICS
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"by": DIMENSIONS}
    by: str | None = None
    """A dimension to split the rate by, of ``DIMENSIONS``."""

    def __post_init__(self) -> None:
        """See that the dimension exists.

        Raises:
            UsageError: it does not.
        """
        dimensions.check(self.by, DIMENSIONS)

    def reduce(self, facts: Facts, shop: Shop) -> dict[str, ir.Table]:
        """``worth`` (of ``lost``) and ``risks``, rows of like orders; with a dimension ``levels``."""
        every = orders(facts)
        sums = {"worth": reduce_worth(every), "risks": reduce_risks(every, shop)}
        if self.by is not None:
            keyed = every.select(*KEY, "subject", "cancelled", "time", *_column(self.by))
            levels = dimensions.split(keyed, facts, self.by, shop).group_by(["level", "small"])
            sums["levels"] = levels.agg(orders=ibis._.count(), cancelled=ibis._.cancelled.sum())
        return sums

    def conclude(self, sums: Mapping[str, pa.Table], shop: Shop) -> CancellationsReport:
        """The report, with its sentences."""
        every = sums["worth"].to_pylist()
        rows = [row for row in every if row["cancelled"]]
        count, cancelled = (sum(row["orders"] for row in some) for some in (every, rows))
        ledger = Ledger.open(every, shop.currency)
        report = CancellationsReport(
            orders=count,
            cancelled=cancelled,
            rate=cancelled / count if count else None,
            reasons=_reasons(rows, ledger, shop),
            by_actor=_actors(rows, shop),
            lost=ledger.total(rows, ledger.currency),
            lost_other=[one for one in (ledger.total(rows, other) for other in ledger.others) if one],
            factors=conclude_risks(sums["risks"], shop.language),
            by=_split(self.by, sums["levels"], shop) if self.by is not None else msgspec.UNSET,
            words=[],
        )
        return msgspec.structs.replace(report, words=cancellation_words.sentences(report, shop.language))


def _column(by: str) -> tuple[str, ...]:
    return () if by in (*KEY, "category", *dimensions.TIMES) else (by,)


def _reasons(rows: list[dict[str, Any]], ledger: Ledger, shop: Shop) -> list[Reason]:
    found: dict[reasons.Reason, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(reasons.read(row["reason"]), []).append(row)
    listed = [
        Reason(
            reason=code.reason,
            label=say(shop.language, f"reason.{code.reason}"),
            actor=code.actor,
            orders=sum(row["orders"] for row in several),
            lost=ledger.total(several, ledger.currency),
            spellings=_spellings(several, shop.min_group),
        )
        for code, several in found.items()
    ]
    return sorted(listed, key=lambda one: (-one.orders, one.reason, one.actor))


def _spellings(rows: list[dict[str, Any]], min_group: int) -> list[str]:
    """How a reason was written. What few wrote, and reads like a buyer's own sentence, names its writer: left out."""
    counts = Counter[str]()
    for row in rows:
        if written := reasons.stated(row["reason"] or ""):
            counts[written] += row["orders"]
    shown = [written for written in counts if counts[written] >= min_group or _from_a_list(written)]
    return sorted(shown, key=lambda written: (-counts[written], written))[:_SPELLINGS]


def _from_a_list(written: str) -> bool:
    """Whether a text may be an entry that a marketplace offers: a few words without a number or an address."""
    return len(written.split()) <= _ENTRY_WORDS and not _OWN_WORDS.search(written)


def _actors(rows: list[dict[str, Any]], shop: Shop) -> list[Actor]:
    counts = Counter[str]()
    for row in rows:
        counts[reasons.read(row["reason"]).actor] += row["orders"]
    return [
        Actor(actor=actor, label=say(shop.language, f"actor.{actor}"), orders=count, share=count / counts.total())
        for actor, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]


def _split(by: str, levels: pa.Table, shop: Shop) -> Split:
    in_order = (lambda row: row["level"] or "~") if by in dimensions.TIMES else (lambda row: -row["orders"])
    found = []
    for row in sorted(sorted(levels.to_pylist(), key=lambda row: (row["small"], row["level"] or "~")), key=in_order):
        share = wilson(row["cancelled"], row["orders"])
        level = dimensions.name(by, row["level"], row["small"], shop)
        counts = {"orders": row["orders"], "cancelled": row["cancelled"]}
        found.append(Level(level=level, rate=share.value, low=share.low, high=share.high, **counts))
    note = say(shop.language, "report.several_categories") if by == "category" else None
    return Split(dimension=by, levels=found, note=note)
