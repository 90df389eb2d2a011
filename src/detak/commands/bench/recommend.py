"""``detak bench recommend``."""

from pathlib import Path

import click
import msgspec

from detak.bench.recommend import AT_SIZE, Wanted, measure
from detak.terminal import explained, json_option, print_


@click.command("recommend")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Lines 'user item item ...', oldest first. Default: made."
)
@click.option("--items", multiple=True, type=click.IntRange(1_000, 5_000_000), default=(10_000, 100_000))
@click.option("--model", multiple=True, type=click.Choice(AT_SIZE), default=AT_SIZE, help="Which, at size.")
@click.option("--neighbours", default=50, show_default=True, help="On how many items each one is regressed, at size.")
@click.option("--beside/--not-beside", default=True, help="Run other packages on the data, too.")
@json_option
@explained
def command(
    data: Path | None, items: tuple[int, ...], model: tuple[str, ...], neighbours: int, beside: bool, as_json: bool
) -> None:
    """What a fit takes and finds, beside other packages; made shops of so many --items, a hundred touches each."""
    wanted = Wanted(data, tuple(sorted(items)), neighbours, beside, models=model)
    found = measure(wanted, lambda line: click.echo(line, err=True))
    print_(found, msgspec.json.format(msgspec.json.encode(found)).decode(), as_json)
