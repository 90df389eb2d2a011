"""``detak bots``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detak.terminal import desk_of, explained, json_option, print_, store_option

if TYPE_CHECKING:
    from detak.bots import BotsReport


@click.group("bots", invoke_without_command=True)
@store_option
@json_option
@click.pass_context
@explained
def command(context: click.Context, store: Path, as_json: bool) -> None:
    """Print what was flagged as programs', by rule."""
    if context.invoked_subcommand is not None:
        return
    with desk_of(store, must_exist=True) as desk:
        found = desk.bots_report()
    print_(found, _text(found), as_json)


@command.command("reprocess")
@store_option
@json_option
@explained
def reprocess(store: Path, as_json: bool) -> None:
    """Judge all facts again, by the list that is in force now."""
    with desk_of(store, must_exist=True) as desk:
        done = desk.rejudge_bots()
    text = (
        f"{done.events:,} events judged by {done.source}: {done.flagged:,} are programs' now, "
        f"{done.cleared:,} are people's now, {done.renamed:,} have another rule."
    )
    print_(done, text, as_json)


def _text(found: "BotsReport") -> str:
    flagged = sum(rule.events for rule in found.rules)
    lines = [f"{flagged:,} of {found.events:,} events are programs' ({found.source})."]
    lines += [f"{one.events:12,}  {one.rule:40}  last {one.last:%Y-%m-%d %H:%M}Z" for one in found.rules]
    return "\n".join(lines)
