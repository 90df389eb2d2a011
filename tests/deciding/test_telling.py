"""What is told of a slate is a ``Decision`` as JSON has it, whatever is in it."""

from types import SimpleNamespace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from detak.decide.offers import Choice
from detak.decide.rulebook import Offer
from detak.decide.slate import Slate
from detak.deciding.telling import Slated, Telling
from detak.decision import Decision, Promotion, Reason, Slot

NAMES = st.text(max_size=8)
SHARES = st.floats(1e-7, 1)
REASONS = st.lists(st.builds(Reason, NAMES, NAMES), max_size=3)
OFFERS = st.none() | st.builds(Offer, NAMES, st.sampled_from([0.1, 0.25]), code=st.sampled_from(["", "HEMAT"]))
CHOICES = st.none() | st.builds(Choice, OFFERS, st.sampled_from(["", "trial", "chosen"]), SHARES, st.just("offered"))


def listed(some: Any) -> bytes:
    return msgspec.json.encode(some)[1:-1]


@given(NAMES, REASONS, REASONS, CHOICES, SHARES, st.booleans(), st.integers(0, 3))
def test_it_is_what_an_encoder_makes_of_it(
    name: str, reasons: list[Reason], notes: list[Reason], choice: Any, share: float, may: bool, bought: int
) -> None:
    slots = [Slot(name, "new", one) for one in reasons] + [Slot("p")]
    slate = Slate(listed(slots), listed(reasons), [], [], b"", "explored" if bought else "best", share)
    view: Any = SimpleNamespace(rules=SimpleNamespace(offers=may))
    asker: Any = SimpleNamespace(notes=tuple(notes))
    moment: Any = SimpleNamespace(front=SimpleNamespace(version=name), now=7)
    told = Telling(asker, moment, "prior/none", choice).told("ab12", name, Slated(slate, view, bought, 0))
    found = msgspec.json.decode(told, type=Decision)
    theirs = choice if may else None
    offer = theirs.offer if theirs else None
    more = [Reason("purchased", str(bought)), Reason("explored")] if bought else []
    if theirs and theirs.arm:
        more.append(Reason("offered", offer.name if offer else ""))
    assert found == Decision(
        "ab12", name, slots, Promotion(offer.name, offer.discount, offer.code, offer.ends) if offer else None,
        slate.variant, round(share, 6), [*reasons, *notes, *more], "prior/none", name, 7,
        theirs.arm if theirs else "", round(theirs.propensity, 6) if theirs else 1.0,
    )  # fmt: skip
    assert msgspec.json.encode(found) == told
