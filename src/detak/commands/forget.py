"""``detak forget``."""

from pathlib import Path

import click

from detak.terminal import desk_of, explained, identifiers, json_anyway, person_options, print_, store_option


@click.command("forget")
@person_options
@click.option("--yes", is_flag=True, help="Do not ask again.")
@store_option
@json_anyway
@explained
def command(user_id: str | None, anonymous_id: str | None, yes: bool, store: Path) -> None:
    """Remove a person for good, and print the signed receipt."""
    who = identifiers(user_id, anonymous_id)
    if not yes:
        click.confirm("This cannot be undone. Forget this person?", abort=True, err=True)
    with desk_of(store, must_exist=True) as desk:
        receipt = desk.forget(who)
    print_(receipt, "", True)
