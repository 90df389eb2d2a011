"""``detak token``."""

from pathlib import Path

import click

from detak.admin_token import kept_token
from detak.terminal import explained, json_option, print_, store_option


@click.command("token")
@store_option
@json_option
@explained
def command(store: Path, as_json: bool) -> None:
    """Print the admin token of the store."""
    found = kept_token(store)
    print_({"token": found}, found, as_json)
