"""The command line: ``detak --help``. Errors go to stderr, in words, with exit code 2."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from detak import __version__
from detak import demo as demonstration
from detak.admin_token import kept_token
from detak.client import Remote
from detak.engine import Engine, Question, owner, report_names
from detak.errors import DetakError, SourceError, StoreBusyError, UsageError
from detak.importing import Imported, RejectsFile, import_file
from detak.server import run as serving
from detak.settings import LANGUAGES, load
from detak.sources.base import Reading, find, names
from detak.sources.complete_journey import installed

_STORE = ("facts", "lock")  # a folder that holds one of them is a store
_WAIT = 600.0  # seconds: an import of millions of rows may go on so long
_SERVE_WAIT = 20.0
_PORT = 8181
_INTERRUPTED = 130  # 128 + SIGINT, as a shell says it

store_option = click.option(
    "--store", type=click.Path(path_type=Path, file_okay=False), default=Path("detak-store"), show_default=True,
    help="The folder of the store.",
)  # fmt: skip
port_option = click.option(
    "--port", type=click.IntRange(0, 65_535), default=_PORT, show_default=True, help="0 takes a free one."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
json_anyway = click.option("--json", is_flag=True, expose_value=False, help="The answer is JSON anyway.")


def _explained(command: Callable[..., None]) -> Callable[..., None]:
    """Errors in words on stderr, exit code 2. Whoever stops reading the answer (``| head``) is told nothing."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except DetakError as error:
            _fail(str(error))
        except KeyboardInterrupt:
            click.echo("detak: interrupted; nothing that was taken in is lost", err=True)
            sys.exit(_INTERRUPTED)
        except BrokenPipeError:
            raise  # click ends quietly
        except OSError as error:
            _fail(f"{error.filename or 'the disk'}: {error.strerror or error}")

    return run


def _fail(message: str) -> NoReturn:
    click.echo(f"detak: {message}", err=True)
    sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Detak: the heartbeat of an online shop. `detak demo` shows it."""
    os.umask(0o077)  # what a store holds is its owner's to read


@main.command()
@json_option
def version(as_json: bool) -> None:
    """Print the version."""
    _print({"version": __version__}, __version__, as_json)


@main.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--source", default="auto", show_default=True, help=f"The format: auto, {', '.join(names())}.")
@click.option("--mapping", type=click.Path(path_type=Path), help="A column mapping file, for --source csv.")
@store_option
@json_option
@_explained
def import_(files: tuple[str, ...], source: str, mapping: Path | None, store: Path, as_json: bool) -> None:
    """Bring files of orders and events into the store. Importing a file again changes nothing.

    FILE may be a folder (every file in it that is recognised) or `complete-journey` (the data of that package).
    """
    settings = load(store / "detak.toml")
    now = datetime.now(UTC)
    reading = Reading(settings.timezone, settings.currency, now, mapping)
    if mapping is not None and source == "auto":
        source = "csv"
    rejects = RejectsFile(store, now)
    done: list[Imported] = []
    faults: list[str] = []
    paths = _expand(files)
    with _desk(store) as desk:
        for path in paths:
            try:
                done.append(import_file(desk, path, source, reading, rejects))
                legal = settings.source(done[-1].source, imported=True)
                done[-1].basis, done[-1].purposes = legal.basis, legal.purposes
            except SourceError as error:  # the files beside it still go in
                faults.append(str(error))
            else:
                if not as_json:
                    click.echo(_sentence(path, done[-1]))
    if done and as_json:
        _print(_together(done), "", True)
    _warn(done, settings)
    if faults:
        _fail("\ndetak: ".join(faults))


@main.command()
@click.argument("name", type=click.Choice(report_names()))
@click.option("--by", help="Split by: province, city, payment, shipping, category, ...")
@click.option("--limit", type=int, help="At most so many rows, for the reports that take it.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="The language of words in the answer.")
@store_option
@json_option
@_explained
def report(name: str, by: str | None, limit: int | None, lang: str | None, store: Path, as_json: bool) -> None:
    """Print what the shop's facts say."""
    given = {"by": by, "limit": limit}
    parameters = {key: str(value) for key, value in given.items() if value is not None}
    with _desk(store, must_exist=True) as desk:
        answer = desk.answer(Question(name, parameters, lang))
    click.echo(bytes(answer.report).decode() if as_json else answer.text)


@main.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen; beyond this machine, one signs in."
)
@port_option
@click.option("--sign-in", is_flag=True, help="Ask for the token even here: needed behind a reverse proxy.")
@store_option
@json_option
@_explained
def serve(host: str, port: int, sign_in: bool, store: Path, as_json: bool) -> None:
    """Run the engine: collection, consent, reports and the dashboard."""
    with Engine(store, wait=_SERVE_WAIT) as engine:
        key = engine.write_key("web")

        def ready(url: str, _: str) -> None:
            text = f"Dashboard   {url}\nWrite key   {key}  (source: web)\nStore       {store}\nStop with Ctrl+C."
            _print({"url": url, "write_key": key, "store": str(store)}, text, as_json)

        serving.serve(engine, host=host, port=port, sign_in=sign_in, ready=ready)


