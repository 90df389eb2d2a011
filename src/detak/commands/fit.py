"""``detak fit``."""

from pathlib import Path

import click

from detak.terminal import desk_of, explained, json_option, print_, store_option


@click.command("fit")
@store_option
@click.option("--whole", is_flag=True, help="Choose the settings anew, too, young as they are.")
@json_option
@explained
def command(store: Path, whole: bool, as_json: bool) -> None:
    """Fit every recommender on all that personalisation may use, and keep the models."""
    with desk_of(store, must_exist=True) as desk:
        done = desk.models.fit(whole=whole)
    text = (
        f"{done.touches:,} touches of {done.people:,} people on {done.items:,} products; {done.seconds:,.1f} s; "
        f"{done.main} answers for a person"
    )
    print_(done, text, as_json)
