"""What is among the facts, read by a process of its own: `python -m tests.crash.facts STORE ANSWER`."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from detak.consent import Purpose
from detak.engine import Engine
from detak.event import CONSENT_UPDATED


class Found(msgspec.Struct):
    """The facts of a store, as message keys. Statements of consent are counted apart: the server names those."""

    ids: dict[str, list[int]]
    """Source -> the key of each event."""
    items: list[int]
    """For each product, the key of its event."""
    visible: list[int]
    """The keys of the events that statistics may see."""
    consents: int
    accepted: dict[str, int]
    """Source -> how many messages were counted as accepted."""
    audit_broken_at: int | None
    decisions: list[str] = []
    """Their numbers."""


def read(store: Path) -> Found:
    """Open the store, apply what is in its log, and read everything."""
    until = datetime.now(UTC) + timedelta(days=2)
    with Engine(store, wait=30) as engine:
        engine.settle()
        with engine.gate.events(Purpose.ANALYTICS, before=until, why="crash harness") as granted:
            visible = granted.run(granted.facts.events.select("id"))["id"].to_pylist()
        with engine.gate.events(Purpose.ESSENTIAL, before=until, why="crash harness") as granted:
            facts = granted.facts
            events = granted.run(facts.events.select("id", "source", "event")).to_pylist()
            items = granted.run(facts.items.select("event_id"))["event_id"].to_pylist()
            decisions = granted.run(facts.decisions.select("id"))["id"].to_pylist()
            accepted = facts.volumes.filter(facts.volumes.outcome == "accepted")
            volumes = granted.run(accepted.group_by("source").aggregate(n=accepted["count"].sum())).to_pylist()
        broken = engine.audit().broken_at
    ids: dict[str, list[int]] = {}
    for event in events:
        if event["event"] != CONSENT_UPDATED:
            ids.setdefault(event["source"], []).append(event["id"])
    consents = sum(event["event"] == CONSENT_UPDATED for event in events)
    return Found(ids, items, visible, consents, {row["source"]: row["n"] for row in volumes}, broken, decisions)


def main() -> None:
    """Write what is found as JSON."""
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(read(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
