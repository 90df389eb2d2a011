"""``detak health``."""

import sys
from pathlib import Path

import click
import msgspec

from detak.health import MINUTES
from detak.terminal import desk_of, explained, json_option, lang_option, store_option

_SILENT = 1


@click.command("health")
@click.option(
    "--minutes", type=click.IntRange(1), default=MINUTES, show_default=True, help="Of silence before one is called."
)
@lang_option
@store_option
@json_option
@explained
def command(minutes: int, lang: str | None, store: Path, as_json: bool) -> None:
    """Print how the sources are; exit with 1 where one has fallen silent."""
    from detak.insights.health import HealthReport
    from detak.questions import Question

    with desk_of(store, must_exist=True) as desk:
        answer = desk.answer(Question("health", {"minutes": str(minutes)}, lang))
    click.echo(bytes(answer.report).decode() if as_json else answer.text)
    if msgspec.json.decode(answer.report, type=HealthReport).silent:
        sys.exit(_SILENT)
