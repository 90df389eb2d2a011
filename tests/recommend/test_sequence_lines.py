"""Lines of sequences: what can be used goes in, the rest is said in words."""

from hypothesis import given
from hypothesis import strategies as st

from detak.recommend.sequence_lines import interactions, read

WORDS = st.text(st.characters(blacklist_categories=["Z", "C"], blacklist_characters=",;"), min_size=1, max_size=5)


@given(st.lists(st.lists(WORDS, min_size=2, max_size=5), max_size=5))
def test_what_is_written_is_read(rows: list[list[str]]) -> None:
    found = read(" ".join(row).encode() for row in rows)
    assert found.sequences == tuple(tuple(row[1:]) for row in rows)
    assert found.kept_aside == 0


def test_broken_lines_are_kept_aside_and_named() -> None:
    found = read([b"u 1 2", b"", b"alone", b"u \xff\xfe", b"u\0 1", b"1,2,3", b"u " + b"x" * 600, b"v sku-7"])
    assert found.sequences == (("1", "2"), ("sku-7",))
    assert found.kept_aside == 5
    assert [problem.split(":")[0] for problem in found.problems] == [f"line {at}" for at in (3, 4, 5, 6, 7)]
    assert "commas" in found.problems[3]


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_no_bytes_break_it(lines: list[bytes]) -> None:
    found = read(lines)
    assert len(found.sequences) + found.kept_aside == sum(bool(line.strip()) for line in lines)


def test_parts_number_the_same_products() -> None:
    train, test = interactions([["b", "a"]], [["a", "c"]])
    assert train.items == test.items == ("b", "a", "c")
    assert test.item.tolist() == [1, 2]
