"""What was decided, recounted to whoever an explanation is owed to. Part of the gate: each passage is in the audit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import ibis

from detak.clock import from_micros
from detak.consent import Purpose
from detak.decision import decided_at
from detak.errors import NobodyError
from detak.store.base import Store
from detak.store.registry import Registry
from detak.store.vault import Vault
from detak.subject import Identifier

_SECOND: Final = 1_000_000  # microseconds


class Recounting:
    """Reads decisions of one store."""

    def __init__(self, store: Store, vault: Vault, registry: Registry) -> None:
        self._store = store
        self._vault = vault
        self._registry = registry

    def decision(self, decision_id: str) -> dict[str, Any]:
        """What was decided under a number (``decision.DECISIONS``): an explanation is owed to whoever holds it.

        Raises:
            NobodyError: there is no such decision, or not any more.
        """
        made = decided_at(decision_id)
        rows: list[dict[str, Any]] = []
        if made is not None:
            with self._store.reader() as reader:
                table = reader.table("decisions")
                near = table.time.between(_naive(made - _SECOND), _naive(made + _SECOND))  # its time finds it
                rows = reader.run(table.filter(near, table.id == decision_id)).to_pylist()
        if not rows:
            raise NobodyError("no_decision")
        self._registry.audit("explain", Purpose.ESSENTIAL.label, "why something was shown", {"decisions": 1})
        return {**rows[0], "time": rows[0]["time"].replace(tzinfo=UTC)}

    def lately(self, identifiers: Sequence[Identifier], most: int) -> list[str]:
        """The numbers of the last decisions for somebody, the latest first.

        Raises:
            NobodyError: nobody is known under these identifiers.
        """
        subjects = sorted(self._vault.linked(self._vault.lookup(identifiers).values()))
        if not subjects:
            raise NobodyError("nobody")
        with self._store.reader() as reader:
            table = reader.table("decisions")
            theirs = table.filter(table.subject.isin(subjects)).order_by(ibis.desc("time")).limit(most)
            found = reader.run(theirs.select("id"))["id"].to_pylist()
        self._registry.audit("explain", Purpose.ESSENTIAL.label, "a person's decisions", {"decisions": len(found)})
        return list(found)

    def whom(self, decision_id: str) -> list[Identifier]:
        """Whom a decision was made for, so that their wish can be carried out; nobody: it was made for anyone."""
        subject = self.decision(decision_id)["subject"]
        known = self._vault.people([subject]).get(subject) if subject is not None else None
        return known[0] if known else []

    def objected(self, subject: int | None) -> bool:
        """Whether whomever a decision was made for refuses personalisation by now; nobody does not."""
        if subject is None:
            return False
        standing = self._vault.standing(self._vault.linked([subject]))
        return any(one.refused & Purpose.PERSONALISATION for one in standing.values())


def _naive(micros: int) -> datetime:
    return from_micros(micros).replace(tzinfo=None)
