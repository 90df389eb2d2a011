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
@click.option(
    "--rate", "rates", default=(100, 200, 500, 2_000), show_default=True, multiple=True,
    help="Questions a second at which answers are timed; may be given several times.",
)  # fmt: skip
@click.option("--store", type=click.Path(path_type=Path, file_okay=False), help="Keep the store, and use it again.")
@json_option
@explained
def command(
    people: int, products: int, seconds: float, rates: tuple[int, ...], store: Path | None, as_json: bool
) -> None:
    """How many questions of four placements a second are answered over HTTP, durable, and how soon."""
    found = measure_decisions(Shop(people, products), seconds, rates, store)
    told = msgspec.to_builtins(found)
    rows = [
        (f"at {one['rate']:,}/s: {name}", value)
        for one in told.pop("at_rates")
        for name, value in one.items()
        if name != "rate"
    ]
    lines = [f"{name:32} {value:>14,}" for name, value in (*told.items(), *rows)]
    print_(found, "\n".join(lines), as_json)
