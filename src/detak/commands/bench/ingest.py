"""``detak bench ingest``."""

import click
import msgspec

from detak.bench.ingest import measure
from detak.terminal import explained, json_option, print_


@click.command("ingest")
@click.option("--seconds", default=8.0, show_default=True, help="For each kind of load.")
@json_option
@explained
def command(seconds: float, as_json: bool) -> None:
    """How many events a second come in over HTTP, durable, and how soon they can be seen."""
    found = measure(seconds)
    lines = [f"{name:24} {value:>14,}" for name, value in msgspec.to_builtins(found).items()]
    print_(found, "\n".join(lines), as_json)
