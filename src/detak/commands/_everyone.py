"""Writes what everybody is to be recommended into a file that only its owner can read, whole or not at all."""

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import msgspec

from detak.recommending.everyone import Theirs

if TYPE_CHECKING:
    from detak.client import RemoteEveryone
    from detak.recommending.asking import Ask
    from detak.recommending.everyone import Everyone

_HEAD: Final = ("user_id", "rank", "product_id", "score", "by", "because", "reason", "cold")


class Written(msgspec.Struct, frozen=True):
    """What is in the file."""

    file: str
    people: int
    products: int


def write_everyone(everyone: "Everyone | RemoteEveryone", ask: "Ask", language: str | None, path: Path) -> Written:
    """Ask for all of them, and write them as they come.

    Raises:
        UsageError: there is no such shelf.
        OSError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    people = products = 0
    try:
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
        ) as file:
            put = (_rows if path.suffix.lower() == ".csv" else _lines)(file)
            for one in _all(everyone, ask, language):
                put(one)
                people, products = people + 1, products + len(one.items)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Written(str(path), people, products)


def _all(everyone: "Everyone | RemoteEveryone", ask: "Ask", language: str | None) -> Iterator[Theirs]:
    after = ""
    while True:
        some = everyone.some(ask, language, after=after)
        yield from some.people
        if not (after := some.after):
            return


def _lines(file: TextIO) -> Callable[[Theirs], object]:
    """JSON Lines: a line a person."""
    return lambda one: file.write(msgspec.json.encode(one).decode() + "\n")


def _rows(file: TextIO) -> Callable[[Theirs], object]:
    """CSV: a line a product."""
    table = csv.writer(file)
    table.writerow(_HEAD)

    def put(one: Theirs) -> None:
        for rank, item in enumerate(one.items, 1):
            because = item.because or ""
            table.writerow(
                (one.user_id, rank, item.product_id, item.score, item.by, because, item.reason, str(one.cold).lower())
            )

    return put
