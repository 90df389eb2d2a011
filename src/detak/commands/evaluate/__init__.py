"""``detak evaluate``: its commands are the modules of this folder."""

import sys

import click

from detak.command_folder import CommandFolder


class Evaluations(CommandFolder):
    """What can be evaluated."""

    folder = sys.modules[__name__]


@click.command("evaluate", cls=Evaluations)
def command() -> None:
    """Hold what the engine claims to data whose answer is known."""
