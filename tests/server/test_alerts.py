"""A payment provider goes down: seen on the page, by programs, by Prometheus and in the terminal."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from litestar.testing import TestClient
from tests.conftest import send
from tests.server.test_metrics import samples
from tests.server.test_pages import HERE, YES, app_of
from tests.shop import track

from detak.cli import main
from detak.engine import Engine


def _pay(engine: Engine, failing: bool, people: int) -> None:
    now = {"timestamp": datetime.now(UTC).isoformat(), **YES}
    said: list[dict[str, Any]] = []
    for one in range(people):
        paid = {"properties": {"checkout_id": f"K{one}", "payment_method": "OVO"}, "user": f"u{failing}{one}", **now}
        said.append(track("Payment Info Entered", f"p{failing}{one}", **paid))
        if failing:
            said.append(track("Payment Failed", f"f{one}", **paid))
    send(engine, *said)


def test_an_outage_shows_everywhere(engine: Engine) -> None:
    _pay(engine, failing=False, people=40)
    assert engine.alerts() == []
    _pay(engine, failing=True, people=15)
    with TestClient(app_of(engine), base_url=HERE) as client:
        (alert,) = client.get("/v1/alerts").json()
        assert (alert["reason"], alert["of"], alert["failed"]) == ("payment_failed", "OVO", 15)
        for page in ("/?lang=en", "/quality?lang=en"):
            text = client.get(page).text
            assert "Something is broken right now" in text
            assert "OVO – The payment failed" in text
        assert samples(client.get("/metrics").text)["detak_reason_alert", "OVO", "payment_failed"] == 1


def test_only_whoever_may_see_reports_is_told(engine: Engine) -> None:
    with TestClient(app_of(engine, local_only=False), base_url="http://shop.example") as client:
        assert client.get("/v1/alerts").status_code == 401


@pytest.mark.parametrize(("lang", "said"), [("en", "failing more often"), ("id", "gagal lebih sering")])
def test_the_terminal_says_so_too(tmp_path: Path, lang: str, said: str) -> None:
    with Engine(tmp_path):
        pass
    answer = CliRunner().invoke(main, ["alerts", "--store", str(tmp_path), "--lang", lang])
    assert (answer.exit_code, said in answer.output) == (0, True)
    answer = CliRunner().invoke(main, ["alerts", "--store", str(tmp_path), "--json"])
    assert msgspec.json.decode(answer.output) == []
