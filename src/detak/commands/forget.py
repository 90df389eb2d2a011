"""``detak forget``."""

from pathlib import Path

import click

from detak.terminal import (
    desk_of,
    explained,
    identifiers,
    json_anyway,
    lang_option,
    person_options,
    print_,
    spoken,
    store_option,
)
from detak.words import say


@click.command("forget")
@person_options
@click.option("--yes", is_flag=True, help="Do not ask again.")
@lang_option
@store_option
@json_anyway
@explained
def command(user_id: str | None, anonymous_id: str | None, yes: bool, lang: str | None, store: Path) -> None:
    """Remove a person for good, and print the signed receipt."""
    who = identifiers(user_id, anonymous_id)
    if not yes:
        click.confirm(say(spoken(lang, store), "desk.sure_to_forget"), abort=True, err=True)
    with desk_of(store, must_exist=True) as desk:
        receipt = desk.forget(who)
    print_(receipt, "", True)
