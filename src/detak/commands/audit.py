"""``detak audit``."""

from pathlib import Path

import click

from detak.terminal import desk_of, explained, json_option, lang_option, print_, spoken, store_option
from detak.words import say


@click.command("audit")
@lang_option
@store_option
@json_option
@explained
def command(lang: str | None, store: Path, as_json: bool) -> None:
    """Print every passage through the gate, and whether the chain holds."""
    with desk_of(store, must_exist=True) as desk:
        found = desk.audit()
    lines = [
        f"{row.number:6} {row.time:32} {row.verb:9} {row.purpose:20} {row.why}  {row.detail}" for row in found.rows
    ]
    key = "desk.chain_holds" if found.broken_at is None else "desk.chain_broken"
    lines.append(say(spoken(lang, store), key, row=found.broken_at))
    print_(found, "\n".join(lines), as_json)
