"""``detak evaluate sequences``."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from detak.commands.evaluate._told import kept_aside, rounded, sequence_file, stopwatch, text
from detak.errors import CannotComputeError
from detak.recommend.base import Interactions
from detak.recommend.blend import Blend, BlendModel, Queries
from detak.recommend.evaluate import Asked, accuracy, answers, beyond, intervals
from detak.recommend.sequence_lines import interactions
from detak.terminal import explained, json_option, print_

_LEAST = 3  # touches: one to be told, one to choose by, one to be asked for
_K = 10


@click.command("sequences")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--hide", type=click.IntRange(0), default=0, help="Leave out the last so many items of every line first.")
@json_option
@explained
def command(file: Path, hide: int, as_json: bool) -> None:
    """Leave one out: recommend each person's last item. FILE: a line `user item item ...`, oldest first.

    Fitted without everybody's last two items, chosen by the last but one, asked with all but the last. All items are
    ranked but those the person had; equal scores count against us.
    """
    read = sequence_file(file)
    rows = [row[: len(row) - hide] for row in read.sequences if len(row) > hide]
    answer = {**leave_one_out(interactions(rows)[0]), **kept_aside({file.name: read})}
    print_(answer, text(answer), as_json)


def leave_one_out(data: Interactions) -> dict[str, Any]:
    """The figures of the last touches of everybody who has three.

    Raises:
        CannotComputeError: nobody has.
    """
    people = np.flatnonzero(data.lengths >= _LEAST)
    if not len(people):
        raise CannotComputeError(f"nobody has {_LEAST} items: one to fit with, one to choose by, one to ask for")
    told = data.before_last(2)
    with stopwatch() as costs:
        chosen_by = data.before_last(1).last(1).only(people).item
        model = Blend().held(Queries(told, told.only(people), chosen_by))
    asked = Asked(data.before_last(1).only(people), data.last(1).only(people).item)
    found = answers(model, asked, _K)
    return {
        **rounded(accuracy(found.place)),
        **costs,
        "people": len(people),
        "people_too_short": data.people - len(people),
        "items": len(data.items),
        "interval_95": intervals(found.place, {"recall": _K, "ndcg": _K}),
        "beyond": rounded(beyond(found.shown, told, asked.histories)),
        "settings": settings(model),
    }


def settings(model: BlendModel) -> dict[str, Any]:
    """What was chosen, and how each part did on what it was chosen by."""
    decays = {f"decay of {name}": one for name, one in zip(model.voices.names, model.voices.decays, strict=True)}
    found = {f"validation ndcg@10 of {name}": round(value, 5) for name, value in model.found.items()}
    return {"ranker": model.ranker is not None, "items again": model.again, **decays, **found}
