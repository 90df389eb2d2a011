"""Bodies as networks and clients spoil them, at every path that takes one: answered below 500."""

import gzip
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.crash.load import authorised
from tests.crash.server import Server
from tests.fuzz.mutations import changed, damaged, encoded, messages

GA4 = {
    "client_id": "1.2",
    "user_id": "ani",
    "timestamp_micros": "1790000000000000",
    "consent": {"ad_user_data": "DENIED"},
    "user_properties": {"tier": {"value": "gold"}},
    "events": [{"name": "purchase", "params": {"transaction_id": "T1", "value": 9.5, "items": [{"item_id": "P1"}]}}],
}
FEEDBACK = {"FeedbackType": "read", "UserId": "ani", "ItemId": "P1", "Timestamp": "2026-10-01T10:00:00Z", "Value": 1}
ITEM = {"ItemId": "P1", "IsHidden": False, "Categories": ["Dapur"], "Labels": {"a": [1]}, "Comment": "Mangkok"}
USER = {"UserId": "ani", "Labels": {"kota": "Bogor"}, "Subscribe": ["a"], "Comment": ""}
BODIES = {
    "/v1/batch": st.lists(messages, max_size=3).map(lambda several: {"batch": several, "sentAt": "2026-10-01"}),
    "/v1/track": messages,
    "/v1/identify": messages,
    "/mp/collect": changed([GA4]),
    "/debug/mp/collect": changed([GA4]),
    "/api/feedback": changed([FEEDBACK]).map(lambda one: [FEEDBACK, one]),
    "/api/items": changed([ITEM]).map(lambda one: [ITEM, one]),
    "/api/users": changed([USER]).map(lambda one: [USER, one]),
}
ENCODINGS = st.sampled_from([None, None, "gzip", "GZIP", "identity", "br", "gzip, gzip"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in a process of its own, on a fresh store."""
    folder = tmp_path_factory.mktemp("bodies")
    (folder / "store").mkdir(mode=0o700)
    started = Server(folder / "store", folder / "server.log")
    yield started
    started.stop()


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, bytes, str | None]:
    """A path, a body whole or damaged before or after it is packed, and what it says it is packed with."""
    path = draw(st.sampled_from(sorted(BODIES)))
    body = encoded(draw(BODIES[path]))
    if draw(st.booleans()):
        body = draw(damaged(body))
    if draw(st.booleans()):
        body = gzip.compress(body, 1, mtime=0)
        body = draw(st.sampled_from([body, body + body, body + b"\0" * 9]) | damaged(body))
    return path, body, draw(ENCODINGS)


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(requests())
def test_every_body_is_answered(server: Server, request_: tuple[str, bytes, str | None]) -> None:
    path, body, encoding = request_
    headers = {**authorised(server.key), "X-API-Key": server.key, "Content-Type": "application/json"}
    if encoding:
        headers["Content-Encoding"] = encoding
    query = {"api_secret": server.key, "measurement_id": "G-1"} if "mp/" in path else {}
    answer = httpx.post(
        f"{server.url}{path}", content=body, headers=headers, params=query, trust_env=False, verify=False, timeout=20
    )
    assert answer.status_code in (200, 204, 400, 401, 404), answer.text


def test_the_server_goes_on_afterwards(server: Server) -> None:
    message = {"type": "track", "event": "Signed In", "userId": "tini"}
    answer = httpx.post(
        f"{server.url}/v1/track",
        json=message,
        headers=authorised(server.key),
        trust_env=False,
        verify=False,
        timeout=20,
    )
    assert answer.status_code == 200


def test_what_unpacks_to_more_than_a_body_may_be_is_refused(server: Server) -> None:
    bomb = gzip.compress(b'{"batch":[' + b" " * 200_000_000 + b"]}", 1)
    headers = {**authorised(server.key), "Content-Encoding": "gzip"}
    for body in (bomb, gzip.compress(bomb, 1)):
        answer = httpx.post(
            f"{server.url}/v1/batch", content=body, headers=headers, trust_env=False, verify=False, timeout=20
        )
        assert answer.status_code in (400, 413)
