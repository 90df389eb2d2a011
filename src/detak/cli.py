"""The command line: ``detak --help``. Errors go to stderr, in words, with exit code 2."""

import os

import click

from detak import __version__, commands
from detak.arrow import without_pandas
from detak.command_folder import CommandFolder


class Commands(CommandFolder):
    """All there are."""

    folder = commands

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called so; none, if there is none."""
        without_pandas()
        return super().get_command(ctx, cmd_name)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """Detak: the heartbeat of an online shop. `detak demo` shows it."""
    os.umask(0o077)  # what a store holds is its owner's to read
