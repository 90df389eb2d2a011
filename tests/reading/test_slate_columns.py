"""Slates as columns: the kernel reads what was told to the same columns as Python does, or leaves it to Python."""

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from detak.decision import Reason, Slot
from detak.kernel.library import library
from detak.reading import slate_columns as columns
from detak.reading.slate_columns import slate_columns

encode = msgspec.json.Encoder().encode
compiled = pytest.mark.skipif(library() is None, reason="no compiled kernel")
TOLD = [
    encode([Slot("P1", "for_you", Reason("looked", "P9")), Slot("P2")]),
    b"[]",
    encode([Slot("pädagogik", reason=Reason("popular"))]),
]
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'))


def slots(names: SearchStrategy[str]) -> SearchStrategy[list[list[Slot]]]:
    reason = st.none() | st.builds(Reason, names, names)
    return st.lists(st.lists(st.builds(Slot, names, names, reason), max_size=5), min_size=1, max_size=5)


def both(told: list[bytes]) -> list[dict[str, pa.Array] | None]:
    return [columns._quick(told), columns._slow([columns._decode(one) for one in told])]


def test_products_shelves_and_reasons_stand_slot_by_slot() -> None:
    found = {name: one.to_pylist() for name, one in slate_columns(TOLD).items()}
    assert found == {
        "slate": [["P1", "P2"], [], ["pädagogik"]],
        "shelves": [["for_you", ""], [], [""]],
        "because": [["looked P9", ""], [], ["popular"]],
    }


@compiled
@given(slots(PLAIN))
def test_the_kernel_reads_what_python_reads(slates: list[list[Slot]]) -> None:
    quick, slow = both([encode(one) for one in slates])
    assert quick is not None
    assert quick == slow
    for one in quick.values():
        one.validate(full=True)


@compiled
def test_a_reason_about_nothing_is_a_code() -> None:
    quick, slow = both([b'[{"product_id":"P1","reason":{"code":"new","about":""}},{"product_id":"P2","shelf":""}]'])
    assert quick == slow == slate_columns([encode([Slot("P1", reason=Reason("new")), Slot("P2")])])


@given(slots(st.text()))
def test_no_name_is_too_odd(slates: list[list[Slot]]) -> None:
    found = slate_columns([encode(one) for one in slates])
    assert found["slate"].to_pylist() == [[slot.product_id for slot in one] for one in slates]


@compiled
@pytest.mark.parametrize(
    "slots", [b'[{"product_id":"P\\"1"}]', b'[{"product_id": "P1"}]', b'[{"shelf":"new","product_id":"P1"}]']
)
def test_what_is_written_otherwise_is_left_to_python(slots: bytes) -> None:
    assert columns._quick([b"[]", slots]) is None
    assert slate_columns([b"[]", slots])["slate"].to_pylist()[0] == []


@given(st.integers(1, len(TOLD[0]) - 1))
def test_half_a_slate_is_none(end: int) -> None:
    with pytest.raises(ValueError, match="truncated"):
        slate_columns([TOLD[0][:end]])


@compiled
def test_a_slate_is_read_no_further_than_it_goes() -> None:
    head, rest = TOLD[0][:20], TOLD[0][20:]
    assert columns._quick([head, rest]) is None
