"""``detak identity``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detak.terminal import desk_of, explained, identifiers, json_option, person_options, print_, store_option

if TYPE_CHECKING:
    from detak.trust.passages import Identity, Known


@click.group("identity")
def command() -> None:
    """Who is one person: shown with its evidence, united, and taken apart again."""


@command.command("show")
@person_options
@store_option
@json_option
@explained
def show(user_id: str | None, anonymous_id: str | None, store: Path, as_json: bool) -> None:
    """Print under which identifiers a person is known, and why."""
    with desk_of(store, must_exist=True) as desk:
        found = desk.identity(identifiers(user_id, anonymous_id))
    print_(found, _text(found), as_json)


@command.command("unite")
@person_options
@click.option("--with-user-id", help="The userId of the other.")
@click.option("--with-anonymous-id", help="The anonymousId of the other.")
@click.option("--why", required=True, help="How you know. It is kept as the evidence.")
@store_option
@explained
def unite(
    user_id: str | None,
    anonymous_id: str | None,
    with_user_id: str | None,
    with_anonymous_id: str | None,
    why: str,
    store: Path,
) -> None:
    """Take two people for one from now on. `detak identity part` takes it back."""
    one, other = identifiers(user_id, anonymous_id), identifiers(with_user_id, with_anonymous_id)
    with desk_of(store, must_exist=True) as desk:
        desk.unite(one, other, why)
    click.echo("One person from now on; `detak identity show` prints the merge and its number.")


@command.command("part")
@click.argument("merge", type=int)
@store_option
@explained
def part(merge: int, store: Path) -> None:
    """Take a MERGE back, by the number that `detak identity show` prints."""
    with desk_of(store, must_exist=True) as desk:
        desk.part(merge)
    click.echo(f"Merge {merge} is taken back.")


def _text(found: "Identity") -> str:
    lines = [f"{one.kind:10} {one.value}" for one in found.identifiers]
    for one in found.merges:
        state = "stands" if one.undone is None else f"taken back {one.undone:%Y-%m-%d %H:%M}Z"
        who = f"{_named(one.these)} is {_named(one.whose)}"
        lines.append(f"merge {one.number}: {who}; {one.evidence}, {one.time:%Y-%m-%d %H:%M}Z; {state}")
    return "\n".join(lines)


def _named(known: "list[Known]") -> str:
    return ", ".join(f"{one.kind} {one.value}" for one in known) or "somebody"
