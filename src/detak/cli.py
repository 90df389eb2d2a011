"""The command line: ``detak --help``. Errors go to stderr, in words, with exit code 2."""

import importlib
import os
import pkgutil

import click

from detak import commands


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Detak: the heartbeat of an online shop. `detak demo` shows it."""
    os.umask(0o077)  # what a store holds is its owner's to read


for _module in pkgutil.iter_modules(commands.__path__):
    main.add_command(importlib.import_module(f"{commands.__name__}.{_module.name}").command)
