"""``detak bots``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from detak.terminal import desk_of, explained, json_option, lang_option, print_, spoken, store_option
from detak.words import say

if TYPE_CHECKING:
    from detak.bots import BotsReport


@click.group("bots", invoke_without_command=True)
@lang_option
@store_option
@json_option
@click.pass_context
@explained
def command(context: click.Context, lang: str | None, store: Path, as_json: bool) -> None:
    """Print what was flagged as programs', by rule."""
    if context.invoked_subcommand is not None:
        return
    with desk_of(store, must_exist=True) as desk:
        found = desk.bots_report()
    print_(found, _text(found, spoken(lang, store)), as_json)


@command.command("reprocess")
@lang_option
@store_option
@json_option
@explained
def reprocess(lang: str | None, store: Path, as_json: bool) -> None:
    """Judge all facts again, by the list that is in force now."""
    with desk_of(store, must_exist=True) as desk:
        done = desk.rejudge_bots()
    counts = {name: f"{count:,}" for name, count in msgspec.structs.asdict(done).items() if name != "source"}
    text = say(spoken(lang, store), "desk.judged", source=done.source, **counts)
    print_(done, text, as_json)


def _text(found: "BotsReport", language: str) -> str:
    flagged = sum(rule.events for rule in found.rules)
    head = say(language, "desk.programs", flagged=f"{flagged:,}", events=f"{found.events:,}", source=found.source)
    last = say(language, "desk.last")
    return "\n".join(
        [head, *(f"{one.events:12,}  {one.rule:40}  {last} {one.last:%Y-%m-%d %H:%M}Z" for one in found.rules)]
    )
