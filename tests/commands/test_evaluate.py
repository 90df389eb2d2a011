"""``detak evaluate``: figures of files, and words for what is wrong with them."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from detak.cli import main


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


@pytest.fixture
def walks(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    starts = random.integers(0, 12, 40)
    path = tmp_path / "walks.txt"
    path.write_text(
        "\n".join(f"u{at} " + " ".join(f"p{one + far}" for far in range(5)) for at, one in enumerate(starts))
    )
    return path


def test_its_commands_are_listed() -> None:
    shown = run("--help").output
    assert "sequences" in shown
    assert "sessions" in shown
    assert "_told" not in shown


def test_sequences(walks: Path) -> None:
    with walks.open("a") as more:
        more.write("\nbroken\nshort p1 p2\n")
    done = run("sequences", walks, "--json")
    answer = json.loads(done.output)
    assert answer["recall@10"] > 0.7
    assert answer["ndcg@10"] <= answer["recall@10"]
    assert (answer["people"], answer["people_too_short"], answer["lines_kept_aside"]) == (40, 1, 1)
    assert answer["problems"] == ["walks.txt line 42: names a user and no item"] or "line 41" in answer["problems"][0]
    assert answer["fit_seconds"] > 0
    assert answer["peak_mb"] > 10
    assert "validation ndcg@10 of after" in answer["settings"]


def test_hiding_the_last_items_is_a_file_without_them(walks: Path, tmp_path: Path) -> None:
    shorter = tmp_path / "shorter.txt"
    shorter.write_text("\n".join(line.rpartition(" ")[0] for line in walks.read_text().splitlines()))
    hidden, cut = (json.loads(run("sequences", *arguments, "--json").output)
                   for arguments in ([walks, "--hide", "1"], [shorter]))  # fmt: skip
    assert {name: value for name, value in hidden.items() if "@" in name} == {
        name: value for name, value in cut.items() if "@" in name
    }


def test_sessions(walks: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.txt"
    test.write_text("a p3 p4 p5\nb p1\nc p2 p3 unheard\n")
    answer = json.loads(run("sessions", "--train", walks, "--test", test, "--json").output)
    assert answer["hit@20"] == 0.5
    assert (answer["sessions"], answer["sessions_too_short"]) == (2, 1)
    assert "hit@20" in run("sessions", "--train", walks, "--test", test).output


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no line can be used"),
        (b"\xff\xfe\n", "is not UTF-8"),
        (b"u 1 2\nv 2 3\n", "nobody has 3 items"),
        (b"1,2,3\n", "commas"),
    ],
)
def test_what_cannot_be_used_is_said_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "given.txt"
    path.write_bytes(content)
    done = run("sequences", path)
    assert done.exit_code == 2
    assert words in done.output
    assert "Traceback" not in done.output


def test_no_file_is_said_in_words(tmp_path: Path) -> None:
    done = run("sequences", tmp_path / "none.txt")
    assert done.exit_code == 2
    assert "No such file" in done.output


@pytest.mark.parametrize("content", ["one a b c", "one a a a\ntwo a a a", "one a b c\ntwo b c a\nthree c a b"])
def test_few_people_and_few_items_have_figures(tmp_path: Path, content: str) -> None:
    path = tmp_path / "few.txt"
    path.write_text(content)
    done = run("sequences", path, "--json")
    assert done.exit_code in (0, 2), done.output
    assert done.exit_code == 2 or 0 <= json.loads(done.output)["recall@10"] <= 1
