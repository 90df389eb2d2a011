"""Which facts a purpose may use, as tables: what covers them, who refuses, who turned out to be one person. Pure."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from detak.consent import Purpose
from detak.store.base import Reader

COUNTED: Final = {
    "events": ("event", "time", "received", "source"),
    "items": ("product_id",),
    "decisions": ("id", "time", "placement"),
}
"""Columns of a person's facts that say how many there are of what, since when, and from where."""
_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def allowed(
    reader: Reader, purpose: Purpose, refusing: Mapping[int, int], *, related: bool, bots: bool
) -> Callable[[str], ir.Table]:
    """The table of a name without what the purpose may not use.

    Args:
        reader: of the moment that is asked for; it shows nothing later.
        purpose: whose bit must be set.
        refusing: who said no, and until when nothing of theirs counts (microseconds since 1970).
        related: whether any subject is another's.
        bots: what programs did is left in.
    """
    if refusing:
        reader.frame("left_out", _left_out(refusing))

    def table(name: str) -> ir.Table:
        facts = reader.table(name)
        kept = facts.filter((facts.purposes & int(purpose)) != 0)
        if not bots:
            kept = kept.filter(kept.bot.isnull())
        if refusing:
            left_out = reader.table("left_out")
            hidden = [kept.subject == left_out.person, ibis.coalesce(kept.time, kept.received) <= left_out.until]
            kept = kept.anti_join(left_out, hidden)
        return _united(kept, reader.table("persons")) if related else kept

    return table


def _left_out(refusing: Mapping[int, int]) -> pa.Table:
    """The people who said no, and until when nothing of theirs counts."""
    people = sorted(refusing)
    last = int(_LAST.timestamp()) * 1_000_000
    until = pa.array([min(refusing[person], last) for person in people], pa.timestamp("us"))
    return pa.table({"person": pa.array(people, pa.int64()), "until": until})


def _united(facts: ir.Table, persons: ir.Table) -> ir.Table:
    """What was done on a person's devices as theirs: subjects that turned out to be one person carry one number."""
    theirs = persons.rename(device="subject")
    wide = facts.left_join(theirs, facts.subject == theirs.device)
    return wide.mutate(subject=ibis.coalesce(wide.person, wide.subject)).select(*facts.columns)
