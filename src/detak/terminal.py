"""What the terminal's commands share: their options, the store they speak to, and how errors are told."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec

from detak.errors import DetakError, StoreBusyError, WordedError, said
from detak.settings import load
from detak.words import LANGUAGES

if TYPE_CHECKING:
    from detak.client import Remote
    from detak.engine import Engine

_STORE = ("facts", "lock")  # a folder that holds one of them is a store
_WAIT = 600.0  # seconds: an import of millions of rows may go on so long
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
lang_option = click.option("--lang", type=click.Choice(LANGUAGES), help="The language of words in the answer.")
json_anyway = click.option("--json", is_flag=True, expose_value=False, help="The answer is JSON anyway.")


def explained(command: Callable[..., None]) -> Callable[..., None]:
    """Errors in words on stderr, exit code 2. Whoever stops reading the answer (``| head``) is told nothing."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except DetakError as error:
            fail(said(error, _language(options), labelled=False))
        except KeyboardInterrupt:
            click.echo("detak: interrupted; nothing that was taken in is lost", err=True)
            sys.exit(_INTERRUPTED)
        except BrokenPipeError:
            raise  # click ends quietly
        except OSError as error:
            fail(f"{error.filename or 'the disk'}: {error.strerror or error}")

    return run


def _is_store(folder: Path) -> bool:
    return any((folder / name).exists() for name in _STORE)


def _language(options: Mapping[str, Any]) -> str:
    """The language to tell an error in: of a command that answers in words the one that was asked for, else the
    shop's own, if there is a shop."""
    asked, store = options.get("lang"), options.get("store")
    try:
        if "lang" in options and isinstance(store, Path) and _is_store(store):
            return spoken(asked, store)
    except (DetakError, OSError):
        pass  # the settings say no language
    return asked or "en"


def fail(message: str) -> NoReturn:
    """Say what went wrong, and end with exit code 2."""
    click.echo(f"detak: {message}", err=True)
    sys.exit(2)


def spoken(lang: str | None, store: Path) -> str:
    """The language to answer in: the one that was asked for, else the shop's own."""
    return lang or load(store / "detak.toml").language


def person_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say who a command is about."""
    command = click.option("--anonymous-id", help="The device's anonymousId.")(command)
    return click.option("--user-id", help="The person's userId.")(command)


def identifiers(user_id: str | None, anonymous_id: str | None) -> list[tuple[str, str]]:
    """Whom the options name.

    Raises:
        UsageError: nobody.
    """
    named = (("user", user_id), ("anonymous", anonymous_id))
    found = [(kind, value) for kind, value in named if value]
    if not found:
        raise WordedError("say_who")
    return found


@contextmanager
def desk_of(store: Path, *, must_exist: bool = False) -> Iterator["Engine | Remote"]:
    """The store's engine: in this process, or in the server that holds it."""
    if must_exist and not _is_store(store):
        raise WordedError("no_store", {"store": store})
    from detak.client import Remote
    from detak.engine import Engine, owner

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


def end_now() -> NoReturn:
    """End the process, successfully, though threads are still at work: the store is closed, and they keep nothing.

    The interpreter would wait for what they have begun, which may take minutes.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def print_(value: Any, text: str, as_json: bool) -> None:
    """The answer: ``value`` as JSON, or ``text``."""
    click.echo(msgspec.json.encode(value).decode() if as_json else text)
