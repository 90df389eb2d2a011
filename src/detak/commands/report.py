"""``detak report``."""

from collections.abc import Callable
from pathlib import Path

import click

from detak.questions import Question, report_names, report_parameters
from detak.settings import LANGUAGES
from detak.terminal import desk_of, explained, json_option, store_option


def _parameters(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each parameter that some report takes."""
    for parameter, reports in reversed(report_parameters().items()):
        option = f"--{parameter.replace('_', '-')}"
        command = click.option(option, parameter, help=f"For {', '.join(reports)}.")(command)
    return command


@click.command("report")
@click.argument("name", type=click.Choice(report_names()))
@_parameters
@click.option("--with-bots", is_flag=True, help="Count what programs did too.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="The language of words in the answer.")
@store_option
@json_option
@explained
def command(name: str, with_bots: bool, lang: str | None, store: Path, as_json: bool, **given: str | None) -> None:
    """Print what the shop's facts say."""
    parameters = {key: value for key, value in given.items() if value is not None}
    with desk_of(store, must_exist=True) as desk:
        answer = desk.answer(Question(name, parameters, lang, with_bots))
    click.echo(bytes(answer.report).decode() if as_json else answer.text)
