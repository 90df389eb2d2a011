"""``detak evaluate sessions``."""

from pathlib import Path

import click
import numpy as np

from detak.commands.evaluate._told import kept_aside, rounded, sequence_file, stopwatch, text
from detak.commands.evaluate.sequences import settings
from detak.errors import CannotComputeError
from detak.recommend.blend import Blend
from detak.recommend.evaluate import Asked, accuracy, answers, intervals
from detak.recommend.sequence_lines import interactions
from detak.terminal import explained, json_option, print_

_KS = (5, 10, 20)


@click.command("sessions")
@click.option("--train", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Sessions to learn from.")
@click.option("--test", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Sessions to ask for.")
@json_option
@explained
def command(train: Path, test: Path, as_json: bool) -> None:
    """Recommend the last item of each session of TEST. A line is `session item item ...`, oldest first.

    All items of both files are ranked, those of the session too, as in the published figures; equal scores count
    against us. What is chosen is chosen by the last tenth of TRAIN.
    """
    read = {"train": sequence_file(train), "test": sequence_file(test)}
    data, probes = interactions(read["train"].sequences, read["test"].sequences)
    people = np.flatnonzero(probes.lengths >= 2)
    if not len(people):
        raise CannotComputeError(f"{test}: no session has two items: one to ask with, one to ask for")
    with stopwatch() as costs:
        model = Blend(holdout="people").fit(data)
    asked = Asked(probes.before_last(1).only(people), probes.last(1).only(people).item, again=True)
    found = answers(model, asked, max(_KS))
    figures = {name.replace("recall@", "hit@"): value for name, value in accuracy(found.place, _KS).items()}
    bounds = intervals(found.place, {"recall": 20, "mrr": 20})
    answer = {
        **rounded(figures),
        **costs,
        "sessions": len(people),
        "sessions_too_short": probes.people - len(people),
        "items": len(data.items),
        "interval_95": {name.replace("recall@", "hit@"): bound for name, bound in bounds.items()},
        "settings": settings(model),
        **kept_aside(read),
    }
    print_(answer, text(answer), as_json)
