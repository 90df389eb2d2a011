"""``detak bench uplift``."""

from pathlib import Path

import click

from detak.bench.peers import Missing
from detak.bench.uplift import UpliftBench, measure
from detak.sources.whole_table import read_whole
from detak.terminal import explained, json_option, print_
from detak.uplift.table import Asked, read


@click.command("uplift")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--treatment", required=True, help="The value that says that somebody was treated.")
@click.option("--outcome", required=True, help="The column of the outcome: 0 or 1.")
@click.option("--repeats", type=click.IntRange(1, 50), default=2, show_default=True, help="How often to part people.")
@json_option
@explained
def command(file: Path, treatment: str, outcome: str, repeats: int, as_json: bool) -> None:
    """Who is moved by a treatment: beside scikit-uplift and causalml (`make peers`), on the same people and folds."""
    told = read(read_whole(file).table, Asked(treatment, outcome))
    found = measure(told.trial, repeats)
    print_(found, _text(found), as_json)


def _text(found: UpliftBench) -> str:
    if isinstance(found.peers, Missing):
        return f"detak {found.detak.qini_auc:.4f} ({found.detak.qini_se:.4f}); {found.peers.missing}"
    ranked = sorted({"detak": found.detak, **found.peers}.items(), key=lambda one: -one[1].qini_auc)
    return "\n".join(f"{name:28} {one.qini_auc:8.4f} ({one.qini_se:.4f})" for name, one in ranked)
