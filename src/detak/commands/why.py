"""``detak why``."""

from pathlib import Path
from zoneinfo import ZoneInfo

import click

from detak.decision_words import Explanation
from detak.errors import WordedError
from detak.insights.render import discount, moment
from detak.settings import load
from detak.terminal import desk_of, explained, json_option, lang_option, person_options, print_, spoken, store_option
from detak.words import say

_LATELY = 5


@click.command("why")
@click.argument("decision_id", required=False)
@person_options
@lang_option
@store_option
@json_option
@explained
def command(
    decision_id: str | None, user_id: str | None, anonymous_id: str | None, lang: str | None, store: Path, as_json: bool
) -> None:
    """Say what was shown under a decision's number, or to a person lately, and why."""
    named = [(kind, value) for kind, value in (("user", user_id), ("anonymous", anonymous_id)) if value]
    if bool(decision_id) == bool(named):
        raise WordedError("say_which")
    with desk_of(store, must_exist=True) as desk:
        ids = [decision_id] if decision_id else desk.decisions.lately(named, _LATELY)
        found = [desk.decisions.why(one, lang) for one in ids]
    language, zone = spoken(lang, store), load(store / "detak.toml").timezone
    text = "\n\n".join(_text(one, zone, language) for one in found) or say(language, "desk.no_decisions")
    print_(found[0] if decision_id else found, text, as_json)


def _text(one: Explanation, zone: ZoneInfo, language: str) -> str:
    given = (
        one.offer
        and one.discount
        and say(language, "desk.offer", offer=one.offer, percent=discount(one.discount, language))
    )
    offer, when = [f"  {given}"] if given else [], moment(one.time.astimezone(zone), language)
    lines = [
        f"{one.decision_id}  {when}  {one.placement}  {one.variant} {one.propensity:.3f}",
        *(f"  {at}. {reason}" for at, reason in enumerate(one.reasons, 1)),
        *(f"  - {note}" for note in one.notes),
        *offer,
        *(f"     {product.product_id}  {product.name} ({product.shelf}: {product.why})" for product in one.products),
    ]
    return "\n".join(lines)
