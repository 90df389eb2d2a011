"""From decisions in the log to their facts: who asked and columns first, then whose each may be. Pure.

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
from detak.record import Record
from detak.settings import Settings
from detak.subject import Identifier

_OURS: Final = ("subject", "purposes")  # known once the gate has looked
_HEAD: Final = ("received", "source", "bot")
_ESSENTIAL: Final = int(Purpose.ESSENTIAL)
_PERSONALISATION: Final = int(Purpose.PERSONALISATION)

SHOWN: Final = pa.schema([field for field in DECISIONS if field.name not in _OURS])
"""Decisions as they came out of the log, before the gate."""
_PLAIN: Final = [one for one in SHOWN.names if one not in (*_HEAD, *NAMES)]


class Asker(NamedTuple):
    """Who asked, as the question said, and how many decisions were the answer."""

    source: str
    user: str | None
    anonymous: str | None
    granted: Purposes
    """Allowed with the question itself; bits."""
    refused: Purposes
    decisions: int


class Told(NamedTuple):
    """Decisions out of the log."""

    askers: list[Asker]
    rows: pa.Table
    """``SHOWN``: each asker's, one after the other."""


NONE: Final = Told([], SHOWN.empty_table())

Verdict = tuple[int | None, Purposes]
"""Whose the decisions of one answer may be, and for what."""


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


def decided(records: Sequence[Record]) -> Told:
    """What records of decisions hold.

    Raises:
        ValueError: a record holds no decisions.
    """
    if not records:
        return NONE
    told = [_decode(one.body) for one in records]
    askers = [
        Asker(record.meta.source, one.user_id, one.anonymous_id, one.granted, one.refused, len(one.decisions))
        for record, one in zip(records, told, strict=True)
    ]
    rows = [row for one in told for row in _rows(one)]
    if not rows:
        return Told(askers, SHOWN.empty_table())
    plain = dict(zip(_PLAIN, zip(*rows, strict=True), strict=True))
    columns = {name: pa.array(column, SHOWN.field(name).type) for name, column in plain.items()}
    columns |= slate_columns([bytes(line.slate) for one in told for line in one.decisions])
    many = np.repeat(np.arange(len(askers)), [one.decisions for one in askers])
    received, source = [one.meta.received for one in records], [one.source for one in askers]
    columns["received"] = pa.array(received, pa.timestamp("us")).take(pa.array(many))
    columns["source"] = pa.array(source, pa.string()).take(pa.array(many))
    columns["bot"] = pa.nulls(len(rows), pa.string())
    return Told(askers, pa.Table.from_arrays([columns[name] for name in SHOWN.names], schema=SHOWN))


def _rows(told: _Lines) -> Iterable[tuple[object, ...]]:
    for one, features in zip(told.decisions, told.features, strict=True):
        offer = one.promotion
        yield (
            one.decision_id, one.time, one.placement, one.policy, one.model, one.variant, one.propensity,
            offer.offer if offer else None, offer.discount if offer else None, one.arm, one.arm_propensity,
            features, str(one.reasons, "utf-8"),
        )  # fmt: skip


def identifiers(askers: Iterable[Asker]) -> set[Identifier]:
    """Who asked, as they are known by."""
    return {one for asker in askers for one in _named(asker)}


def _named(asker: Asker) -> list[Identifier]:
    """The user before the device."""
    return [(kind, one) for kind, one in (("user", asker.user), ("anonymous", asker.anonymous)) if one]


def weighed(askers: Iterable[Asker], known: Known, settings: Settings) -> list[Verdict]:
    """Whose the decisions of each answer may be: a pseudonym only where its person allows personalisation.

    The duty to explain covers every decision (``essential``); the row of somebody who refuses names nobody.
    """
    basis = {source: int(settings.source(source).covers) for source in {one.source for one in askers}}
    return [_weigh(one, known, basis[one.source]) for one in askers]


def decisions_table(told: Told, verdicts: Sequence[Verdict]) -> pa.Table:
    """``DECISIONS`` of what came out of the log, each as its asker's ``weighed`` verdict says."""
    many = [one.decisions for one in told.askers]
    subject = np.repeat(np.array([one or 0 for one, _ in verdicts], np.int64), many)
    nobody = np.repeat(np.array([one is None for one, _ in verdicts], np.bool_), many)
    purposes = np.repeat(np.array([one for _, one in verdicts], np.int16), many)
    columns = {"subject": pa.array(subject, mask=nobody), "purposes": pa.array(purposes)}
    arrays = [columns[name] if name in columns else told.rows[name] for name in DECISIONS.names]
    return pa.Table.from_arrays(arrays, schema=DECISIONS)


def _weigh(asker: Asker, known: Known, basis: Purposes) -> Verdict:
    subjects = [known.subjects[one] for one in _named(asker) if one in known.subjects]
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
