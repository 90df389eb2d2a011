"""What of a chunk of arrivals may be kept, and under which pseudonym. Pure: the gate reads and writes the vault.

Events that name the same people and say the same of their data are weighed together, once; where somebody changes
their mind within the chunk, or refused something before, each event is weighed by itself, in order.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from detak.amounts import Mask
from detak.consent import Purpose, Purposes, Standing, coverage, union
from detak.reading.columns import Bits, Subjects
from detak.record import Meta
from detak.settings import Settings
from detak.subject import Identifier
from detak.trust.admission import Batch, Said, joined

_ESSENTIAL: Final = int(Purpose.ESSENTIAL)
_NAMES: Final = ("user", "anonymous", "previous")
_WORDS: Final = ("granted", "refused")
_MOST_BITS: Final = 64

Whole = np.ndarray[Any, np.dtype[np.int64]]


class Group(NamedTuple):
    """Events that name the same people and say the same; rows are numbers of arrivals."""

    number: int
    identifiers: tuple[Identifier, ...]
    granted: Purposes
    refused: Purposes
    covers: Purposes
    """What the legal basis of their source covers where nobody said anything."""
    first: int
    """The row that came in first."""
    earliest: int
    """When the first of them happened, in microseconds since 1970, UTC."""
    latest: int
    essential: bool
    """Whether an order or a proof needs any of them."""


class Admission(NamedTuple):
    """Of each arrival its subject (0: nobody), the purposes that cover it, and whether it is kept."""

    subjects: Subjects
    purposes: Bits
    kept: Mask


class Entrance:
    """The rows of one chunk, being weighed.

    Args:
        arrivals: ``arrivals.ARRIVALS``.
        metas: of the records they came in.
        settings: the shop's.
    """

    def __init__(self, arrivals: pa.Table, metas: Sequence[Meta], settings: Settings) -> None:
        self._record = arrivals["record"].to_numpy()
        self._metas = metas
        self._ids = arrivals["id"].to_numpy()
        self._received = arrivals["received"].cast(pa.int64()).to_numpy()
        times = arrivals["time"].cast(pa.int64())
        self._happened = np.where(times.is_null().to_numpy(), self._received, times.fill_null(0).to_numpy())
        self._essential = _by_value(arrivals["event"], settings.essential)
        self._traits = arrivals["traits"]
        self.groups, self._of = self._grouped(arrivals, settings)
        """In the order in which their first events came in."""

    def weigh(self, batch: Batch) -> Admission:
        """Weigh every row; what is learnt of people is in the batch."""
        leaders = joined([group.identifiers for group in self.groups], batch)
        together: dict[int, list[Group]] = {}
        for leader, group in zip(leaders, self.groups, strict=True):
            together.setdefault(leader, []).append(group)
        weighed = np.zeros((len(self.groups), 2), dtype=np.int64)
        apart: list[list[Group]] = []
        for groups in together.values():
            if self._agree(groups, batch):
                for group in groups:
                    weighed[group.number] = self._weigh_group(group, batch)
            else:
                apart.append(groups)
        covered, subjects = weighed[self._of].T
        purposes = np.where(self._essential, covered | _ESSENTIAL, covered & ~_ESSENTIAL).astype(np.int16)
        for groups in apart:
            self._weigh_rows(groups, batch, subjects, purposes)
        kept = purposes != 0
        subjects = np.where(kept, subjects, 0)
        self._learn(subjects, batch)
        return Admission(subjects, purposes, kept)

    def _agree(self, groups: list[Group], batch: Batch) -> bool:
        """Whether the order in which these events came in makes no difference."""
        words = {(group.granted, group.refused) for group in groups}
        if len(words) > 1:
            return False
        people = {one for group in groups for one in batch.people(group.identifiers)}
        standing = [batch.standing[one] for one in people if one in batch.standing]
        if any(word.no is not None for one in standing for word in one.words.values()):
            return False
        ((granted, refused),) = words
        unsaid = ~(granted | refused)
        since = [word.since for one in standing for purpose, word in one.words.items() if purpose & unsaid]
        return not since or max(since) <= min(group.earliest for group in groups)

    def _weigh_group(self, group: Group, batch: Batch) -> tuple[Purposes, int]:
        """The purposes that cover its events, but for what an order needs, and whose they are."""
        said = self._said(group, group.first, group.earliest)
        batch.meet(said)
        covered = self._covering(group, batch.standing_of(said), group.earliest)
        spoke = bool(group.granted | group.refused)
        if not (spoke or covered & ~_ESSENTIAL or group.essential):
            return covered, 0
        subject = batch.settle(said)
        if subject is None:
            return covered, 0
        if spoke:
            batch.state(said)
            if group.latest != group.earliest:
                batch.state(self._said(group, group.first, group.latest))
        return covered, subject

    def _weigh_rows(self, groups: list[Group], batch: Batch, subjects: Whole, purposes: Bits) -> None:
        """One event after the other, in order."""
        theirs = {group.number: group for group in groups}
        for row in np.flatnonzero(np.isin(self._of, list(theirs))).tolist():
            group = theirs[int(self._of[row])]
            said = self._said(group, row, int(self._happened[row]))
            batch.meet(said)
            covered = self._covering(group, batch.standing_of(said), said.happened)
            covered = covered | _ESSENTIAL if self._essential[row] else covered & ~_ESSENTIAL
            purposes[row] = covered
            subjects[row] = 0
            if covered or said.granted or said.refused:
                subjects[row] = batch.settle(said) or 0
                batch.state(said)

    def _covering(self, group: Group, standing: list[Standing], happened: int) -> Purposes:
        granted = union(one.granted_by(happened) for one in standing)
        refused = union(one.refused for one in standing)
        return coverage(group.granted, group.refused, granted, refused, group.covers)

    def _learn(self, subjects: Whole, batch: Batch) -> None:
        """The traits that people stated of themselves, where the event is kept."""
        if self._traits.null_count == len(self._traits):
            return
        for row in np.flatnonzero(~self._traits.is_null().to_numpy() & (subjects != 0)).tolist():
            told = msgspec.json.decode(self._traits[row].as_py())
            if isinstance(told, dict) and told:
                batch.traits.setdefault(int(subjects[row]), {}).update(told)

    def _said(self, group: Group, row: int, happened: int) -> Said:
        message = (self._metas[self._record[row]].source, int(self._ids[row]))
        received = int(self._received[row])
        return Said(group.identifiers, group.granted, group.refused, happened, received, message)

    def _grouped(self, arrivals: pa.Table, settings: Settings) -> tuple[list[Group], Whole]:
        """The groups, and of each row which it belongs to."""
        basis = [int(settings.source(meta.source, imported=meta.imported).covers) for meta in self._metas]
        covers = np.array(basis, dtype=np.int64)[self._record]
        codes = covers
        for name in _NAMES:
            codes = _refined(codes, arrivals[name])
        for name in _WORDS:
            codes = codes * _MOST_BITS + arrivals[name].to_numpy()
        _, first, of = np.unique(codes, return_index=True, return_inverse=True)
        if not len(first):
            return [], of
        order = np.argsort(of, kind="stable")
        starts = np.searchsorted(of[order], np.arange(len(first)))
        sums = [
            np.minimum.reduceat(self._happened[order], starts),
            np.maximum.reduceat(self._happened[order], starts),
            np.logical_or.reduceat(self._essential[order], starts),
        ]
        named = arrivals.select([*_NAMES, *_WORDS]).take(pa.array(first))
        found = [
            Group(number, _identifiers(*who), granted, refused, *rest)
            for number, (*who, granted, refused), *rest in zip(
                range(len(first)),
                zip(*(named[name].to_pylist() for name in named.column_names), strict=True),
                *(column.tolist() for column in (covers[first], first, *sums)),
                strict=True,
            )
        ]
        return sorted(found, key=lambda group: group.first), of


def _refined(codes: Whole, column: pa.ChunkedArray) -> Whole:
    """Codes that tell rows apart by one column more."""
    if column.null_count == len(column):
        return codes
    coded = column.combine_chunks().dictionary_encode()
    values = len(coded.dictionary)
    together = codes * (values + 1) + coded.indices.fill_null(values).to_numpy()
    return np.unique(together, return_inverse=True)[1]


def _identifiers(user: str | None, anonymous: str | None, previous: str | None) -> tuple[Identifier, ...]:
    named = (("user", user), ("anonymous", anonymous), ("anonymous", previous))
    return tuple((kind, value) for kind, value in named if value)


def _by_value(column: pa.ChunkedArray, answer: Callable[[str], bool]) -> Mask:
    """The answer to each value; asked once for each that occurs."""
    coded = column.combine_chunks().dictionary_encode()
    answers = np.array([answer(value) for value in coded.dictionary.to_pylist()], dtype=np.bool_)
    return answers[coded.indices.to_numpy()] if len(answers) else np.zeros(0, dtype=np.bool_)
