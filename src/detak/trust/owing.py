"""Removals that are begun: whoever is interrupted is finished by the next process, receipt and all. Part of the gate.

What is being removed is written down before anything is, and struck out with the row of the audit that says that it was
done. In between it holds pseudonyms alone, which name nobody once the vault has let go of them.
"""

from collections.abc import Collection

import msgspec

from detak.receipt import Receipt, Signer
from detak.store.registry import AuditRow, Owed, Registry
from detak.store.vault import Vault
from detak.subject import Identifier
from detak.trust.passages import Removed, Unfinished


class Owing:
    """The receipts that one store owes."""

    def __init__(self, registry: Registry, vault: Vault, signer: Signer) -> None:
        self._registry = registry
        self._vault = vault
        self._signer = signer

    def begin(self, wish: str | None, subjects: Collection[int], events: int) -> Removed:
        """Write down who is about to be removed. ``wish``: what the receipt is asked for by, should it get lost."""
        return _removed(self._registry.owe(wish, subjects, events))

    def certify(self, removed: Removed) -> Receipt:
        """A signed receipt, which names nobody, that a person was removed; and the row of the audit that says so."""
        owed = Owed(removed.owed, removed.wish, sorted(removed.subjects), removed.events)
        return self._signed(self._registry.removed(owed), removed.events)

    def unfinished(self) -> list[Unfinished]:
        """What an interrupted process left: those whom the vault still knows are not removed yet."""
        return [Unfinished(_removed(one), self._known(one.subjects)) for one in self._registry.owed()]

    def receipt(self, wish: str) -> Receipt | None:
        """The receipt once more, of what was wished by this name and is done; None: nothing was."""
        rows = (row for row in self._registry.audit_rows() if row.verb == "forget")
        told = ((row, msgspec.json.decode(row.detail, type=_Detail)) for row in rows)
        return next((self._signed(row, detail.events) for row, detail in told if detail.wish == wish), None)

    def _known(self, subjects: Collection[int]) -> list[Identifier]:
        return [one for known, _ in self._vault.people(subjects).values() for one in known]

    def _signed(self, row: AuditRow, events: int) -> Receipt:
        return self._signer.sign(events=events, time=row.time, audit_row=row.number, audit_hash=row.hash)


class _Detail(msgspec.Struct):
    events: int
    wish: str | None = None


def _removed(owed: Owed) -> Removed:
    return Removed(frozenset(owed.subjects), owed.events, owed.number, owed.wish)
