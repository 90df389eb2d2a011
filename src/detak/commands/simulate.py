"""``detak simulate``."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from detak.errors import UsageError
from detak.simulate.config import WORLDS, Config
from detak.simulate.live import Drive, Summary, drive
from detak.simulate.output import FORMATS, Written, steady_memory, write
from detak.simulate.policies import POLICIES
from detak.simulate.world import World
from detak.terminal import explained, json_option, print_

_LARGE = 3_000_000  # visits x 10, about: from here on a second process pays


@click.command("simulate")
@click.option("--shoppers", type=int, help="How many shoppers. [default: 10000]")
@click.option("--days", type=int, help="How many days. [default: 60]")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same world.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="The first day. [default: 2026-01-01]")
@click.option("--products", type=int, help="How many products. [default: 2000]")
@click.option(
    "--world", type=click.Choice(list(WORLDS)), default="confounded", show_default=True, help="A named world."
)
@click.option("--confounding", type=float, help="How strongly far places, slow pages and weak intent go together.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the history into this new folder.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="jsonl", show_default=True, help="Of the events.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; the files are the same for any number.")
@click.option("--live", "url", metavar="URL", help="Send visits to a running engine instead.")
@click.option("--key", help="The engine's write key.")
@click.option(
    "--policy", type=click.Choice(list(POLICIES)), default="none", show_default=True, help="Who fills the home page."
)
@click.option(
    "--speed", type=click.FloatRange(1, 1_000_000), default=600.0, show_default=True, help="Times faster than life."
)
@click.option(
    "--seconds", type=click.FloatRange(1, 1_000_000), default=60.0, show_default=True, help="How long to send."
)
@json_option
@explained
def command(**options: Any) -> None:
    """Make a simulated Indonesian shop, whose truth is known: into a folder, or live into a running engine."""
    if (options["out"] is None) == (options["url"] is None):
        raise UsageError("say where to: --out FOLDER for a history, or --live URL --key WRITEKEY for visits now")
    if options["out"] is not None:
        config = _config(options)
        steady_memory()
        workers = options["workers"] or _workers(config)
        done = write(config, options["out"], options["form"], workers)
        print_(done, _written(done), options["as_json"])
        return
    if not options["key"]:
        raise UsageError("--live needs --key: `detak key web` prints the engine's write key")
    went = _live(options)
    print_(went, _summary(went), options["as_json"])


def _config(options: dict[str, Any], **more: Any) -> Config:
    named = {name: options[name] for name in ("shoppers", "days", "products", "confounding")}
    given = {name: value for name, value in named.items() if value is not None}
    if options["start"] is not None:
        given["start"] = options["start"].date()
    return msgspec.structs.replace(WORLDS[options["world"]], seed=options["seed"], **{**given, **more})


def _workers(config: Config) -> int:
    return min(os.cpu_count() or 1, 8) if config.shoppers * config.days > _LARGE else 1


def _live(options: dict[str, Any]) -> Summary:
    """Visits that end about now, so that their times are neither in the future nor long past."""
    span = options["seconds"] * options["speed"]
    begin = datetime.now(UTC).timestamp() - span
    days = int(span // 86_400) + 3
    start = options["start"].date() if options["start"] else datetime.fromtimestamp(begin, UTC).date()
    world = World.make(_config(options, start=start, days=days))
    first = world.config.midnight(0) if options["start"] else round(begin * 1000)
    return drive(
        world, Drive(options["url"], options["key"], options["policy"], options["speed"], options["seconds"], first)
    )


def _written(done: Written) -> str:
    return (
        f"{done.folder}: {done.messages:,} messages of {done.visits:,} visits, {done.carts:,} carts and {done.orders:,}"
        f" orders in {done.seconds:,} s ({done.messages_per_second:,} a second)\n"
        f"Take them in with: detak import {Path(done.folder) / 'events'}"
    )


def _summary(went: Summary) -> str:
    low, high = went.revenue_per_visitor_low, went.revenue_per_visitor_high
    lines = [
        f"policy {went.policy}: {went.visitors:,} visitors, {went.visits:,} visits, {went.orders:,} orders",
        f"revenue per visitor Rp {went.revenue_per_visitor:,.0f} (95%: Rp {low:,.0f} to Rp {high:,.0f})",
        f"{went.messages:,} messages sent, {went.waits} times told to wait",
    ]
    if went.asked:
        lines.append(
            f"{went.asked:,} decisions asked, {went.unanswered:,} not answered: the shop's own order was shown"
        )
    return "\n".join(lines)
