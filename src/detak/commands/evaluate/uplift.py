"""``detak evaluate uplift``."""

from pathlib import Path
from typing import Any

import click

from detak.sources.whole_table import read_whole
from detak.terminal import explained, json_option, print_
from detak.uplift.evaluate import UpliftReport, evaluate
from detak.uplift.table import Asked, read


class _Answer(UpliftReport, frozen=True, kw_only=True):
    control: str
    left_out: dict[str, str]
    unused_rows: int
    unreadable_rows: int


@click.command("uplift")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--treatment", required=True, help="The value that says that somebody was treated.")
@click.option("--outcome", required=True, help="The column of the outcome, a number.")
@click.option("--control", help="The value of those who were not treated, where it does not read like it.")
@click.option("--features", default="", help="Columns known before the treatment, with commas; else all that can be.")
@click.option("--repeats", type=click.IntRange(1, 50), default=2, show_default=True, help="How often to part people.")
@json_option
@explained
def command(file: Path, treatment: str, outcome: str, **more: Any) -> None:
    """Say from a trial who is moved by a treatment, and whether people can be told apart at all.

    FILE is a table (CSV or Parquet) with a row a person.
    """
    table, unreadable = read_whole(file)
    named = tuple(one.strip() for one in more["features"].split(",") if one.strip())
    told = read(table, Asked(treatment, outcome, more["control"], named))
    report = evaluate(told.trial, [one.name for one in told.encoder.columns], repeats=more["repeats"])
    answer = _Answer(
        **{name: getattr(report, name) for name in report.__struct_fields__},
        control=told.control,
        left_out=told.left_out,
        unused_rows=told.unused,
        unreadable_rows=unreadable,
    )
    print_(answer, _text(answer), more["as_json"])


def _text(answer: _Answer) -> str:
    average = answer.average
    lines = [
        f"{answer.people:,} people, {answer.treated:,} of them treated; the others: {answer.control}",
        *([f"{answer.unused_rows:,} rows not used: of neither, or without outcome"] if answer.unused_rows else []),
        *([f"{answer.unreadable_rows:,} rows with too many or too few cells"] if answer.unreadable_rows else []),
        *(f"not a feature: {name} ({why})" for name, why in answer.left_out.items()),
        f"the treatment adds {average.effect:.4g} to the outcome of a person (standard error {average.se:.2g})",
        f"people differ in it: {'yes' if answer.heterogeneity.found else 'not beyond chance'}"
        f" (p = {answer.heterogeneity.p:.2g}); so treat: {answer.rule.replace('_', ' ')}",
        f"Qini AUC, on people not seen: {answer.qini_auc:.4f} (standard error {answer.qini_se:.4f}); "
        f"chosen: {answer.learner}",
        *(f"  {name:22} {one.qini_auc:8.4f} ({one.qini_se:.4f})" for name, one in answer.learners.items()),
        "per 1,000 people, when a share of them is treated:",
        *(
            f"  {one.share:4.0%}  by effect {one.detak:.2f} ({one.detak_se:.2f}), the likeliest {one.response:.2f} "
            f"({one.response_se:.2f}), anybody {one.random:.2f} ({one.random_se:.2f})"
            for one in answer.budgets
        ),
    ]
    return "\n".join(lines)
