"""``detak bench decide``."""

from pathlib import Path

import click
import msgspec

from detak.bench.decide import Shop, measure_decisions
from detak.terminal import explained, json_option, print_


@click.command("decide")
@click.option("--people", default=1_000_000, show_default=True, help="Known people.")
@click.option("--products", default=100_000, show_default=True, help="Of the catalogue.")
@click.option("--seconds", default=8.0, show_default=True, help="For each kind of load.")
@click.option("--rate", default=2_000, show_default=True, help="Questions a second at which answers are timed.")
@click.option("--store", type=click.Path(path_type=Path, file_okay=False), help="Keep the store, and use it again.")
@json_option
@explained
def command(people: int, products: int, seconds: float, rate: int, store: Path | None, as_json: bool) -> None:
    """How many questions of four placements a second are answered over HTTP, durable, and how soon."""
    found = measure_decisions(Shop(people, products), seconds, rate, store)
    lines = [f"{name:24} {value:>14,}" for name, value in msgspec.to_builtins(found).items()]
    print_(found, "\n".join(lines), as_json)
