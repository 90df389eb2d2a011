"""``detak export``."""

from pathlib import Path

import click

from detak.terminal import desk_of, explained, identifiers, json_anyway, person_options, print_, store_option


@click.command("export")
@person_options
@store_option
@json_anyway
@explained
def command(user_id: str | None, anonymous_id: str | None, store: Path) -> None:
    """Print everything kept of a person, as JSON."""
    with desk_of(store, must_exist=True) as desk:
        found = desk.export(identifiers(user_id, anonymous_id))
    print_(found, "", True)
