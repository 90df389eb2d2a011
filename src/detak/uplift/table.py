"""From a table of a trial, a row a person, to what a learner takes: who was treated, what came of it, what was known.

A file of a trial rarely says which columns were known before the treatment. Those that came after it would give the
outcome away, so a column is left out, with the reason, where it cannot have been known: it differs between the treated
and the others more than chance allows (nothing known before a draw does), or it decides the outcome, or is decided by
it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy

from detak.errors import UsageError
from detak.uplift.base import Floats, Mask, Trial
from detak.uplift.features import Encoder, numeric

_LEFT_ALONE = re.compile(r"(no\b|none|control|kontrol|holdout|hold-out|tanpa|baseline|0$|false$)", re.IGNORECASE)
_CHANCE = 1e-5
_EXPECTED = 20  # rows of the other kind that should be there, if one did not decide the other
_LEVELS = 50  # a text with more values than this, for so many rows each, names people


@dataclass(frozen=True)
class Told:
    """A trial as a table tells it."""

    trial: Trial
    encoder: Encoder
    control: str
    left_out: dict[str, str]
    """Column -> why it is no feature."""
    unused: int
    """Rows that belong to neither side, or whose outcome is not known."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a table."""

    treatment: str
    """The value that says that somebody was treated."""
    outcome: str
    """The column of the outcome: a number."""
    control: str | None = None
    """The value that says that somebody was not; None: the one that reads like it."""
    features: tuple[str, ...] = ()
    """The columns known before the treatment; none: all that can be."""


def read(table: pa.Table, asked: Asked) -> Told:
    """The trial that a table tells of.

    Raises:
        UsageError: there is no such treatment, control, outcome or feature; the message says what there is.
    """
    outcome = _outcome(table, asked.outcome)
    arm = _arm(table, asked.treatment, asked.outcome)
    values = table[arm].cast(pa.string())
    control = asked.control or _control(values, asked.treatment, arm)
    if control not in pc.unique(values).to_pylist():
        raise UsageError(f"--control: {arm} is never {control!r}")
    known = pc.is_in(values, value_set=pa.array([asked.treatment, control]))
    used = pc.and_(pc.fill_null(known, False), pa.array(~np.isnan(outcome)))
    mask = used.combine_chunks().to_numpy(zero_copy_only=False) if isinstance(used, pa.ChunkedArray) else np.array(used)
    people = table.filter(pa.array(mask))
    treated = np.array(people[arm].cast(pa.string()).to_pylist()) == asked.treatment
    told = outcome[mask]
    names, left_out = _features(people, asked, arm, treated, told)
    encoder = Encoder.fit(people, names)
    if not encoder.columns:
        told_why = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        raise UsageError(f"no column tells people apart beforehand ({told_why or 'there is no other column'})")
    propensity = np.full(len(told), float(treated.mean()) if len(told) else 0.5)
    trial = Trial(encoder.encode(people), treated, told, propensity)
    return Told(trial, encoder, control, left_out, int((~mask).sum()))


def _outcome(table: pa.Table, name: str) -> Floats:
    if name not in table.column_names:
        raise UsageError(f"--outcome: there is no column {name!r}; there are: {', '.join(table.column_names)}")
    if not numeric(table[name].type):
        raise UsageError(f"--outcome: {name} holds text; an outcome is a number, 0 and 1 for what happened or did not")
    return np.asarray(table[name].cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _arm(table: pa.Table, treatment: str, outcome: str) -> str:
    """The column that says who was treated: the one that holds the value."""
    for name in table.column_names:
        if name != outcome and pc.any(pc.equal(table[name].cast(pa.string()), treatment)).as_py():
            if numeric(table[name].type) and pc.count_distinct(table[name]).as_py() > 2:
                continue  # a number of something
            return str(name)
    raise UsageError(f"--treatment: no column holds {treatment!r}; name the value that says that somebody was treated")


def _control(values: pa.ChunkedArray, treatment: str, arm: str) -> str:
    others = sorted(one for one in pc.unique(values).to_pylist() if one is not None and one != treatment)
    if not others:
        raise UsageError(f"--treatment: {arm} is never anything but {treatment!r}: there is nobody to compare with")
    if len(others) == 1:
        return str(others[0])
    likely = [one for one in others if _LEFT_ALONE.match(one)]
    if len(likely) == 1:
        return str(likely[0])
    raise UsageError(f"--control: say which value of {arm} is that of people who were not treated: {', '.join(others)}")


def _features(
    people: pa.Table, asked: Asked, arm: str, treated: Mask, outcome: Floats
) -> tuple[list[str], dict[str, str]]:
    if unknown := [name for name in asked.features if name not in people.column_names]:
        raise UsageError(f"--features: there is no column {unknown[0]!r}; there are: {', '.join(people.column_names)}")
    if asked.features:
        return list(asked.features), {}
    names: Sequence[str] = [one for one in people.column_names if one not in (arm, asked.outcome)]
    reasons = {name: _unfit(people[name], treated, outcome) for name in names}
    return [name for name in names if not reasons[name]], {name: why for name, why in reasons.items() if why}


def _unfit(column: pa.ChunkedArray, treated: Mask, outcome: Floats) -> str:
    """Why a column is no feature; empty: it is one."""
    if not numeric(column.type):
        different = pc.count_distinct(column).as_py()
        if different > _LEVELS and different * _LEVELS > len(column):
            return "names people or moments: too many different texts"
        codes = np.unique(np.array(column.cast(pa.string()).fill_null("").to_pylist()), return_inverse=True)[1]
    else:
        number = np.nan_to_num(np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64))
        if _decides(number, outcome) or _decides(outcome, number):
            return "decides the outcome, or is decided by it: it came afterwards"
        if (
            np.ptp(number) > 0
            and scipy.stats.ttest_ind(number[treated], number[~treated], equal_var=False).pvalue < _CHANCE
        ):
            return "differs between the treated and the others: it came afterwards"
        return ""
    counts = np.array([np.bincount(codes[side], minlength=codes.max() + 1) for side in (treated, ~treated)])
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] > 1 and scipy.stats.chi2_contingency(counts).pvalue < _CHANCE:
        return "differs between the treated and the others: it came afterwards"
    return ""


def _decides(one: Floats, other: Floats) -> bool:
    """Whether where one is 0 the other never is anything but 0, though it could be expected to be, often."""
    nothing = one == 0
    share = float((other != 0).mean())
    return bool(0 < share < 1 and nothing.sum() * share >= _EXPECTED and not (other[nothing] != 0).any())
