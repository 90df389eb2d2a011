"""The command line, as a person or a script uses it: in its own process, and through a server on the same store."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def detak(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "detak", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=False)


def answer(*arguments: str | Path) -> Any:
    done = detak(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments: str | Path) -> str:
    """The message of a command that must fail in words."""
    done = detak(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Two hundred orders as JSON Lines, one of them unusable, one without a time."""
    path = tmp_path / "orders.jsonl"
    lines = []
    for number in range(200):
        event: dict[str, Any] = {"type": "track", "event": "Order Completed", "messageId": f"m{number}"}
        event |= {"userId": f"u{number % 20}", "timestamp": f"2026-10-{number % 28 + 1:02d}T03:00:00Z"}
        event["properties"] = {
            "order_id": f"O{number}",
            "total": 1000,
            "province": "Jawa Barat" if number % 2 else "Bali",
        }
        lines.append(event)
    lines[7]["properties"]["total"] = -1
    del lines[8]["timestamp"]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A server on the store ``tmp_path / "store"``."""
    store = tmp_path / "store"
    command = [sys.executable, "-m", "detak", "serve", "--store", str(store), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as server:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())
        server.terminate()
        assert server.wait(30) == 0


def test_import_report_and_import_again(orders: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = answer("import", orders, "--source", "auto", "--store", store)
    assert {key: first[key] for key in ("source", "read", "accepted", "duplicates", "rejected")} == {
        "source": "segment", "read": 200, "accepted": 199, "duplicates": 0, "rejected": 1,
    }  # fmt: skip
    (line,) = [json.loads(line) for line in Path(first["rejects_file"]).read_text().splitlines()]
    assert (line["file"], line["row"], line["field"]) == ("orders.jsonl", 8, "total")
    again = answer("import", orders, "--store", store)
    assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 199, 1)
    timing = answer("report", "timing", "--store", store)
    assert timing["zone"] == "Asia/Jakarta"
    assert sum(cell["orders"] for cell in timing["cells"]) == 198
    assert {cell["hour"] for cell in timing["cells"] if cell["orders"]} == {10}
    assert timing["without_time"] == 1
    by = answer("report", "timing", "--by", "province", "--store", store)
    assert {cell["level"] for cell in by["cells"]} == {"Bali", "Jawa Barat"}


@pytest.mark.parametrize("name", ["timing", "products", "cancellations"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_reports_in_words(orders: Path, tmp_path: Path, name: str, language: str) -> None:
    detak("import", orders, "--store", tmp_path / "store")
    done = detak("report", name, "--lang", language, "--store", tmp_path / "store")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 20


def test_through_a_server_on_the_same_store_and_several_at_once(
    orders: Path, tmp_path: Path, served: dict[str, str]
) -> None:
    store = tmp_path / "store"
    other = tmp_path / "more.jsonl"
    other.write_text(orders.read_text().replace('"m', '"n').replace('_id": "O', '_id": "Q'))
    with ThreadPoolExecutor(4) as pool:
        imports = [pool.submit(answer, "import", file, "--store", store) for file in (orders, other)]
        reports = [pool.submit(answer, "report", "timing", "--store", store) for _ in range(2)]
        assert [one.result()["accepted"] for one in imports] == [199, 199]
        for one in reports:
            assert "cells" in one.result()
    assert sum(cell["orders"] for cell in answer("report", "timing", "--store", store)["cells"]) == 396
    assert refused("report", "timing", "--by", "nonsense", "--store", store).count("nonsense") == 1
    assert answer("key", "web", "--store", store)["key"] == served["write_key"]


def test_several_without_a_server_wait_for_one_another(orders: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(answer, "import", orders, "--store", store) for _ in range(3)]
        assert sorted(one.result()["accepted"] for one in done) == [0, 0, 199]


def test_rights_from_the_command_line(orders: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    detak("import", orders, "--store", store)
    exported = json.loads(detak("export", "--user-id", "u3", "--store", store).stdout)
    assert len(exported["events"]) == 10
    receipt = json.loads(detak("forget", "--user-id", "u3", "--yes", "--store", store).stdout)
    assert receipt["events"] == 10
    assert "nobody is known" in refused("export", "--user-id", "u3", "--store", store)
    assert answer("audit", "--store", store)["broken_at"] is None


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "orders.csv", "empty"),
        (b"PK\x03\x04" + b"\x00" * 100, "orders.xlsx", "orders.xlsx"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 500, "orders.bin", "not recognised"),
        (b"a,b\n1,2\n", "orders.csv", "orders.csv"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, name: str, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert says in refused("import", path, "--store", tmp_path / "store")


def test_mistakes_are_told_in_words(tmp_path: Path) -> None:
    assert "there is no such file" in refused("import", "nothing.csv", "--store", tmp_path / "s")
    assert "there is no store here" in refused("report", "timing", "--store", tmp_path / "nowhere")
    assert "there is no source called" in refused("import", __file__, "--source", "nonsense", "--store", tmp_path / "s")
    store = tmp_path / "store"
    store.mkdir()
    (store / "detak.toml").write_text('zone = "Asia/Nowhere"')
    assert "Asia/Nowhere" in refused("report", "timing", "--store", store)
    (store / "detak.toml").write_text("colour = 1")
    assert "colour" in refused("report", "timing", "--store", store)
    assert refused("export", "--store", tmp_path).startswith("detak: ")


def test_the_version() -> None:
    assert answer("version")["version"].count(".") == 2
