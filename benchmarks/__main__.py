"""``python -m benchmarks [NAME ...] [--data DIR]``: run the measurements and print them as JSON."""

import argparse
import json
from pathlib import Path

from benchmarks import (
    abandonment,
    behaviour,
    collect,
    imports,
    intent,
    lessons,
    loop,
    lost,
    offers,
    outages,
    shelves,
    simulate,
)

ALL = {
    "abandonment": abandonment.run,
    "behaviour": behaviour.run,
    "imports": imports.run,
    "intent": intent.run,
    "collect": collect.run,
    "lessons": lessons.run,
    "loop": loop.run,
    "lost": lost.run,
    "offers": offers.run,
    "outages": outages.run,
    "prices": loop.prices,
    "shelves": shelves.run,
    "simulate": simulate.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("names", nargs="*", choices=[*ALL, []], default=[])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1].parent / "shared" / "data")
    options = parser.parse_args()
    for name in options.names or ALL:
        print(json.dumps({name: ALL[name](options.data)}, indent=2))


main()
