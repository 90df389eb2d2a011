"""``detak bench insights``."""

import click

from detak.bench.insights import Beside, measure
from detak.terminal import explained, json_option, print_


@click.command("insights")
@click.option("--events", type=click.IntRange(10_000), default=20_000_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@json_option
@explained
def command(events: int, seed: int, as_json: bool) -> None:
    """How fast and how right the reports are, beside ClickHouse on the same events."""
    found = measure(events, seed)
    lines = [f"{found.events:,} events of {found.visitors:,} visitors; peer: {found.peer}"]
    lines += [f"{name:24} {_beside(one)}" for name, one in found.beside.items()]
    lines += [f"{name:24} {one.failed or f'{one.seconds:.2f} s'}" for name, one in found.reports.items()]
    lines.append(f"kept beforehand in {found.kept_seconds:.1f} s; memory {found.peak_mb:,} MB at most")
    print_(found, "\n".join(lines), as_json)


def _beside(one: Beside) -> str:
    ours = f"{one.ours.cpu_seconds:.2f} CPU-s, {one.ours.seconds:.2f} s"
    if one.theirs is None:
        return ours
    return f"{ours}; theirs {one.theirs.cpu_seconds:.2f} and {one.theirs.seconds:.2f}; same numbers: {one.equal}"
