"""From decisions in the log to their facts: columns first, then whose each may be. Pure.

A decision is kept under a pseudonym only where its person allows personalisation, by what was said with the question,
their standing word, or the basis of the source; else it is kept without anybody in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec
import numpy as np
import pyarrow as pa

from detak.consent import Purpose, Purposes, Standing, coverage, union
from detak.decision import DECISIONS, Promotion
from detak.reading.slate_columns import NAMES, slate_columns
from detak.record import Meta, Record
from detak.settings import Settings
from detak.subject import Identifier

_OURS: Final = ("subject", "source", "purposes", "bot", "received")  # known once the gate has looked
_ESSENTIAL: Final = int(Purpose.ESSENTIAL)
_PERSONALISATION: Final = int(Purpose.PERSONALISATION)

DECIDED: Final = pa.schema(
    [
        pa.field("record", pa.int32(), nullable=False),  # its place in the chunk
        ("user", pa.string()),
        ("anonymous", pa.string()),
        pa.field("granted", pa.int16(), nullable=False),
        pa.field("refused", pa.int16(), nullable=False),
        *(field for field in DECISIONS if field.name not in _OURS),
    ]
)
"""Decisions as they came out of the log, before the gate."""
_PLAIN: Final = [name for name in DECIDED.names if name not in NAMES]


class Known(NamedTuple):
    """What the vault knows of those who asked."""

    subjects: Mapping[Identifier, int]
    standing: Mapping[int, Standing]
    owners: Mapping[int, int]
    """Whose each subject is, where it is somebody else's."""
    devices: Mapping[int, set[int]]


class Vault(Protocol):
    """What is asked of the vault."""

    def lookup(self, identifiers: Iterable[Identifier]) -> Mapping[Identifier, int]:
        """The subjects of those that are known."""

    def standing(self, subjects: Iterable[int]) -> Mapping[int, Standing]:
        """What they said."""

    def owners(self, subjects: Iterable[int]) -> Mapping[int, int]:
        """Whose each is."""

    def devices(self, owners: Iterable[int]) -> Mapping[int, set[int]]:
        """What is theirs."""


def look_up(vault: Vault, named: Iterable[Identifier]) -> Known:
    """What the vault knows of those, and of all that is united with them."""
    subjects = vault.lookup(named)
    owners = vault.owners(subjects.values())
    devices = vault.devices({*subjects.values(), *owners.values()})
    people = set(subjects.values()).union(owners.values(), *devices.values())
    return Known(subjects, vault.standing(people), owners, devices)


class _Line(msgspec.Struct, frozen=True, gc=False):
    """A ``Decision`` of which what has no columns of its own, or columns that are quicker read together, stays JSON."""

    decision_id: str
    placement: str
    slate: msgspec.Raw
    promotion: Promotion | None
    variant: str
    propensity: float
    reasons: msgspec.Raw
    policy: str
    model: str
    time: int
    arm: str = ""
    arm_propensity: float = 1.0


class _Lines(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A ``Decided``."""

    user_id: str | None
    anonymous_id: str | None
    granted: int
    refused: int
    decisions: list[_Line]
    features: list[bytes]


_decode: Final = msgspec.json.Decoder(_Lines).decode


def decided_table(records: Iterable[tuple[int, Record]]) -> pa.Table:
    """``DECIDED`` of records of decisions, each with its place in the chunk.

    Raises:
        ValueError: a record holds no decisions.
    """
    told = [(number, _decode(record.body)) for number, record in records]
    rows = [row for number, one in told for row in _rows(number, one)]
    if not rows:
        return DECIDED.empty_table()
    slates = slate_columns([bytes(line.slate) for _, one in told for line in one.decisions])
    columns = dict(zip(_PLAIN, zip(*rows, strict=True), strict=True))
    arrays = [
        slates[field.name] if field.name in slates else pa.array(columns[field.name], field.type) for field in DECIDED
    ]
    return pa.Table.from_arrays(arrays, schema=DECIDED)


def _rows(number: int, told: _Lines) -> Iterable[tuple[object, ...]]:
    head = (number, told.user_id, told.anonymous_id, told.granted, told.refused)
    for one, features in zip(told.decisions, told.features, strict=True):
        offer = one.promotion
        yield (
            *head, one.decision_id, one.time, one.placement, one.policy, one.model, one.variant, one.propensity,
            offer.offer if offer else None, offer.discount if offer else None, one.arm, one.arm_propensity,
            features, str(one.reasons, "utf-8"),
        )  # fmt: skip


def identifiers(decided: pa.Table) -> set[Identifier]:
    """Who asked, as they are known by."""
    named = (("user", decided["user"]), ("anonymous", decided["anonymous"]))
    return {(kind, value) for kind, column in named for value in column.unique().to_pylist() if value is not None}


def weighed(decided: pa.Table, metas: Sequence[Meta], known: Known, settings: Settings) -> pa.Table:
    """``DECISIONS`` of what came out of the log, each under its person's pseudonym where they allow it.

    The duty to explain covers every decision (``essential``); the row of somebody who refuses names nobody.
    """
    if not decided.num_rows:
        return DECISIONS.empty_table()
    record, at, rows = np.unique(decided["record"].to_numpy(), return_index=True, return_inverse=True)
    firsts = decided.select(DECIDED.names[:5]).take(at)  # of a record all rows are one asker's
    askers = list(zip(*(column.to_pylist() for column in firsts.columns), strict=True))
    verdicts = [_weigh(_Asker(*asker), metas, known, settings) for asker in askers]
    theirs = [metas[one] for one in record.tolist()]
    told = {
        "subject": pa.array([subject for subject, _ in verdicts], pa.int64()),
        "purposes": pa.array([purposes for _, purposes in verdicts], pa.int16()),
        "source": pa.array([meta.source for meta in theirs], pa.string()),
        "received": pa.array([meta.received for meta in theirs], pa.timestamp("us")),
    }
    ours = {name: column.take(pa.array(rows)) for name, column in told.items()}
    ours["bot"] = pa.nulls(len(rows), pa.string())
    columns = [ours[field.name] if field.name in ours else decided[field.name] for field in DECISIONS]
    return pa.Table.from_arrays(columns, schema=DECISIONS)


class _Asker(NamedTuple):
    record: int
    user: str | None
    anonymous: str | None
    granted: Purposes
    refused: Purposes


def _weigh(asker: _Asker, metas: Sequence[Meta], known: Known, settings: Settings) -> tuple[int | None, Purposes]:
    named = [("user", asker.user), ("anonymous", asker.anonymous)]
    subjects = [known.subjects[kind, value] for kind, value in named if value and (kind, value) in known.subjects]
    basis = int(settings.source(metas[asker.record].source).covers)  # flags of an enumeration cost more
    covered = covering(subjects, (asker.granted, asker.refused), known, basis)
    subject = subjects[0] if subjects and covered & _PERSONALISATION else None
    return subject, covered | _ESSENTIAL


def covering(subjects: Iterable[int], said: tuple[int, int], known: Known, basis: Purposes) -> Purposes:
    """The purposes that cover what is decided for somebody now: what was said with the question first, then standing
    words of theirs and of all that is united with them, then the basis of the source."""
    everyone = set(subjects)
    if known.owners or known.devices:
        everyone.update([known.owners[one] for one in subjects if one in known.owners])
        everyone.update(*(known.devices.get(one, ()) for one in tuple(everyone)))
    standing = [known.standing[one] for one in everyone if one in known.standing]
    return coverage(*said, union(one.granted for one in standing), union(one.refused for one in standing), basis)
