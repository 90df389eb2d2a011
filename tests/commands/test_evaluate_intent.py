"""``detak evaluate intent``: planted visits are told apart, and words for what is wrong with a file."""

import json
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result

from detak.cli import main


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["evaluate", "intent", *map(str, arguments)])


def _table(path: Path, visits: int, *, told: bool) -> Path:
    random = np.random.default_rng(1)
    pages = random.integers(1, 30, visits)
    chance = np.where(pages > 20, 0.7, 0.05) if told else np.full(visits, 0.3)
    bought = random.random(visits) < chance
    kind = np.where(random.random(visits) < 0.5, "New", "Returning")
    rows = [f"{page},{who},{str(bool(yes)).upper()}" for page, who, yes in zip(pages, kind, bought, strict=True)]
    path.write_text("\n".join(["Pages,Visitor,Revenue", *rows]))
    return path


def test_visits_that_buy_are_told_and_their_chance_is_true(tmp_path: Path) -> None:
    answer = json.loads(run(_table(tmp_path / "a.csv", 900, told=True), "--repeats", "1", "--json").output)
    assert answer["visits"] == 900
    assert answer["auc"]["mean"] > 0.8
    assert answer["f1"]["mean"] > 0.6
    assert answer["calibration_error"]["mean"] < 0.1


def test_where_nothing_tells_it_is_a_coin(tmp_path: Path) -> None:
    answer = json.loads(run(_table(tmp_path / "a.csv", 900, told=False), "--repeats", "1", "--json").output)
    assert 0.4 < answer["auc"]["mean"] < 0.6


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    table = _table(tmp_path / "a.csv", 60, told=True)
    assert "no column Sold" in run(table, "--outcome", "Sold").output
    assert "fewer than 50" in run(table).output
    assert run(tmp_path / "none.csv").exit_code == 2
