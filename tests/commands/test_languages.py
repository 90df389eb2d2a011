"""Commands answer in the shop's language, or in the one that is asked for; figures as that language writes them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.commandline import detak

from detak.cli import main


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders of three people, one of them unusable."""
    path = tmp_path_factory.mktemp("given") / "orders.jsonl"
    lines = [
        {
            "type": "track",
            "event": "Order Completed",
            "messageId": f"m{number}",
            "userId": f"u{number % 3}",
            "timestamp": f"2026-10-{number + 1:02d}T03:00:00Z",
            "properties": {"order_id": f"O{number}", "total": 1000, "products": [{"product_id": f"p{number % 4}"}]},
        }
        for number in range(12)
    ]
    lines[5]["properties"] = {"order_id": "O5", "total": -1}
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


@pytest.mark.parametrize(
    ("asked", "said", "unused"),
    [
        ((), "12 baris dibaca, 11 diterima", "1 baris tidak dapat dipakai"),
        (("--lang", "en"), "12 rows read, 11 accepted", "1 rows could not be used"),
    ],
)
def test_import(orders: Path, tmp_path: Path, asked: tuple[str, ...], said: str, unused: str) -> None:
    done = detak("import", orders, *asked, "--store", tmp_path / "store")
    assert said in done.stdout
    assert unused in done.stderr


@pytest.fixture
def views(tmp_path: Path) -> Path:
    """What three people looked at."""
    path = tmp_path / "views.jsonl"
    lines = [
        {
            "type": "track",
            "event": "Product Viewed",
            "messageId": f"v{number}",
            "userId": f"u{number % 3}",
            "timestamp": f"2026-10-{number + 1:02d}T03:00:00Z",
            "properties": {"product_id": f"p{number % 4}"},
        }
        for number in range(12)
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def store_with(folder: Path, settings: str) -> Path:
    folder.mkdir()
    (folder / "detak.toml").write_text(settings)
    return folder


@pytest.mark.parametrize(
    ("language", "said", "basis"),
    [
        ("en", "12 rows are covered by no purpose", "what each person allows"),
        ("id", "12 baris tidak tercakup tujuan apa pun", "yang diizinkan tiap orang"),
    ],
)
def test_import_says_so_where_no_purpose_covers_the_rows(
    views: Path, tmp_path: Path, language: str, said: str, basis: str
) -> None:
    settings = f'language = "{language}"\n[sources.segment]\nbasis = "consent"\npurposes = []\n'
    done = detak("import", views, "--store", store_with(tmp_path / "store", settings))
    assert said in done.stderr
    assert basis in done.stdout


def test_fit_and_forget(views: Path, tmp_path: Path) -> None:
    settings = '[sources.segment]\nbasis = "legitimate_interest"\npurposes = ["essential", "personalisation"]\n'
    store = store_with(tmp_path / "store", settings)
    detak("import", views, "--store", store)
    assert "sentuhan dari 3 orang" in detak("fit", "--store", store).stdout
    assert "touches of 3 people" in detak("fit", "--lang", "en", "--store", store).stdout
    for asked, question in (((), "Lupakan orang ini?"), (("--lang", "en"), "Forget this person?")):
        command = ["forget", "--user-id", "u1", *asked, "--store", str(store)]
        done = CliRunner().invoke(main, command, input="n\n")
        assert question in done.output
        assert done.exit_code == 1
    done = CliRunner().invoke(main, ["forget", "--user-id", "u1", "--store", str(store)], input="y\n")
    assert json.loads(done.stdout.splitlines()[-1])["signature"]
