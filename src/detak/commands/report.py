"""``detak report``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from detak.errors import WordedError
from detak.insights.filters import NAMES
from detak.questions import Question, report_names, report_parameters
from detak.terminal import desk_of, explained, json_option, lang_option, print_, store_option
from detak.trust.passages import Person

_FILTERS = {
    "from": "The first day, such as 2026-01-31.",
    "to": "The last day.",
    "days": "So many days, until today or --to.",
    "segment": "Only these people: new, returning, slipping, lost, won_back, browsing, once, repeat.",
}


def _parameters(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each parameter that some report takes, and for each filter that all take."""
    taken = report_parameters()
    for name in reversed([*taken, *(name for name in NAMES if name not in taken)]):
        own = f"For {', '.join(taken[name])}." if name in taken else ""
        filters = _FILTERS.get(name, f"Only this {name}; several with commas.") if name in NAMES else ""
        told = f"{filters} {own}".strip()
        command = click.option(f"--{name.replace('_', '-')}", name, help=told)(command)
    return command


@click.command("report")
@click.argument("name", metavar="NAME")
@_parameters
@click.option("--compare", is_flag=True, help="With as many days directly before.")
@click.option("--anew", is_flag=True, help="Count now, though it takes long and was answered a while ago.")
@click.option("--people", "key", help="Who is behind the number with this key, in groups.")
@click.option(
    "--list",
    "listed",
    type=click.IntRange(1, 10_000),
    help="So many of these people, by identifier; of abandonment so many carts.",
)
@click.option("--with-bots", is_flag=True, help="Count what programs did too.")
@lang_option
@store_option
@json_option
@explained
def command(name: str, key: str | None, listed: int | None, store: Path, as_json: bool, **given: Any) -> None:
    """Print what the shop's facts say; a NAME that is not there is answered with those that are."""
    if name not in report_names():
        raise WordedError("report", {"name": name[:80], "known": ", ".join(report_names())})
    lang, with_bots, compare, anew = (given.pop(option) for option in ("lang", "with_bots", "compare", "anew"))
    parameters = {option: value for option, value in given.items() if value is not None}
    question = Question(name, parameters, lang, with_bots, compare, key, anew)
    with desk_of(store, must_exist=True) as desk:
        if listed is not None:
            people = desk.names(question, listed)
            print_(people, "\n".join(map(_line, people)), as_json)
            return
        answer = desk.answer(question)
    click.echo(bytes(answer.report).decode() if as_json else answer.text)


def _line(person: Person) -> str:
    told = dict(person.told)
    chances = [f"{name} {chance:.0%}" for name, chance in told.pop("reasons", {}).items()]
    shown = [str(value) for value in told.values() if value is not None]
    return "  ".join([person.pseudonym, *(f"{one.kind}:{one.value}" for one in person.identifiers), *shown, *chances])
