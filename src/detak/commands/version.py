"""``detak version``."""

import click

from detak import __version__
from detak.terminal import json_option, print_


@click.command("version")
@json_option
def command(as_json: bool) -> None:
    """Print the version."""
    print_({"version": __version__}, __version__, as_json)
