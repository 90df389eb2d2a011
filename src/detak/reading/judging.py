"""Bots by how fast they are, and facts judged again after the list of bots was renewed. Pure."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from detak.amounts import Mask
from detak.bots import NOBODY, PACE, Bots, Rejudged, paced
from detak.reading.columns import Subjects, Tally
from detak.reading.outcomes import BOT
from detak.record import Meta


def live_pace(arrivals: pa.Table, metas: Sequence[Meta], subjects: Subjects, most: int) -> Mask:
    """Which live arrivals are of subjects who do more in a minute than a person can, and are not taken for bots yet."""
    if arrivals.num_rows <= most:
        return np.zeros(arrivals.num_rows, dtype=np.bool_)
    imported = np.array([meta.imported for meta in metas], dtype=np.bool_)[arrivals["record"].to_numpy()]
    who = np.where(imported | ~arrivals["bot"].is_null().to_numpy(), NOBODY, subjects)
    times = arrivals["time"].fill_null(0).cast(pa.int64()).to_numpy()
    return paced(who, times, most)


def with_bots(arrivals: pa.Table, items: pa.Table, fast: Mask) -> tuple[pa.Table, pa.Table]:
    """Arrivals and their products, those that are too fast under the rule that says so."""
    marked = _marked(arrivals, fast)
    return marked, _marked(items, fast[items["parent"].to_numpy()])


def pace_tally(arrivals: pa.Table, metas: Sequence[Meta], fast: Mask) -> Iterator[Tally]:
    """What was found too fast, to be counted."""
    for one in arrivals.select(["record", "event"]).filter(pa.array(fast)).to_pylist():
        meta = metas[one["record"]]
        yield meta.received, meta.source, one["event"], BOT, PACE, 1


def _marked(rows: pa.Table, fast: Mask) -> pa.Table:
    rules = rows["bot"].to_numpy(zero_copy_only=False).copy()
    rules[fast] = PACE
    return _with_rules(rows, rules)


def _with_rules(rows: pa.Table, rules: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> pa.Table:
    at = rows.schema.get_field_index("bot")
    return rows.set_column(at, rows.schema.field("bot"), pa.array(rules, pa.string()))


class Judge:
    """Judges facts again, part by part: all events first, then the items.

    Args:
        bots: the rules in force now.
        pace: more events than this within a minute are no person's.
    """

    def __init__(self, bots: Bots, pace: int) -> None:
        self._bots = bots
        self._pace = pace
        self._rules: dict[int, str | None] = {}  # by message, of those whose rule is another now
        self.done = Rejudged(bots.source, 0, 0, 0, 0)

    def events(self, rows: pa.Table) -> pa.Table | None:
        """The events of a part with the rules they have now; none if none is another."""
        before = rows["bot"].to_numpy(zero_copy_only=False)
        agents = rows["agent"].combine_chunks().dictionary_encode()
        known = np.array([*(self._bots.rule(one) for one in agents.dictionary.to_pylist()), None], dtype=object)
        after = known[agents.indices.fill_null(len(known) - 1).to_numpy()]
        # Who was never judged by an agent came in through an import: nobody types that fast, nor needs to.
        subjects = np.where(rows["agent"].is_null().to_numpy(), NOBODY, rows["subject"].fill_null(NOBODY).to_numpy())
        times = rows["time"].fill_null(0).cast(pa.int64()).to_numpy()
        after = np.where((after == None) & paced(subjects, times, self._pace), PACE, after)  # noqa: E711  elementwise
        changed = np.flatnonzero(before != after)
        self._count(rows.num_rows, before[changed].tolist(), after[changed].tolist())
        if not len(changed):
            return None
        self._rules.update(zip(rows["id"].to_numpy()[changed].tolist(), after[changed].tolist(), strict=True))
        return _with_rules(rows, after)

    def items(self, rows: pa.Table) -> pa.Table | None:
        """The items of a part under the rules of their events; none if none is another."""
        ids = rows["event_id"].to_numpy()
        changed = np.flatnonzero(np.isin(ids, np.fromiter(self._rules, dtype=np.int64, count=len(self._rules))))
        if not len(changed):
            return None
        rules = rows["bot"].to_numpy(zero_copy_only=False).copy()
        rules[changed] = [self._rules[one] for one in ids[changed].tolist()]
        return _with_rules(rows, rules)

    def _count(self, looked: int, before: Sequence[str | None], after: Sequence[str | None]) -> None:
        pairs = [(was is None, now is None) for was, now in zip(before, after, strict=True)]
        flagged, cleared = pairs.count((True, False)), pairs.count((False, True))
        done = self.done
        self.done = Rejudged(
            done.source,
            done.events + looked,
            done.flagged + flagged,
            done.cleared + cleared,
            done.renamed + len(pairs) - flagged - cleared,
        )
