"""``detak identity``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detak.terminal import (
    desk_of,
    explained,
    identifiers,
    json_option,
    lang_option,
    person_options,
    print_,
    spoken,
    store_option,
)
from detak.words import say

if TYPE_CHECKING:
    from detak.trust.passages import Identity, Known


@click.group("identity")
def command() -> None:
    """Who is one person: shown with its evidence, united, and taken apart again."""


@command.command("show")
@person_options
@lang_option
@store_option
@json_option
@explained
def show(user_id: str | None, anonymous_id: str | None, lang: str | None, store: Path, as_json: bool) -> None:
    """Print under which identifiers a person is known, and why."""
    with desk_of(store, must_exist=True) as desk:
        found = desk.identity(identifiers(user_id, anonymous_id))
    print_(found, _text(found, spoken(lang, store)), as_json)


@command.command("unite")
@person_options
@click.option("--with-user-id", help="The userId of the other.")
@click.option("--with-anonymous-id", help="The anonymousId of the other.")
@click.option("--why", required=True, help="How you know. It is kept as the evidence.")
@lang_option
@store_option
@explained
def unite(  # noqa: PLR0913, PLR0917  an option each
    user_id: str | None,
    anonymous_id: str | None,
    with_user_id: str | None,
    with_anonymous_id: str | None,
    why: str,
    lang: str | None,
    store: Path,
) -> None:
    """Take two people for one from now on. `detak identity part` takes it back."""
    one, other = identifiers(user_id, anonymous_id), identifiers(with_user_id, with_anonymous_id)
    with desk_of(store, must_exist=True) as desk:
        desk.unite(one, other, why)
    click.echo(say(spoken(lang, store), "desk.united"))


@command.command("part")
@click.argument("merge", type=int)
@lang_option
@store_option
@explained
def part(merge: int, lang: str | None, store: Path) -> None:
    """Take a MERGE back, by the number that `detak identity show` prints."""
    with desk_of(store, must_exist=True) as desk:
        desk.part(merge)
    click.echo(say(spoken(lang, store), "desk.parted", merge=merge))


def _text(found: "Identity", language: str) -> str:
    lines = [f"{one.kind:10} {one.value}" for one in found.identifiers]
    for one in found.merges:
        undone = one.undone and f"{one.undone:%Y-%m-%d %H:%M}Z"
        state = say(language, "desk.taken_back", time=undone) if undone else say(language, "desk.stands")
        these, whose = _named(one.these, language), _named(one.whose, language)
        told = {"number": one.number, "these": these, "whose": whose, "evidence": one.evidence}
        lines.append(say(language, "desk.merge", **told, time=f"{one.time:%Y-%m-%d %H:%M}Z", state=state))
    return "\n".join(lines)


def _named(known: "list[Known]", language: str) -> str:
    return ", ".join(f"{one.kind} {one.value}" for one in known) or say(language, "desk.somebody")
