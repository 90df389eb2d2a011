"""`make crash`: a hundred rounds, and a line that says what they came to."""

import random
import shutil
import sys
import tempfile
from pathlib import Path

import click
import msgspec

from tests.crash.campaign import Report, run, schedule
from tests.crash.disk import disk


@click.command()
@click.option("--rounds", default=100, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", type=int, help="The seed of a campaign to repeat.")
@click.option("--mount/--no-mount", default=True, help="Lay the store on a small file system of its own, if we may.")
@click.option("--json", "as_json", is_flag=True, help="The result as a line of JSON.")
def main(rounds: int, seed: int | None, mount: bool, as_json: bool) -> None:
    """Load, kill and damage a store, again and again; count what is there."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    work = Path(tempfile.mkdtemp(prefix="detak-crash-"))
    click.echo(f"seed {seed}", err=True)
    with disk(work / "disk", mounted=mount) as place:
        report = run(list(schedule(rounds, seed)), seed, place, work, lambda text: click.echo(text, err=True))
        if report.faults:
            shutil.copytree(place.folder / "store", work / "kept")
    click.echo(msgspec.json.encode(report).decode() if as_json else _text(report))
    if report.faults:
        click.echo(f"seed {seed}; the store is kept in {work / 'kept'}", err=True)
        sys.exit(1)
    shutil.rmtree(work)


def _text(report: Report) -> str:
    kills = ", ".join(f"{times} {phase}" for phase, times in sorted(report.kills.items()))
    counts = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in msgspec.structs.asdict(report.tally).items())
    text = f"{report.rounds} rounds in {report.seconds:.0f} s ({report.disk}); kills: {kills}\n{counts}"
    return "\n".join([text, *report.faults])


if __name__ == "__main__":
    main()
