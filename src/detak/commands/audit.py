"""``detak audit``."""

from pathlib import Path

import click

from detak.terminal import desk_of, explained, json_option, print_, store_option


@click.command("audit")
@store_option
@json_option
@explained
def command(store: Path, as_json: bool) -> None:
    """Print every passage through the gate, and whether the chain holds."""
    with desk_of(store, must_exist=True) as desk:
        found = desk.audit()
    lines = [
        f"{row.number:6} {row.time:32} {row.verb:9} {row.purpose:20} {row.why}  {row.detail}" for row in found.rows
    ]
    lines.append("The chain holds." if found.broken_at is None else f"The chain is broken at row {found.broken_at}.")
    print_(found, "\n".join(lines), as_json)
