"""``detak evaluate uplift``."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from detak.cli import main
from detak.uplift.evaluate import UpliftReport, evaluate
from tests.uplift.trials import planted

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "hillstrom" / "hillstrom.csv"


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["evaluate", "uplift", *words])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def trial_file(tmp_path: Path) -> Path:
    trial, _ = planted(1500)
    lines = ["arm,who,moved,came"]
    for features, treated, outcome in zip(trial.features, trial.treated, trial.outcome, strict=True):
        lines.append(f"{'Mail' if treated else 'Control'},{features[0]:.3f},{features[1]:.3f},{outcome:.0f}")
    (tmp_path / "trial.csv").write_text("\n".join(lines) + "\nMail,1\n")
    return tmp_path / "trial.csv"


def test_it_answers_in_json_and_in_words(trial_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[UpliftReport] = []

    def once(*trial: Any, **options: Any) -> UpliftReport:
        made.extend([] if made else [evaluate(*trial, **options)])
        return made[0]

    monkeypatch.setattr("detak.commands.evaluate.uplift.evaluate", once)  # it takes long, and is asked twice
    asked = (str(trial_file), "--treatment", "Mail", "--outcome", "came", "--repeats", "1")
    code, said, _ = run(*asked, "--json")
    answer = json.loads(said)
    assert code == 0
    assert answer["qini_auc"] > 2 * answer["qini_se"]
    assert answer["heterogeneity"]["found"]
    assert (answer["rule"], answer["people"], answer["unreadable_rows"]) == ("by_effect", 1500, 1)
    _, words, _ = run(*asked)
    assert answer["learner"] in words


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("arm,came\n", "no rows"),
        ("arm,came\nMail,1\nControl,0\n", "no column tells people apart"),
        ("arm,age,came\nMail,3,1\nControl,4,0\n", "of each kind it takes"),
        ("", "cannot be read as a table"),
        ("a,a\n1,2\n", "same name"),
    ],
)
def test_a_file_that_tells_nothing_is_told_in_words(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    code, _, said = run(str(tmp_path / "bad.csv"), "--treatment", "Mail", "--outcome", "came")
    assert code == 2
    assert word in said


@pytest.mark.skipif(not DATA.exists(), reason="the e-mail test lies in shared/data, which is not here")
def test_of_the_womens_message_it_knows_whom_it_moves(tmp_path: Path) -> None:
    lines = DATA.read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join([lines[0], *lines[1::3]]))
    asked = ("--treatment", "Womens E-Mail", "--outcome", "visit", "--repeats", "1", "--json")
    code, said, _ = run(str(tmp_path / "some.csv"), *asked)
    answer = json.loads(said)
    assert code == 0
    assert answer["left_out"].keys() == {"conversion", "spend"}
    assert answer["chosen"].keys().isdisjoint({"response"})
    assert answer["qini_auc"] > 2 * answer["qini_se"]
