"""``detak bench``: its commands are the modules of this folder."""

import sys

import click

from detak.command_folder import CommandFolder


class Measurements(CommandFolder):
    """What can be measured."""

    folder = sys.modules[__name__]


@click.command("bench", cls=Measurements)
def command() -> None:
    """Measure this engine on this machine."""
