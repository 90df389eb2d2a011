"""``detak key``."""

from pathlib import Path

import click

from detak.terminal import desk_of, explained, json_option, print_, store_option


@click.command("key")
@click.argument("source")
@click.option("--revoke", is_flag=True, help="Take the key back first: nothing comes in with it any more.")
@store_option
@json_option
@explained
def command(source: str, revoke: bool, store: Path, as_json: bool) -> None:
    """Print the write key of a SOURCE (web, android, ...); made on first asking.

    With --revoke that of before is taken back, and a new one printed.
    """
    with desk_of(store) as desk:
        if revoke:
            desk.revoke_key(source)
        made = desk.write_key(source)
    print_({"source": source, "key": made}, made, as_json)
