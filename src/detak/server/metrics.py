"""``/metrics``: the engine's figures in the text format of Prometheus, read when they are asked for."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate

from litestar import Response, get
from litestar.types import Message, Scope
from prometheus_client import Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.process_collector import ProcessCollector

from detak import __version__
from detak.alerts import Alert
from detak.engine import Engine
from detak.health import Health
from detak.server.watch import Watch
from detak.vitals import BOUNDS, Vitals

_CONTENT = "text/plain; version=0.0.4; charset=utf-8"
_OTHER = "other"  # requests to no route: their paths are the clients' to choose

_process = ProcessCollector(registry=None)


class Requests:
    """Requests answered since the start, by route and status."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, int]] = Counter()

    async def count(self, message: Message, scope: Scope) -> None:
        """Called with each part of each answer; the first part says the status."""
        if message["type"] == "http.response.start":
            route = str(scope.get("path_template") or _OTHER)
            self._counts[route, str(scope.get("method", "")), message["status"]] += 1

    def posted(self, route: str, status: int) -> None:
        """One more POST, answered on the fast lane."""
        self._counts[route, "POST", status] += 1

    def read(self) -> dict[tuple[str, str, int], int]:
        """(route, method, status) -> how many."""
        return dict(self._counts)


class _Families:
    """What ``generate_latest`` wants of a registry."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


@get("/metrics", media_type=_CONTENT)
async def metrics(engine: Engine, answered: Requests, watch: Watch) -> Response[bytes]:
    """The engine's figures in the text format of Prometheus."""
    sources = (await watch.look(engine)).sources
    return Response(exposition(engine.vitals(), answered.read(), sources, engine.alerts()), media_type=_CONTENT)


def exposition(
    vitals: Vitals,
    requests: dict[tuple[str, str, int], int],
    sources: Iterable[Health],
    alerts: Iterable[Alert] = (),
) -> bytes:
    """The text that Prometheus reads."""
    families = [*_engine(vitals), *_requests(requests), *_sources(sources), _alerts(alerts), *_process.collect()]
    return bytes(generate_latest(_Families(families)))


def _engine(vitals: Vitals) -> Iterator[Metric]:
    info = GaugeMetricFamily("detak_build_info", "Always 1; the version is its label.", labels=["version"])
    info.add_metric([__version__], 1)
    yield info
    messages = CounterMetricFamily(
        "detak_messages", "Messages since the start, by what became of them.", labels=["source", "outcome"]
    )
    for (source, outcome), count in sorted(vitals.messages.items()):
        messages.add_metric([source, outcome], count)
    yield messages
    yield GaugeMetricFamily(
        "detak_log_waiting_bytes", "Acknowledged and not among the facts yet.", vitals.waiting_bytes
    )
    yield GaugeMetricFamily("detak_tail_rows", "Facts that are not sealed yet.", vitals.tail_rows)
    if vitals.lag_seconds is not None:
        yield GaugeMetricFamily("detak_sink_lag_seconds", "Age of what is being applied.", vitals.lag_seconds)
    if vitals.seals is not None:
        yield CounterMetricFamily("detak_seals", "Times the hot tail was sealed since the start.", vitals.seals)
    if vitals.commits is not None:
        bounds = [*map(str, BOUNDS), "+Inf"]
        counts = accumulate(vitals.commits.counts)
        buckets = list(zip(bounds, map(float, counts), strict=True))
        yield HistogramMetricFamily(
            "detak_log_commit_seconds", "Making requests durable.", buckets=buckets, sum_value=vitals.commits.seconds
        )


def _requests(requests: dict[tuple[str, str, int], int]) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "detak_requests", "Requests answered since the start.", labels=["route", "method", "status"]
    )
    for (path, method, status), count in sorted(requests.items()):
        family.add_metric([path, method, str(status)], count)
    yield family


def _alerts(alerts: Iterable[Alert]) -> Metric:
    family = GaugeMetricFamily(
        "detak_reason_alert", "1: this fails far more often than usual right now.", labels=["reason", "of"]
    )
    for one in alerts:
        family.add_metric([one.reason, one.of], 1)
    return family


def _sources(sources: Iterable[Health]) -> Iterator[Metric]:
    silent = GaugeMetricFamily("detak_source_silent", "1: the source has fallen silent.", labels=["source"])
    quiet = GaugeMetricFamily("detak_source_quiet_seconds", "Since the source was last heard of.", labels=["source"])
    for one in sources:
        silent.add_metric([one.source], float(one.state == "silent"))
        quiet.add_metric([one.source], one.minutes * 60.0)
    yield from (silent, quiet)
