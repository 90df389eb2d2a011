"""``detak recommend``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detak.settings import LANGUAGES
from detak.subject import Identifier
from detak.terminal import desk_of, explained, json_option, person_options, print_, store_option

if TYPE_CHECKING:
    from detak.explaining import Told


@click.command("recommend")
@person_options
@click.option("--session", multiple=True, help="A product that was just looked at; oldest first. May be repeated.")
@click.option("--k", type=click.IntRange(1, 500), default=10, show_default=True, help="How many products.")
@click.option("--shelf", default="for_you", show_default=True, help="for_you, newest, or a recommender by its name.")
@click.option("--product", help="The product on whose page the shelf stands.")
@click.option("--category", help="Only products of this category.")
@click.option("--placement", help="Where it is shown: rules.toml says what holds there.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="The language of the reasons.")
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
    store: Path,
    as_json: bool,
) -> None:
    """Print what somebody would be shown now, and why. Nobody named: what a stranger is shown."""
    from detak.answering import Ask

    named: list[tuple[str, str | None]] = [("user", user_id), ("anonymous", anonymous_id)]
    who: list[Identifier] = [(kind, value) for kind, value in named if value]
    ask = Ask(who, session, k=k, shelf=shelf, product=product, category=category, placement=placement)
    with desk_of(store, must_exist=True) as desk:
        found = desk.models.told(ask, lang)
    print_(found, _text(found), as_json)


def _text(found: "Told") -> str:
    if not found.items:
        return "nothing: `detak fit` learns from what came in"
    wide = max(len(one.product_id) for one in found.items)
    return "\n".join(f"{one.product_id:{wide}}  {one.score:8.4f}  {one.by:16} {one.reason}" for one in found.items)
