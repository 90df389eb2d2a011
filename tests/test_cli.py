"""The command line, as a person or a script uses it: what it answers, its processes, a server on the same store."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from detak.cli import Commands, main
from detak.client import Remote
from tests.commandline import answer, detak, refused

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}


def process(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own, as a shell starts it."""
    command = [sys.executable, "-m", "detak", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=False)


def from_process(*arguments: str | Path) -> Any:
    done = process(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred orders as JSON Lines, one of them unusable, one without a time."""
    path = tmp_path_factory.mktemp("orders") / "orders.jsonl"
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


@pytest.fixture(scope="module")
def taken_in(orders: Path) -> Path:
    """A store with the orders in it, for whoever only asks."""
    store = orders.parent / "store"
    assert detak("import", orders, "--store", store).returncode == 0
    return store


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


def test_a_guessed_table_says_what_it_took_and_warns_of_what_it_lacks(tmp_path: Path) -> None:
    table = tmp_path / "jual.csv"
    table.write_text("No Pesanan,Jam Beli,Kode Produk,Jumlah,Banderol\n1,kemarin,P1,2,5000\n")
    done = detak("import", table, "--lang", "en", "--store", tmp_path / "store")
    assert "columns: order_id = No Pesanan, product_id = Kode Produk, quantity = Jumlah;" in done.stdout
    assert "; not used: Jam Beli, Banderol" in done.stdout
    assert "jual.csv: no column was taken for the time" in done.stderr
    assert "jual.csv: no column was taken for a price or total" in done.stderr
    assert answer("import", table, "--store", tmp_path / "store")["columns"]["lacking"] == ["time", "price"]


@pytest.mark.parametrize("name", ["timing", "products", "cancellations"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_reports_in_words(taken_in: Path, name: str, language: str) -> None:
    done = detak("report", name, "--lang", language, "--store", taken_in)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 20


def test_through_a_server_on_the_same_store_and_several_at_once(
    orders: Path, tmp_path: Path, served: dict[str, str]
) -> None:
    store = tmp_path / "store"
    other = tmp_path / "more.jsonl"
    other.write_text(orders.read_text().replace('"m', '"n').replace('_id": "O', '_id": "Q'))
    with ThreadPoolExecutor(2) as pool:  # and one in this process, at the same time
        importing = pool.submit(from_process, "import", other, "--store", store)
        reporting = pool.submit(from_process, "report", "timing", "--store", store)
        assert answer("import", orders, "--store", store)["accepted"] == 199
        assert importing.result()["accepted"] == 199
        assert "cells" in reporting.result()
    assert sum(cell["orders"] for cell in answer("report", "timing", "--store", store)["cells"]) == 396
    assert refused("report", "timing", "--by", "nonsense", "--store", store).count("nonsense") == 1
    for language, told in (("id", "Tidak bisa dipecah"), ("en", "cannot be split")):  # though the server says it
        assert told in refused("report", "timing", "--by", "nonsense", "--lang", language, "--store", store)
    assert answer("key", "web", "--store", store)["key"] == served["write_key"]


def test_several_without_a_server_wait_for_one_another(orders: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(from_process, "import", orders, "--store", store)
        ours = answer("import", orders, "--store", store)
        assert sorted(one["accepted"] for one in (ours, other.result())) == [0, 199]


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
        (b"", "orders.csv", "the file is empty"),
        (b"PK\x03\x04" + b"\x00" * 100, "orders.xlsx", "orders.xlsx"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 500, "orders.bin", "not recognised"),
        (b"a,b\n1,2\n", "orders.csv", "orders.csv"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, name: str, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert says in refused("import", path, "--lang", "en", "--store", tmp_path / "store")


def test_the_first_rows_that_cannot_be_used_are_told_in_words(tmp_path: Path) -> None:
    path, store = tmp_path / "jual.csv", tmp_path / "store"
    rows = [f"A{at};31/11/2026;Teh;1;9.000" for at in range(4)]
    path.write_text("\n".join(["order_id;tanggal;produk;jumlah;harga", "A9;2026-11-01 08:00;Kopi;2;12.500", *rows]))
    told = {one: detak("import", path, "--lang", one, "--store", store).stderr.splitlines() for one in ("id", "en")}
    assert told["id"][:3] == [
        f"detak: jual.csv, baris {at}: tanggal: bukan tanggal atau waktu yang ada" for at in (3, 4, 5)
    ]
    assert told["en"][2] == "detak: jual.csv, row 5: tanggal: is no date or time that exists"
    assert [len(lines) for lines in told.values()] == [4, 4], "three rows, and where all of them stand"
    assert "berkasnya tidak ada" in refused("import", "nothing.csv", "--lang", "id", "--store", store)


def test_mistakes_are_told_in_words(tmp_path: Path) -> None:
    assert "there is no such file" in refused("import", "nothing.csv", "--lang", "en", "--store", tmp_path / "s")
    assert "there is no store here" in refused("report", "timing", "--store", tmp_path / "nowhere")
    assert "there is no source called" in refused("import", __file__, "--source", "nonsense", "--store", tmp_path / "s")
    store = tmp_path / "store"
    store.mkdir()
    (store / "lock").touch()
    (store / "detak.toml").write_text('zone = "Asia/Nowhere"')
    assert "Asia/Nowhere" in refused("report", "timing", "--store", store)
    (store / "detak.toml").write_text("colour = 1")
    assert "colour" in refused("report", "timing", "--store", store)
    assert refused("export", "--store", tmp_path).startswith("detak: ")


@pytest.mark.parametrize(
    ("wrong", "indonesian", "english"),
    [
        (["report", "timng"], "Tidak ada laporan bernama 'timng'", "there is no report called 'timng'"),
        (["report", "timing", "--from", "kemarin"], "from: 'kemarin' bukan tanggal", "from: 'kemarin' is no day"),
        (["report", "timing", "--segment", "x"], "Tidak ada segmen 'x'", "there is no segment 'x'"),
        (["report", "timing", "--province", "X"], "tidak ada peristiwa yang menyebut 'x'", "no event states 'x'"),
        (["why"], "Sebut yang mana", "say which"),
        (["why", "0" * 32], "Keputusan itu tidak ada", "there is no such decision"),
        (["why", "--user-id", "x"], "Tidak ada yang dikenal", "nobody is known"),
        (["identity", "show"], "Sebut siapa", "say who"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_the_language_of_the_shop_or_the_one_asked_for(
    taken_in: Path, wrong: list[str], indonesian: str, english: str
) -> None:
    assert indonesian in refused(*wrong, "--store", taken_in)  # as its reports
    assert indonesian in refused(*wrong, "--lang", "id", "--store", taken_in)
    assert english in refused(*wrong, "--lang", "en", "--store", taken_in)


def test_a_command_that_answers_in_no_words_is_refused_in_english(taken_in: Path) -> None:
    assert "say who" in refused("export", "--store", taken_in)


def test_without_a_store_the_language_is_english_unless_another_one_is_asked_for(tmp_path: Path) -> None:
    assert "there is no store here" in refused("why", "x", "--store", tmp_path / "s")
    assert "tidak ada data toko di sini" in refused("why", "x", "--lang", "id", "--store", tmp_path / "s")


def test_the_version() -> None:
    assert detak("--version").stdout.strip() == answer("version")["version"]
    assert from_process("version")["version"].count(".") == 2


def test_a_folder_without_a_store_is_left_as_it_is(tmp_path: Path) -> None:
    for command in (["report", "timing"], ["audit"], ["export", "--user-id", "u"]):
        assert "there is no store here" in refused(*command, "--store", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_is_one(tmp_path: Path, port: str) -> None:
    assert "--port" in refused("serve", "--port", port, "--store", tmp_path / "store")


@pytest.mark.parametrize("name", ["", "-x", "a/b", "../keys", "a b", "x" * 65])
def test_the_name_of_a_source_is_checked(tmp_path: Path, name: str) -> None:
    assert "cannot be the name of a source" in refused("key", "--store", tmp_path / "store", "--", name)


@pytest.mark.parametrize("file", ["registry.db", "vault.db"])
def test_a_damaged_database_is_named(orders: Path, tmp_path: Path, file: str) -> None:
    store = tmp_path / "store"
    detak("import", orders, "--store", store)
    (store / file).write_bytes(b"this is no database" * 1000)
    said = refused("report", "timing", "--store", store)
    assert file in said
    assert "restore it from a backup" in said


def test_what_a_store_holds_is_its_owners(orders: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert detak("import", orders, "--store", store).returncode == 0
    answer("token", "--store", store)
    held = [store, *store.rglob("*")]
    assert len(held) > 8
    assert [str(path) for path in held if path.stat().st_mode & 0o077] == []


def test_rights_answer_in_json_anyway(orders: Path, tmp_path: Path) -> None:
    detak("import", orders, "--store", tmp_path / "store")
    assert answer("export", "--user-id", "u3", "--store", tmp_path / "store")["events"]
    assert answer("forget", "--user-id", "u3", "--yes", "--store", tmp_path / "store")["signature"]


def test_a_stranger_at_an_old_address_is_told_nothing(orders: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    detak("import", orders, "--store", store)
    heard: list[str] = []

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.path} {self.headers}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "ok", "proof": "00"}')

        do_POST = do_GET  # noqa: N815

    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said = {"url": f"http://127.0.0.1:{server.server_port}", "token": "s3cret-token"}
        (store / "address.json").write_text(json.dumps(said))
        assert answer("report", "timing", "--store", store)["cells"]
        assert heard == []  # nobody holds the store, so nobody is asked
        with Remote(store, said["url"], said["token"]) as remote:
            assert not remote.answers()
        server.shutdown()
    assert len(heard) == 1
    assert "s3cret" not in heard[0]


def test_a_server_stops_at_once_under_an_open_dashboard(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "detak", "serve", "--store", str(tmp_path / "store"), "--port", "0", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        url = json.loads(server.stdout.readline())["url"]
        with httpx.stream("GET", f"{url}/v1/pulse/stream", trust_env=False, verify=False, timeout=30) as pulse:
            lines = pulse.iter_lines()
            assert next(lines)
            server.send_signal(signal.SIGINT)
            assert [line for line in lines if "Traceback" in line] == []  # and it ends
        assert server.wait(30) == 0
        assert server.stderr.read() == ""  # which would tell of tasks that had to be cancelled


def test_whoever_stops_reading_is_told_nothing(orders: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    detak("import", orders, "--store", store)
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "detak", "audit", "--store", str(store)]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, check=False)
    os.close(write)
    assert done.stderr == ""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes started meanwhile heed SIGINT, also where the tests run in a background that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_import_loses_nothing(orders: Path, tmp_path: Path) -> None:
    store, pipe = tmp_path / "store", tmp_path / "much.jsonl"
    lines = [
        orders.read_text().replace('"m', f'"{part}m').replace('_id": "O', f'_id": "{part}O') for part in range(200)
    ]
    pipe.write_text("\n".join(lines))
    command = [sys.executable, "-m", "detak", "import", str(pipe), "--store", str(store)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as importing:
        until = time.monotonic() + 60
        while sum(path.stat().st_size for path in store.glob("log/*.log")) < 1 and time.monotonic() < until:
            time.sleep(0.02)
        importing.send_signal(signal.SIGINT)
        _, said = importing.communicate(timeout=60)
    assert said == "detak: interrupted; nothing that was taken in is lost\n"
    assert importing.returncode == 130
    again = answer("import", pipe, "--store", store)
    assert again["duplicates"] > 0
    assert again["accepted"] + again["duplicates"] == 200 * 199


def test_help_says_what_each_command_is_for_without_loading_any() -> None:
    program = "import sys, detak.cli\ntry: detak.cli.main()\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, "--help"], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    assert not {"numpy", "pyarrow", "detak.engine", "detak.commands.report"} & set(done.stdout.split())
    assert isinstance(main, Commands)
    with main.make_context("detak", ["version"]) as context:
        for name in main.list_commands(context):
            loaded = main.get_command(context, name)
            assert loaded is not None
            assert f"{name:9}  {loaded.get_short_help_str(40)[:-3]}" in done.stdout
