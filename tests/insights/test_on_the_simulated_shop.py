"""The funnel of a simulated shop equals what was planted, cart by cart."""

import pyarrow as pa
import pyarrow.compute as pc
from tests.facts import JAKARTA, Told, ask, rows, tables
from tests.simulate.worlds import events, truth

from detak.insights.funnel import Funnel

SIZE = {"shoppers": 800, "days": 7}
STEPS = ("Product Added", "Cart Viewed", "Order Completed")


def told() -> Told:
    """What the shop's clients sent, each device under its shopper."""
    facts = Told()
    sent = events(**SIZE)
    for row in sent.filter(pc.is_in(sent["event"], pa.array(STEPS))).to_pylist():
        device = row["anonymousId"] or row["userId"].replace("u", "a")
        time = row["timestamp"].replace(tzinfo=None)
        facts.event(row["event"], subject=int(device[1:].partition("-")[0]), time=time)
    return facts


def shoppers(carts: pa.Table) -> set[int]:
    return set(carts["user"].to_pylist())


def test_the_funnel_is_the_planted_one() -> None:
    carts = truth("carts", **SIZE)
    funnel = Funnel(steps=",".join(STEPS), within=30)
    report = ask(funnel, told())
    viewed = carts.filter(pc.not_equal(carts["stage"], "cart"))
    bought = carts.filter(carts["bought"])
    planted = [shoppers(carts), shoppers(viewed), shoppers(bought)]
    assert [one.people for one in report.steps] == [len(people) for people in planted]
    facts = told()
    found = rows(funnel.behind(tables(facts.events, facts.items), JAKARTA, "step:3"))
    assert {row["subject"] for row in found} == planted[2]
