"""``detak catalogue``."""

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from detak.catalogue import FILE
from detak.commands._rejected import tell_rejected
from detak.importing import Rejection, RejectsFile
from detak.insights import render
from detak.settings import load
from detak.sources.base import Reading, Reject
from detak.sources.product_table import ProductRow, read_products
from detak.terminal import desk_of, explained, json_option, lang_option, print_, store_option
from detak.words import say

if TYPE_CHECKING:
    from detak.client import Remote
    from detak.engine import Engine

_AT_ONCE = 2_000  # products


class Imported(msgspec.Struct, kw_only=True):
    """What came of a file: its rows with something on them are ``read``, those of products taken in ``accepted``."""

    file: str
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    products: int = 0
    rejects_file: str | None = None


@click.group("catalogue")
def command() -> None:
    """The products of the shop: prices, stock, categories, pictures."""


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@lang_option
@store_option
@json_option
@explained
def import_(file: Path, lang: str | None, store: Path, as_json: bool) -> None:
    """Bring a file of products in: CSV, TSV, xlsx, JSON Lines, a marketplace's form, a feed for Google.

    What the file does not say of a product stays as it was.
    """
    settings = load(store / "detak.toml")
    now, language = datetime.now(UTC), lang or settings.language
    found = read_products(file, Reading(settings.timezone, settings.currency, now))
    done, rejects = Imported(file=file.name), RejectsFile(store, now)
    with desk_of(store) as desk:
        while some := list(islice(found, _AT_ONCE)):
            _take(desk, some, done, rejects)
    done.rejects_file = str(rejects.written) if rejects.written else None
    print_(done, _sentence(done, language), as_json)
    if done.rejected:
        tell_rejected(done.rejected, rejects.first, done.rejects_file, language)


def _take(desk: "Engine | Remote", some: list[ProductRow | Reject], done: Imported, rejects: RejectsFile) -> None:
    given = [one for one in some if isinstance(one, ProductRow)]
    refused = [Rejection(done.file, one.row, one.field, one.reason) for one in some if isinstance(one, Reject)]
    result = desk.catalogue.put([one.product for one in given], FILE)
    for one in result.rejected:
        refused += [Rejection(done.file, row, one.field, one.reason) for row in given[one.index].rows]
    rejects.add(refused)
    rows = sum(len(one.rows) for one in given) + sum(isinstance(one, Reject) for one in some)
    done.read += rows
    done.rejected += len(refused)
    done.accepted += rows - len(refused)
    done.products += result.upserted


def _sentence(done: Imported, language: str) -> str:
    counts = {
        name: render.whole(getattr(done, name), language) for name in ("read", "accepted", "rejected", "products")
    }
    key = "desk.products_imported_some" if done.rejected else "desk.products_imported"
    return say(language, key, file=done.file, **counts)
