"""``detak alerts``."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from detak.settings import load
from detak.terminal import desk_of, explained, json_option, lang_option, store_option
from detak.words import say

_BROKEN = 1


@click.command("alerts")
@lang_option
@store_option
@json_option
@explained
def command(lang: str | None, store: Path, as_json: bool) -> None:
    """Print what is broken right now, as the server that holds the store counts it; exit with 1 where something is."""
    from detak.insights.alarms import sentences
    from detak.insights.base import Shop

    settings = load(store / "detak.toml")
    shop = Shop(settings.timezone, settings.currency, settings.min_group, lang or settings.language)
    with desk_of(store, must_exist=True) as desk:
        found = desk.alerts()
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        click.echo("\n".join(sentences(found, shop, datetime.now(UTC))) or say(shop.language, "alerts.none"))
    if found:
        sys.exit(_BROKEN)
