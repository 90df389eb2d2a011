"""``detak catalogue``: a file of products in, in this process and through a server that holds the store."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detak.cli import main
from detak.engine import Engine
from tests.server.serving import served


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "produk.csv"
    path.write_text(
        "Kode Produk,Nama Produk,Harga,Stok\nA,Mangkok,Rp 12.000,5\nB,Piring,gratis,1\n,Sendok,5000,1\nC,Gelas,7000,x\n"
    )
    return path


def detak(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def test_good_rows_go_in_and_bad_ones_are_written_down(file: Path, tmp_path: Path) -> None:
    done = detak("catalogue", "import", file, "--store", tmp_path / "store", "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    rejects = Path(answer.pop("rejects_file"))
    assert answer == {"file": "produk.csv", "read": 4, "accepted": 1, "rejected": 3, "products": 1}
    lines = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(line["row"], line["field"]) for line in lines] == [(3, "Harga"), (4, "Kode Produk"), (5, "Stok")]
    with Engine(tmp_path / "store") as engine:
        entry = engine.catalogue.get("A")
        assert entry is not None
        assert entry.origins["price"].source == "file"


@pytest.mark.parametrize(
    ("asked", "said", "unused"),
    [
        ((), "produk.csv: 4 baris dibaca, 1 diterima, 3 ditolak; 1 produk\n", "3 baris tidak dapat dipakai; lihat "),
        (
            ("--lang", "en"),
            "produk.csv: 4 rows read, 1 accepted, 3 rejected; 1 products\n",
            "3 rows could not be used; see ",
        ),
    ],
)
def test_in_words(file: Path, tmp_path: Path, asked: tuple[str, ...], said: str, unused: str) -> None:
    done = detak("catalogue", "import", file, *asked, "--store", tmp_path / "store")
    assert done.stdout == said
    assert unused in done.stderr


def test_through_a_server_that_holds_the_store(file: Path, tmp_path: Path) -> None:
    with served(tmp_path / "store") as running:
        done = detak("catalogue", "import", file, "--store", tmp_path / "store", "--json")
        assert json.loads(done.stdout)["products"] == 1
        assert running.engine.catalogue.count() == 1


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    for language, told in (("en", "were looked for; the file has a, b"), ("id", "berkas ini berisi a, b")):
        done = detak("catalogue", "import", path, "--lang", language, "--store", tmp_path / "store")
        assert done.exit_code == 2
        assert told in done.stderr
