"""``detak rejects``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from detak.insights.problems import problem
from detak.terminal import desk_of, explained, json_option, lang_option, print_, spoken, store_option
from detak.words import say

if TYPE_CHECKING:
    from detak.reading.resend import Rejected


@click.group("rejects", invoke_without_command=True)
@lang_option
@store_option
@json_option
@click.pass_context
@explained
def command(context: click.Context, lang: str | None, store: Path, as_json: bool) -> None:
    """Print why live messages could not be used, and how many can be sent again."""
    if context.invoked_subcommand is not None:
        return
    with desk_of(store, must_exist=True) as desk:
        found = desk.rejects_report()
    language = spoken(lang, store)
    text = "\n".join(_line(one, language) for one in found) or say(language, "desk.all_used")
    print_(found, text, as_json)


@command.command("replay")
@click.option("--source", help="Only those of this source.")
@click.option("--event", help="Only those of this event.")
@lang_option
@store_option
@json_option
@explained
def replay(source: str | None, event: str | None, lang: str | None, store: Path, as_json: bool) -> None:
    """Send the kept messages through the way in again, after the plan or the client was put right."""
    with desk_of(store, must_exist=True) as desk:
        done = desk.replay_rejects(source, event)
    counts = {name: f"{count:,}" for name, count in msgspec.structs.asdict(done).items()}
    text = say(spoken(lang, store), "desk.replayed", **counts)
    print_(done, text, as_json)


def _line(one: "Rejected", language: str) -> str:
    example = ", ".join(f"{name}: {holds}" for name, holds in one.example.items())
    shown = f"\n{'':12}  {say(language, 'desk.example', example=example)}" if example else ""
    detail = f"{one.field}: {one.reason}" if one.field else one.reason
    what = f"{one.source}  {one.event or say(language, 'desk.no_name')}  {problem(detail, language)}"
    again = say(language, "desk.again", last=one.last, kept=f"{one.kept:,}")
    return f"{one.count:12,}  {what}  ({again}){shown}"
