"""Whole tables: however a spreadsheet parts columns, and what is no table."""

from pathlib import Path

import pytest

from detak.errors import SourceError
from detak.sources.whole_table import read_whole


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_are_parted_by_what_spreadsheets_write(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "trial.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"arm{mark}visit\na{mark}1\nb{mark}0\nc\n".encode())
    found = read_whole(path)
    assert found.table.to_pydict() == {"arm": ["a", "b"], "visit": [1, 0]}
    assert found.unreadable == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"arm,visit\n\xe9,1\n", "is not UTF-8: save it"),
        (b"arm,visit\n" + b"a,1\n" * 300_000 + b"\xe9,1\n", "is not UTF-8 .column arm.: save it"),
        (bytes(range(256)), "is not UTF-8: save it"),
        (b"", "cannot be read as a table"),
        (b"arm,visit\n", "has no rows"),
        (b"arm,arm\n1,2\n", "same name"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "trial.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        read_whole(path)
