"""``detak key``."""

from pathlib import Path

import click

from detak.terminal import desk_of, explained, json_option, print_, store_option


@click.command("key")
@click.argument("source")
@store_option
@json_option
@explained
def command(source: str, store: Path, as_json: bool) -> None:
    """Print the write key of a SOURCE (web, android, ...); made on first asking."""
    with desk_of(store) as desk:
        made = desk.write_key(source)
    print_({"source": source, "key": made}, made, as_json)
