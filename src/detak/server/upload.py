"""A file over HTTP: taken into the store's own folder, imported as ``detak import`` would, and gone afterwards."""

import asyncio
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from detak.engine import Engine
from detak.errors import BilingualError, RowError, SourceError, StoreError, UsageError
from detak.importing import Imported, Rejection, RejectsFile, import_file
from detak.private_files import make_private
from detak.server.ingest import AnyRequest, answers
from detak.sources.base import Columns, Reading

FileName = Annotated[str, Parameter(query="file", max_length=255)]

_FIRST: Final = 20  # rejects in the answer
_WRITE: Final = 1024 * 1024
_FOLDER: Final = "uploads"
_AT_ONCE: Final = 2


class Uploaded(msgspec.Struct):
    """What came of a file, in its rows: ``read = accepted + duplicates + rejected + withheld``."""

    source: str
    read: int
    accepted: int
    duplicates: int
    rejected: int
    withheld: int
    rejects: list[Rejection]
    """The first rows that could not be used."""
    rejects_file: str | None
    """All of them, in the store: its name under ``rejects/``."""
    columns: Columns | None = None
    """What the columns were taken for, where only their names say it."""


def routes() -> list[HTTPRouteHandler]:
    """The route. Few files at once: whoever comes later waits, and reports keep their threads."""
    turn = asyncio.Semaphore(_AT_ONCE)

    @post("/v1/import/{source:str}", status_code=200, responses=answers(400, 401, 503))
    async def upload(request: AnyRequest, engine: Engine, source: str, file: FileName = "upload") -> Uploaded:
        """Import the body: CSV, JSON Lines, xlsx, Parquet. ``source`` is one of the formats, or ``auto``.

        ``file`` is what rejects and the audit call it. Importing a file again changes nothing.
        """
        async with turn:
            with _room(engine.folder, file) as path:
                await _receive(request, path, engine.settings.upload_bytes)
                return await asyncio.to_thread(_import, engine, path, source)

    return [upload]


def sweep(store: Path) -> None:
    """Remove what a process that was interrupted left; only the one that holds the store may ask for it."""
    shutil.rmtree(store / _FOLDER, ignore_errors=True)


def _import(engine: Engine, path: Path, source: str) -> Uploaded:
    """Raises SourceError, UsageError: as the importers do; they name the file as its sender does."""
    now = datetime.now(UTC)
    rejects = RejectsFile(engine.folder, now)
    reading = Reading(engine.settings.timezone, engine.settings.currency, now, None)
    try:
        done = import_file(engine, path, source, reading, rejects)
    except BilingualError as error:
        raise error.naming(str(path), path.name) from None
    except (SourceError, UsageError) as error:
        raise type(error)(str(error).replace(str(path), path.name)) from None
    return _answer(done, rejects.written)


def _answer(done: Imported, written: Path | None) -> Uploaded:
    return Uploaded(
        source=done.source,
        read=done.read,
        accepted=done.accepted,
        duplicates=done.duplicates,
        rejected=done.rejected,
        withheld=done.withheld,
        rejects=_first(written) if written else [],
        rejects_file=written.name if written else None,
        columns=done.columns,
    )


def _first(written: Path) -> list[Rejection]:
    with written.open("rb") as lines:
        return [msgspec.json.decode(line, type=Rejection) for _, line in zip(range(_FIRST), lines, strict=False)]


@contextmanager
def _room(store: Path, name: str) -> Iterator[Path]:
    """A path of the given name in a folder of its own that only the store's owner can enter; removed at the end."""
    folder = store / _FOLDER / secrets.token_hex(8)
    make_private(folder.parent)
    make_private(folder)
    path = folder / _plain(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        folder.rmdir()


def _plain(name: str) -> str:
    """The name without folders and odd characters: it becomes a file's, and stands in reports."""
    last = re.split(r"[/\\]", name)[-1]
    kept = re.sub(r"[^\w. -]", "_", last).strip(". ")[-100:]
    return kept or "upload"


async def _receive(request: AnyRequest, path: Path, limit: int) -> None:
    """Write the body to a file as it comes.

    Raises:
        RowError: it is larger than ``limit`` bytes, or empty.
        StoreError: the disk cannot take it.
    """
    stated = request.headers.get("content-length", "0")
    if stated.isdecimal() and int(stated) > limit:
        raise _too_large(limit)
    try:
        size = await _write(request, path, limit)
    except OSError as error:
        raise StoreError(f"the file cannot be kept: {error.strerror}") from None
    if not size:
        raise RowError("body", "is empty: send the file itself as the body")


async def _write(request: AnyRequest, path: Path, limit: int) -> int:
    size, waiting = 0, bytearray()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        async for chunk in request.stream():
            waiting += chunk
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            if len(waiting) >= _WRITE:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))
    return size


def _too_large(limit: int) -> RowError:
    return RowError("body", f"is larger than {limit:,} bytes (upload_bytes in detak.toml)")
