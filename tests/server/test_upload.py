"""Files over HTTP: counted row by row, given up where they are too large, gone afterwards."""

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.server.serving import COUNTED, Running
from tests.shop import order, track

from detak.server.upload import sweep
from detak.settings import Settings

LINES = "".join(json.dumps(one) + "\n" for one in [*(order(n, f"m{n}") for n in range(50)), track("", "bad")]).encode()


def send(
    running: Running, body: Any, source: str = "auto", name: str = "orders.jsonl", **options: Any
) -> httpx.Response:
    """Upload as the admin."""
    headers = {"Authorization": f"Bearer {running.token}"}
    return running.http.post(f"/v1/import/{source}", params={"file": name}, content=body, headers=headers, **options)


def left(running: Running) -> list[Path]:
    """What lies in the folder of uploads."""
    return list((running.engine.folder / "uploads").rglob("*"))


def test_json_lines_are_counted_row_by_row(running: Running) -> None:
    answer = send(running, LINES)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    rejects_file = told.pop("rejects_file")
    (reject,) = told.pop("rejects")
    assert told.pop("columns") is None
    counts = {"source": "segment", "read": 51, "accepted": 50, "duplicates": 0, "rejected": 1, "withheld": 0}
    assert told == counts
    assert (reject["file"], reject["row"]) == ("orders.jsonl", 51)
    assert msgspec.json.decode((running.engine.folder / "rejects" / rejects_file).read_bytes()) == reject
    again = send(running, LINES).json()
    assert (again["accepted"], again["duplicates"]) == (0, 50)
    assert left(running) == []


def test_a_csv_of_orders(running: Running) -> None:
    table = "order_id;customer_id;date;product;quantity;price\n" + "".join(
        f"A{n};C{n % 5};2026-10-{n + 1:02d} 10:00;Mangkok;2;12500\n" for n in range(20)
    )
    told = send(running, table.encode(), "csv", "../../etc/orders.csv").json()
    assert (told["read"], told["accepted"]) == (20, 20)
    assert left(running) == []


def test_a_file_comes_in_pieces_of_unknown_number(running: Running) -> None:
    pieces = (LINES[begin : begin + 1000] for begin in range(0, len(LINES), 1000))
    assert send(running, pieces, "segment").json()["accepted"] == 50


def test_larger_than_a_request_may_otherwise_be(running: Running) -> None:
    padding = (
        b'{"type":"track","context":{"page":{"title":"%s"}}}\n' % (b"x" * 10_000) * 1_150
    )  # rows that cannot be used
    assert len(padding) > 11 * 1024 * 1024
    assert send(running, LINES + padding).json()["accepted"] == 50


def test_a_compressed_file_is_a_file(running: Running) -> None:
    assert send(running, gzip.compress(LINES), name="orders.jsonl.gz").json()["accepted"] == 50


@pytest.mark.parametrize("whole", [True, False])
def test_too_large_is_given_up(running: Running, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    monkeypatch.setattr(running.engine, "settings", Settings(upload_bytes=1000, sources={"web": COUNTED}))
    answer = send(running, LINES if whole else iter([LINES]))
    assert (answer.status_code, "upload_bytes" in answer.json()["message"]) == (400, True)
    assert left(running) == []


@pytest.mark.parametrize(
    ("body", "source", "says"),
    [
        (b"", "auto", "empty"),
        (b"\x00\x01\x02" * 100, "auto", "not recognised"),
        (LINES, "nonsense", "nonsense"),
        (b"PK\x03\x04broken", "shopee-orders", ""),
    ],
)
def test_what_is_no_such_file_is_told_so(standing: Running, body: bytes, source: str, says: str) -> None:
    answer = send(standing, body, source, "odd.bin")
    assert answer.status_code == 400
    assert says in answer.json()["message"]
    assert all("odd.bin" in text for text in answer.json().get("said", {}).values())
    assert str(standing.engine.folder) not in answer.text
    assert left(standing) == []


def test_only_the_admin_may(running: Running) -> None:
    for auth in (None, (running.key, "")):
        assert running.http.post("/v1/import/auto", content=LINES, auth=auth).status_code == 401
    assert running.names() == []


def test_others_are_answered_meanwhile(running: Running) -> None:
    with httpx.Client(base_url=running.url, trust_env=False, verify=False, timeout=60) as other:

        def slowly() -> Any:
            for begin in range(0, len(LINES), 500):
                yield LINES[begin : begin + 500]
                assert other.get("/health", timeout=20).status_code == 200

        assert send(running, slowly()).json()["accepted"] == 50


def test_what_an_interrupted_process_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "uploads" / "x").mkdir(parents=True)
    (tmp_path / "uploads" / "x" / "orders.csv").write_text("a person")
    sweep(tmp_path)
    assert not (tmp_path / "uploads").exists()
    sweep(tmp_path)
