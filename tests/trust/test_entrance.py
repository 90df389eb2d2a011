"""Weighing events together gives what weighing each by itself gives."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from detak.consent import Basis
from detak.reading.decode import decode
from detak.reading.intake import Intake
from detak.record import Meta, Record
from detak.settings import Settings, SourceSettings
from detak.trust.admission import Batch, Guard
from detak.trust.entrance import Admission, Entrance

RECEIVED = 1_790_000_000_000_000  # 2026-09-21T14:13:20Z
COUNTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("analytics",))
SETTINGS = Settings(sources={"app": COUNTED}, most_devices=2, shared_ids=("till",))
INTAKE = Intake(SETTINGS)

SAID = st.sampled_from([None, {"analytics": True}, {"analytics": False}, {"analytics": True, "marketing": False}])
MESSAGES = st.fixed_dictionaries(
    {"event": st.sampled_from(["Product Viewed", "Order Completed"]), "minute": st.integers(0, 12), "said": SAID},
    optional={
        "userId": st.sampled_from(["ani", "budi", "till"]),
        "anonymousId": st.sampled_from(["a", "b", "c"]),
        "previousId": st.sampled_from(["a", "c"]),
    },
)
CHUNKS = st.lists(st.tuples(st.sampled_from(["web", "app"]), st.lists(MESSAGES, max_size=5)), min_size=1, max_size=3)


def message(told: dict[str, Any], number: int) -> dict[str, Any]:
    one = {name: told[name] for name in ("userId", "anonymousId", "previousId", "event") if name in told}
    one |= {"type": "alias" if "previousId" in told else "track", "messageId": str(number)}
    one |= {"timestamp": f"2026-09-21T14:{told['minute']:02}:00Z", "properties": {"order_id": "O", "product_id": "p"}}
    return one | ({"context": {"consent": {"categoryPreferences": told["said"]}}} if told["said"] else {})


def weigh(chunks: list[tuple[str, list[dict[str, Any]]]], batch: Batch) -> list[Admission]:
    found = []
    for number, (source, told) in enumerate(chunks):
        body = json.dumps({"batch": [message(one, number * 100 + at) for at, one in enumerate(told)]}).encode()
        meta = Meta(source, RECEIVED + number)
        arrivals = decode([Record(number, meta, body)], INTAKE).events
        found.append(Entrance(arrivals, [meta], SETTINGS).weigh(batch))
    return found


def learnt(chunks: list[tuple[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    """All that was decided and learnt, with people by their identifiers instead of their random numbers."""
    batch = Batch({}, {}, {}, {}, Guard(SETTINGS.shared, SETTINGS.most_devices, ()))
    admissions = weigh(chunks, batch)
    names = {subject: identifier for identifier, subject in batch.known.items()}
    return {
        "purposes": [one.purposes.tolist() for one in admissions],
        "kept": [one.kept.tolist() for one in admissions],
        "subjects": [[names.get(subject) for subject in one.subjects.tolist()] for one in admissions],
        "known": sorted(batch.known),
        "standing": {names[one]: (said.granted, said.refused) for one, said in batch.standing.items() if said.words},
        "nos": {
            names[one]: {purpose: word.no for purpose, word in said.words.items()}
            for one, said in batch.standing.items()
            if said.words
        },
        "merges": sorted((names[one.subject], names[one.person]) for one in batch.merges),
    }


@given(CHUNKS)
@examples(max_examples=400)
def test_together_or_one_by_one_it_is_the_same(chunks: list[tuple[str, list[dict[str, Any]]]]) -> None:
    together = learnt(chunks)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Entrance, "_agree", lambda *_: False)
        assert together == learnt(chunks)


def test_no_events_are_weighed_too() -> None:
    (admission,) = weigh([("web", [])], Batch({}, {}, {}, {}))
    assert np.array_equal(admission.kept, np.array([], dtype=np.bool_))
