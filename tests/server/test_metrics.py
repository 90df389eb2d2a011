"""Figures for Prometheus: read back with its own parser, whatever names clients chose."""

from typing import Any

from litestar.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families
from tests.conftest import send
from tests.server.test_pages import HERE, app_of
from tests.shop import consenting, order

from detak.engine import Engine
from detak.server.metrics import exposition
from detak.vitals import BOUNDS, Stopwatch, Vitals


def samples(text: str) -> dict[tuple[str, ...], float]:
    """(name, label values...) -> value, as Prometheus reads them."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def vitals(**more: Any) -> Vitals:
    return Vitals(messages={("web", "accepted"): 7, ("web", "rejected"): 1}, waiting_bytes=12, tail_rows=3, **more)


def test_everything_that_is_known_is_told() -> None:
    watch = Stopwatch()
    for seconds in (0.0001, 0.0005, 0.02, 9):
        watch.add(seconds)
    found = samples(exposition(vitals(lag_seconds=0.5, seals=2, commits=watch.read()), {}, []).decode())
    assert found["detak_messages_total", "accepted", "web"] == 7
    assert found["detak_log_waiting_bytes",] == 12
    assert found["detak_tail_rows",] == 3
    assert found["detak_sink_lag_seconds",] == 0.5
    assert found["detak_seals_total",] == 2
    assert found["detak_log_commit_seconds_bucket", "0.0005"] == 2, "a bound belongs to its class"
    assert found["detak_log_commit_seconds_bucket", "0.025"] == 3
    assert found["detak_log_commit_seconds_bucket", "+Inf"] == found["detak_log_commit_seconds_count",] == 4
    assert round(found["detak_log_commit_seconds_sum",], 4) == 9.0206
    assert found["process_resident_memory_bytes",] > 1_000_000


def test_what_is_not_known_is_not_told() -> None:
    names = {name for name, *_ in samples(exposition(vitals(), {}, []).decode())}
    assert not {"detak_sink_lag_seconds", "detak_seals_total", "detak_log_commit_seconds_sum"} & names


def test_names_that_clients_chose_break_nothing() -> None:
    hostile = 'a"} 1\nevil_total{x="\\'
    told = Vitals(messages={(hostile, "accepted"): 1}, waiting_bytes=0, tail_rows=0)
    found = samples(exposition(told, {(hostile, "GET", 200): 1}, []).decode())
    assert found["detak_messages_total", "accepted", hostile] == 1
    assert not any(name.startswith("evil") for name, *_ in found)


def test_a_stopwatch_has_a_class_for_everything() -> None:
    watch = Stopwatch()
    for seconds in (0, *BOUNDS, 100):
        watch.add(seconds)
    assert watch.read().counts == (2, *[1] * len(BOUNDS))


def test_the_server_tells_what_it_did(engine: Engine) -> None:
    send(engine, {**order(1, "m1"), "context": consenting(analytics=True)}, order(2, "m2", total=-1), imported=False)
    with TestClient(app_of(engine), base_url=HERE) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/nowhere/ani@toko.id").status_code == 404
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    accepted = [value for key, value in found.items() if key[:2] == ("detak_messages_total", "accepted")]
    assert sum(accepted) == 1
    assert found["detak_requests_total", "GET", "/health", "200"] == 1
    assert found["detak_requests_total", "GET", "other", "404"] == 1
    assert "ani" not in answer.text
