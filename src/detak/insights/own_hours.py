"""Visits of people by hour of the day, by their own clocks: what ``usual_hours`` is told from."""

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from detak.estimates.usual_hours import UsualHours, usual_hours
from detak.insights import moments
from detak.insights.base import Facts, Shop
from detak.insights.hours import own


def reduce(facts: Facts, shop: Shop, subjects: Sequence[int]) -> dict[str, ir.Table]:
    """``theirs``: subject, hour, visits, of these people; ``everybody``: hour, visits."""
    visits = moments.moments(facts, moments.VISITS)
    timed = visits.mutate(hour=own(visits, shop).hour())
    asked = ibis.memtable(pa.table({"subject": pa.array(subjects, pa.int64())})).distinct()
    theirs = timed.semi_join(asked, "subject").group_by(["subject", "hour"]).agg(visits=ibis._.count())
    return {"theirs": theirs, "everybody": timed.group_by("hour").agg(visits=ibis._.count())}


def conclude(sums: Mapping[str, pa.Table], subjects: Sequence[int]) -> UsualHours:
    """The usual hours of these people, in this order."""
    places = {subject: at for at, subject in enumerate(subjects)}
    counts: np.ndarray[Any, np.dtype[np.float64]] = np.zeros((len(subjects), 24))
    for row in sums["theirs"].to_pylist():
        counts[places[row["subject"]], row["hour"]] = row["visits"]
    everybody = np.zeros(24)
    for row in sums["everybody"].to_pylist():
        everybody[row["hour"]] = row["visits"]
    return usual_hours(counts, everybody)
