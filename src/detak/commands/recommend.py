"""``detak recommend``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detak.commands._everyone import write_everyone
from detak.errors import UsageError
from detak.subject import Identifier
from detak.terminal import desk_of, explained, json_option, lang_option, person_options, print_, spoken, store_option
from detak.words import say

if TYPE_CHECKING:
    from detak.recommending.explaining import Told


@click.command("recommend")
@person_options
@click.option("--session", multiple=True, help="A product that was just looked at; oldest first. May be repeated.")
@click.option("--k", type=click.IntRange(1, 500), default=10, show_default=True, help="How many products.")
@click.option("--shelf", default="for_you", show_default=True, help="for_you, newest, or a recommender by its name.")
@click.option("--product", help="The product on whose page the shelf stands.")
@click.option("--category", help="Only products of this category.")
@click.option("--placement", help="Where it is shown: rules.toml says what holds there.")
@lang_option
@click.option("--everyone", is_flag=True, help="For all who agreed to marketing and have a userId: into --out.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --everyone: a .csv of a line a product, or JSON Lines of a line a person.",
)
@store_option
@json_option
@explained
def command(  # noqa: PLR0913, PLR0917  an option each
    user_id: str | None,
    anonymous_id: str | None,
    session: tuple[str, ...],
    k: int,
    shelf: str,
    product: str | None,
    category: str | None,
    placement: str | None,
    lang: str | None,
    everyone: bool,
    out: Path | None,
    store: Path,
    as_json: bool,
) -> None:
    """Print what somebody would be shown now, and why. Nobody named: what a stranger is shown."""
    from detak.recommending.asking import Ask

    named: list[tuple[str, str | None]] = [("user", user_id), ("anonymous", anonymous_id)]
    if everyone != (out is not None):
        raise UsageError("--everyone writes a file, and --out is that file: give both or neither")
    who: list[Identifier] = [(kind, value) for kind, value in named if value]
    ask = Ask(who, session, k=k, shelf=shelf, product=product, category=category, placement=placement)
    with desk_of(store, must_exist=True) as desk:
        if out is not None:
            if who or session or product:
                raise UsageError("--everyone is about all: name nobody, no --session and no --product")
            done = write_everyone(desk.everyone, ask, lang, out)
            print_(done, f"{done.people:,} people, {done.products:,} products: {done.file}", as_json)
            return
        found = desk.models.told(ask, lang)
    print_(found, _text(found, spoken(lang, store)), as_json)


def _text(found: "Told", language: str) -> str:
    if not found.items:
        return say(language, "desk.nothing_to_recommend")
    wide = max(len(one.product_id) for one in found.items)
    return "\n".join(f"{one.product_id:{wide}}  {one.score:8.4f}  {one.by:16} {one.reason}" for one in found.items)
