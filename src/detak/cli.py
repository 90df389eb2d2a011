"""The command line: ``detak --help``. Errors go to stderr, in words, with exit code 2."""

import importlib
import os
import pkgutil

import click

from detak import commands


class Commands(click.Group):
    """The commands of a folder, a module each; only the one that is asked for is loaded."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Their names: the modules', without the ``_`` that keeps one from being a word of Python."""
        return sorted(info.name.rstrip("_") for info in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called so; none, if there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        modules = {info.name.rstrip("_"): info.name for info in pkgutil.iter_modules(commands.__path__)}
        found: click.Command = importlib.import_module(f"{commands.__name__}.{modules[cmd_name]}").command
        return found


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Detak: the heartbeat of an online shop. `detak demo` shows it."""
    os.umask(0o077)  # what a store holds is its owner's to read
