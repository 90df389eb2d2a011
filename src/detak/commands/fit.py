"""``detak fit``."""

from pathlib import Path

import click

from detak.insights import render
from detak.terminal import desk_of, explained, json_option, lang_option, print_, spoken, store_option
from detak.words import say


@click.command("fit")
@store_option
@click.option("--whole", is_flag=True, help="Choose the settings anew, too, young as they are.")
@lang_option
@json_option
@explained
def command(store: Path, whole: bool, lang: str | None, as_json: bool) -> None:
    """Fit every recommender on all that personalisation may use, and keep the models."""
    with desk_of(store, must_exist=True) as desk:
        done = desk.models.fit(whole=whole)
    language = spoken(lang, store)
    counts = {name: render.whole(getattr(done, name), language) for name in ("touches", "people", "items")}
    seconds = render.decimal(done.seconds, language)
    print_(done, say(language, "desk.fitted", seconds=seconds, main=done.main, **counts), as_json)
