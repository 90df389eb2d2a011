"""Rows of a file that could not be used, as the terminal tells them."""

from collections.abc import Sequence

import click

from detak.importing import Rejection
from detak.insights import render
from detak.insights.problems import problem
from detak.words import say


def tell_rejected(count: int, first: Sequence[Rejection], file: str | None, language: str) -> None:
    """How many rows, what is wrong with the first, and where all of them stand; on stderr."""
    for one in first:
        what = problem(f"{one.field}: {one.reason}".removeprefix(": "), language)
        click.echo(f"detak: {one.file}, {say(language, 'desk.row_unused', row=one.row, what=what)}", err=True)
    told = say(language, "desk.rows_unused", count=render.whole(count, language), file=file)
    click.echo(f"detak: {told}", err=True)
