"""``detak bench live``."""

import click
import msgspec

from detak.bench.live import measure
from detak.terminal import explained, json_option, print_


@click.command("live")
@click.option("--people", default=1_000_000, show_default=True, type=click.IntRange(1_000), help="To be remembered.")
@click.option("--clicks", default=200, show_default=True, type=click.IntRange(1))
@json_option
@explained
def command(people: int, clicks: int, as_json: bool) -> None:
    """How soon a click counts in what is answered, and what remembering many people takes."""
    found = measure(people, clicks)
    print_(found, "\n".join(f"{name:24} {value:>14,}" for name, value in msgspec.to_builtins(found).items()), as_json)
