"""What was learnt of people and is not on the disk yet: the log holds what it came from."""

import json
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, select

from detak.clock import to_micros
from detak.consent import Standing, Statement
from detak.store.sqlite import chunks
from detak.store.vault_tables import TRAITS
from detak.subject import Identifier, Merge

_AT_ONCE: Final = 500  # values in one IN (...)


class Pending:
    """What was learnt and is not on the disk yet."""

    def __init__(self) -> None:
        self._identities: dict[Identifier, int] = {}
        self._traits: dict[int, dict[str, Any]] = {}
        self._proofs: list[tuple[int, Statement]] = []
        self._stands: dict[int, Standing] = {}
        self._merges: list[Merge] = []

    def __bool__(self) -> bool:
        return bool(self._identities or self._traits or self._proofs or self._stands or self._merges)

    def add(
        self,
        identities: Mapping[Identifier, int],
        traits: Mapping[int, Mapping[str, Any]],
        proofs: Sequence[tuple[int, Statement]],
        stands: Mapping[int, Standing],
        merges: Sequence[Merge],
    ) -> None:
        """Some more; of an identifier the first subject stands."""
        for identifier, subject in identities.items():
            self._identities.setdefault(identifier, subject)
        for subject, told in traits.items():
            self._traits.setdefault(subject, {}).update(told)
        self._proofs += [one for one in proofs if one[1].evidence]
        self._stands.update(stands)
        self._merges += merges

    def then(self, later: "Pending") -> "Pending":
        """This, and what came later."""
        self.add(later._identities, later._traits, later._proofs, later._stands, later._merges)
        return self

    def save(self, connection: Connection) -> None:
        """Write it, in the caller's transaction."""
        _insert(connection, "identities(kind, value, subject)", [(*one, at) for one, at in self._identities.items()])
        for some in chunks(self._traits, _AT_ONCE):
            rows = connection.execute(select(TRAITS).where(TRAITS.c.subject.in_(some)))
            before = {row.subject: json.loads(row.traits) for row in rows}
            merged = [{**before.get(one, {}), **self._traits[one]} for one in some]
            values = [(one, json.dumps(told, ensure_ascii=False)) for one, told in zip(some, merged, strict=True)]
            _insert(connection, "traits(subject, traits)", values, instead=True)
        proofs = [
            (subject, said.granted, said.refused, to_micros(said.time), said.evidence) for subject, said in self._proofs
        ]
        _insert(connection, "statements(subject, granted, refused, time, evidence)", proofs)
        words = [
            (subject, purpose, int(word.yes), word.time, word.since, word.no)
            for subject, standing in self._stands.items()
            for purpose, word in standing.words.items()
        ]
        _insert(connection, "standing(subject, purpose, yes, time, since, no)", words, instead=True)
        _insert(connection, "merges(subject, person, evidence, time)", self._merges)


_first = itemgetter(0, 1)


def _insert(connection: Connection, into: str, rows: Sequence[tuple[Any, ...]], *, instead: bool = False) -> None:
    """Rows as they are, which is several times quicker than row by row through the toolkit; known ones stay, or go."""
    if rows:
        rows = sorted(rows, key=_first)  # neighbours in the file are written together
        marks = ", ".join("?" * len(rows[0]))
        otherwise = "REPLACE" if instead else "IGNORE"
        statement = f"INSERT OR {otherwise} INTO {into} VALUES ({marks})"  # noqa: S608  no value is part of it
        connection.exec_driver_sql(statement, list(map(tuple, rows)))