@main.command()
@port_option
@click.option("--speed", default=1800.0, show_default=True, help="How many times faster than life.")
@click.option("--seconds", type=float, help="Stop by itself after so long.")
@json_option
@_explained
def demo(port: int, speed: float, seconds: float | None, as_json: bool) -> None:
    """A shop to look at: real-looking orders stream into a running engine, and its dashboard beats."""

    def ready(url: str) -> None:
        _print({"url": url}, f"Dashboard   {url}\nStop with Ctrl+C.", as_json)

    demonstration.run(
        port=port, speed=speed, seconds=seconds, ready=ready, say=lambda line: click.echo(line, err=as_json)
    )


@main.command()
@click.argument("source")
@store_option
@json_option
@_explained
def key(source: str, store: Path, as_json: bool) -> None:
    """Print the write key of a SOURCE (web, android, ...); made on first asking."""
    with _desk(store) as desk:
        made = desk.write_key(source)
    _print({"source": source, "key": made}, made, as_json)


@main.command()
@store_option
@json_option
@_explained
def token(store: Path, as_json: bool) -> None:
    """Print the admin token of the store."""
    found = kept_token(store)
    _print({"token": found}, found, as_json)


def _person_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--anonymous-id", help="The device's anonymousId.")(command)
    return click.option("--user-id", help="The person's userId.")(command)


def _identifiers(user_id: str | None, anonymous_id: str | None) -> list[tuple[str, str]]:
    named = (("user", user_id), ("anonymous", anonymous_id))
    found = [(kind, value) for kind, value in named if value]
    if not found:
        raise UsageError("say who: --user-id or --anonymous-id")
    return found


@main.command()
@_person_options
@store_option
@json_anyway
@_explained
def export(user_id: str | None, anonymous_id: str | None, store: Path) -> None:
    """Print everything kept of a person, as JSON."""
    with _desk(store, must_exist=True) as desk:
        found = desk.export(_identifiers(user_id, anonymous_id))
    _print(found, "", True)


@main.command()
@_person_options
@click.option("--yes", is_flag=True, help="Do not ask again.")
@store_option
@json_anyway
@_explained
def forget(user_id: str | None, anonymous_id: str | None, yes: bool, store: Path) -> None:
    """Remove a person for good, and print the signed receipt."""
    who = _identifiers(user_id, anonymous_id)
    if not yes:
        click.confirm("This cannot be undone. Forget this person?", abort=True, err=True)
    with _desk(store, must_exist=True) as desk:
        receipt = desk.forget(who)
    _print(receipt, "", True)


@main.command()
@store_option
@json_option
@_explained
def audit(store: Path, as_json: bool) -> None:
    """Print every passage through the gate, and whether the chain holds."""
    with _desk(store, must_exist=True) as desk:
        found = desk.audit()
    lines = [
        f"{row.number:6} {row.time:32} {row.verb:9} {row.purpose:20} {row.why}  {row.detail}" for row in found.rows
    ]
    lines.append("The chain holds." if found.broken_at is None else f"The chain is broken at row {found.broken_at}.")
    _print(found, "\n".join(lines), as_json)


@contextmanager
def _desk(store: Path, *, must_exist: bool = False) -> Iterator[Engine | Remote]:
    """The store's engine: in this process, or in the server that holds it."""
    if must_exist and not any((store / name).exists() for name in _STORE):
        raise UsageError(f"{store}: there is no store here; `detak import FILE --store {store}` makes one")
    began = time.monotonic()
    told = False
    while True:
        if (held := owner(store)) is not None:
            with Remote(store, held.url, held.token) as remote:
                if remote.answers():
                    yield remote
                    return
        try:
            engine = Engine(store)
        except StoreBusyError:
            if time.monotonic() - began > _WAIT:
                raise
            if not told and time.monotonic() - began > 1:
                click.echo(f"detak: waiting for another command on {store} ...", err=True)
                told = True
            time.sleep(0.1)
            continue
        with engine:
            yield engine
        return


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


def _sentence(path: Path, one: Imported) -> str:
    text = (
        f"{path.name}: {one.source}, {one.read:,} rows read, {one.accepted:,} accepted, {one.duplicates:,} duplicates"
    )
    basis = f"; basis: {one.basis} for {', '.join(one.purposes) or 'what each person allows'}"
    return text + (f", {one.rejected:,} rejected" if one.rejected else "") + basis


def _warn(done: list[Imported], settings: Any) -> None:
    for one in done:
        if one.rejected:
            click.echo(f"detak: {one.rejected:,} rows could not be used; see {one.rejects_file}", err=True)
        if one.withheld:
            basis = settings.source(one.source, imported=True).basis
            click.echo(
                f"detak: {one.withheld:,} rows are covered by no purpose (source {one.source}, basis {basis}): "
                "not kept. See [sources] in detak.toml.",
                err=True,
            )


def _print(value: Any, text: str, as_json: bool) -> None:
    click.echo(msgspec.json.encode(value).decode() if as_json else text)
