"""``detak import``."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from detak.commands._rejected import tell_rejected
from detak.errors import DetakError, SourceError, said
from detak.importing import Imported, Rejection, RejectsFile, import_file
from detak.insights import render
from detak.settings import Settings, load
from detak.sources.base import Columns, Reading, find, names
from detak.sources.complete_journey import installed
from detak.terminal import desk_of, explained, fail, json_option, lang_option, print_, store_option
from detak.words import say


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--source", default="auto", show_default=True, help=f"The format: auto, {', '.join(names())}.")
@click.option("--mapping", type=click.Path(path_type=Path), help="A column mapping file, for --source csv.")
@lang_option
@store_option
@json_option
@explained
def command(
    files: tuple[str, ...], source: str, mapping: Path | None, lang: str | None, store: Path, as_json: bool
) -> None:
    """Bring files of orders and events into the store. Importing a file again changes nothing.

    FILE may be a folder (every file in it that is recognised) or `complete-journey` (the data of that package).
    """
    settings = load(store / "detak.toml")
    now, language = datetime.now(UTC), lang or settings.language
    reading = Reading(settings.timezone, settings.currency, now, mapping)
    if mapping is not None and source == "auto":
        source = "csv"
    rejects = RejectsFile(store, now)
    done: list[Imported] = []
    faults: list[str] = []
    paths = _expand(files)
    with desk_of(store) as desk:
        for path in paths:
            try:
                done.append(import_file(desk, path, source, reading, rejects))
                legal = settings.source(done[-1].source, imported=True)
                done[-1].basis, done[-1].purposes = legal.basis, legal.purposes
            except SourceError as error:  # the files beside it still go in
                faults.append(said(error, language, labelled=False))
            else:
                if not as_json:
                    click.echo(_sentence(path, done[-1], language))
                _warn_of_columns(path, done[-1], language)
    if done and as_json:
        print_(_together(done), "", True)
    _warn(done, rejects.first, settings, language)
    if faults:
        fail("\ndetak: ".join(faults))


def _expand(files: tuple[str, ...]) -> list[Path]:
    found: list[Path] = []
    for name in files:
        path = Path(name)
        if name == "complete-journey" and not path.exists():
            path = installed()
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
            found += [one for one in inside if _recognised(one)]
        else:
            found.append(path)
    if not found:
        raise SourceError(f"{', '.join(files)}: there is no file in it that is recognised")
    return found


def _recognised(path: Path) -> bool:
    try:
        find("auto", path)
    except DetakError:
        return False
    return True


def _together(done: list[Imported]) -> Any:
    """One file: what came of it. Several: the sums, and each under ``files``."""
    if len(done) == 1:
        return done[0]
    total = Imported(source=done[0].source if len({one.source for one in done}) == 1 else "several")
    for one in done:
        for field in ("read", "accepted", "duplicates", "rejected", "withheld"):
            setattr(total, field, getattr(total, field) + getattr(one, field))
        total.rejects_file = one.rejects_file or total.rejects_file
    return {**msgspec.to_builtins(total), "files": msgspec.to_builtins(done)}


def _sentence(path: Path, one: Imported, language: str) -> str:
    names = ("read", "accepted", "duplicates", "rejected")
    counts = {name: render.whole(getattr(one, name), language) for name in names}
    purposes = ", ".join(one.purposes) or say(language, "desk.what_each_allows")
    told = {"file": path.name, "source": one.source, "basis": one.basis, "purposes": purposes}
    sentence = say(language, "desk.imported_some" if one.rejected else "desk.imported", **told, **counts)
    return sentence if one.columns is None else f"{sentence}\n{_columns(one.columns, language)}"


def _columns(columns: Columns, language: str) -> str:
    taken = ", ".join(f"{field} = {name}" for field, name in columns.taken.items())
    unused = ", ".join(columns.unused) or say(language, "desk.no_column")
    return say(language, "desk.columns", taken=taken, unused=unused)


def _warn_of_columns(path: Path, one: Imported, language: str) -> None:
    for need in one.columns.lacking if one.columns is not None else ():
        click.echo(f"detak: {say(language, f'desk.lacks_{need}', file=path.name)}", err=True)


def _warn(done: list[Imported], first: Sequence[Rejection], settings: Settings, language: str) -> None:
    for rejects_file in dict.fromkeys(one.rejects_file for one in done if one.rejected):
        rejected = sum(one.rejected for one in done if one.rejects_file == rejects_file)
        tell_rejected(rejected, first, rejects_file, language)
    for source in dict.fromkeys(one.source for one in done if one.withheld):
        count = render.whole(sum(one.withheld for one in done if one.source == source), language)
        basis = settings.source(source, imported=True).basis
        told = say(language, "desk.rows_withheld", count=count, source=source, basis=basis)
        click.echo(f"detak: {told}", err=True)
