"""``detak rejects``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detak.terminal import desk_of, explained, json_option, print_, store_option

if TYPE_CHECKING:
    from detak.reading.resend import Rejected


@click.group("rejects", invoke_without_command=True)
@store_option
@json_option
@click.pass_context
@explained
def command(context: click.Context, store: Path, as_json: bool) -> None:
    """Print why live messages could not be used, and how many can be sent again."""
    if context.invoked_subcommand is not None:
        return
    with desk_of(store, must_exist=True) as desk:
        found = desk.rejects_report()
    text = "\n".join(map(_line, found)) or "Every live message could be used."
    print_(found, text, as_json)


@command.command("replay")
@click.option("--source", help="Only those of this source.")
@click.option("--event", help="Only those of this event.")
@store_option
@json_option
@explained
def replay(source: str | None, event: str | None, store: Path, as_json: bool) -> None:
    """Send the kept messages through the way in again, after the plan or the client was put right."""
    with desk_of(store, must_exist=True) as desk:
        done = desk.replay_rejects(source, event)
    text = (
        f"{done.sent:,} messages sent again: {done.accepted:,} accepted, {done.duplicate:,} duplicates, "
        f"{done.rejected:,} still cannot be used, {done.withheld:,} not kept for want of consent."
    )
    print_(done, text, as_json)


def _line(one: "Rejected") -> str:
    example = ", ".join(f"{name}: {holds}" for name, holds in one.example.items())
    shown = f"\n{'':12}  for example {{{example}}}" if example else ""
    what = f"{one.source}  {one.event or '(no name)'}  {one.field}: {one.reason}"
    return f"{one.count:12,}  {what}  (last {one.last}; {one.kept:,} can be sent again){shown}"
