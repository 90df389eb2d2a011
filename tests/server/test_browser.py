"""What analytics.js asks a server for in a browser: settings, short paths, other origins, beacons, pictures."""

import base64
import gzip
import json
from typing import Any

import pytest
from tests.server.serving import Running
from tests.shop import track

ORIGIN = "https://shop.example"
SHORT = {"i": "Identified", "t": "A", "p": "Page Viewed", "s": "Screen Viewed", "g": "Grouped", "a": "Aliased"}


def message(key: str, **more: Any) -> dict[str, Any]:
    """Enough for every kind of call."""
    return {"messageId": key, "userId": "ani", "event": "A", "name": "N", "groupId": "g", "previousId": "p", **more}


def test_the_settings_name_this_server_and_the_key(running: Running) -> None:
    answer = running.http.get(f"/v1/projects/{running.key}/settings", headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    told = answer.json()
    segment = told["integrations"]["Segment.io"]
    assert f"{segment['protocol']}://{segment['apiHost']}" == f"{running.url}/v1"
    assert segment["apiKey"] == running.key
    assert told["plan"]["track"]["__default"]["enabled"] is True
    assert told["metrics"]["sampleRate"] == 0


def test_behind_a_proxy_the_settings_say_https(standing: Running) -> None:
    headers = {"X-Forwarded-Proto": "https", "Host": "data.shop.example"}
    told = standing.http.get(f"/v1/projects/{standing.key}/settings", headers=headers).json()
    segment = told["integrations"]["Segment.io"]
    assert (segment["protocol"], segment["apiHost"]) == ("https", "data.shop.example/v1")


def test_an_unknown_key_has_no_settings(standing: Running) -> None:
    answer = standing.http.get("/v1/projects/nonsense/settings")
    assert (answer.status_code, answer.json()["success"]) == (404, False)


@pytest.mark.parametrize("letter", SHORT)
def test_each_call_has_its_letter(running: Running, letter: str) -> None:
    body = message("1", writeKey=running.key)
    answer = running.post(f"/v1/{letter}", body, auth=None, headers={"Content-Type": "text/plain"})
    assert answer.json() == {"success": True}
    assert running.names() == [SHORT[letter]]


@pytest.mark.parametrize("path", ["/v1/b", "/v1/import", "/beacon/v1/batch"])
def test_a_batch_has_several_paths(running: Running, path: str) -> None:
    body = {"batch": [track("A", "1"), track("B", "2")], "writeKey": running.key}
    assert running.post(path, body, auth=None).status_code == 200
    assert running.names() == ["A", "B"]


def test_a_key_in_the_query(running: Running) -> None:
    assert running.post(f"/v1/batch?writeKey={running.key}", {"batch": [track("A", "1")]}, auth=None).status_code == 200
    assert running.post("/v1/batch?writeKey=wrong", {"batch": [track("A", "2")]}, auth=None).status_code == 401
    assert running.names() == ["A"]


def test_gzip_under_the_name_of_a_form(running: Running) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    body = gzip.compress(json.dumps({"batch": [track("A", "1")]}).encode())
    assert running.post("/v1/batch", body, headers=headers).status_code == 200
    assert running.names() == ["A"]


def test_the_librarys_own_metrics_are_kept_nowhere(running: Running) -> None:
    series = {"series": [{"type": "Counter", "metric": "analytics_js.invoke", "value": 1, "tags": {"a": "b"}}]}
    assert running.post("/v1/m", series, auth=None, headers={"Content-Type": "text/plain"}).status_code == 200
    assert running.names() == []


@pytest.mark.parametrize("path", ["/v1/t", "/v1/track", "/v1/batch", "/v1/b", "/v1/m", "/v1/consent", "/mp/collect"])
def test_a_page_of_another_origin_may_ask_whether_it_may_send(standing: Running, path: str) -> None:
    method = "PUT" if path == "/v1/consent" else "POST"
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,x-retry-count",
    }
    answer = standing.http.options(path, headers=asked)
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-headers"] == asked["Access-Control-Request-Headers"]
    assert method in answer.headers["access-control-allow-methods"]
    assert "Origin" in answer.headers["vary"]


def test_a_page_of_another_origin_reads_the_answer_good_or_bad(running: Running) -> None:
    for auth, status in (((running.key, ""), 200), (("wrong", ""), 401)):
        answer = running.post("/v1/t", message("1"), auth=auth, headers={"Origin": ORIGIN})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["access-control-expose-headers"] == "Retry-After"


@pytest.mark.parametrize(
    "path", ["/v1/reports", "/v1/reports/timing", "/v1/pulse", "/v1/admin/audit", "/", "/health", "/api/items"]
)
def test_nothing_else_is_shared_with_other_origins(standing: Running, path: str) -> None:
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
        answer = standing.http.request(method, path, headers=headers)
        assert "access-control-allow-origin" not in answer.headers


def test_without_an_origin_nothing_is_added(running: Running) -> None:
    assert "access-control-allow-origin" not in running.post("/v1/t", message("1")).headers


@pytest.mark.parametrize("alphabet", [base64.b64encode, base64.urlsafe_b64encode])
def test_an_event_as_a_picture(running: Running, alphabet: Any) -> None:
    told = message("1", writeKey=running.key, properties={"note": "~~~???>>>"})
    data = alphabet(json.dumps(told).encode()).decode()
    for encoded in (data, data.rstrip("=")):
        answer = running.http.get("/v1/pixel/track", params={"data": encoded})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert answer.content.startswith(b"GIF89a")
    assert running.names() == ["A"]


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("track", "!!!", 400),
        ("track", "bm9uc2Vuc2U", 400),
        ("track", "W10", 400),
        ("track", base64.b64encode(b'{"writeKey":"no"}').decode(), 401),
        ("dance", "e30", 404),
        ("track", base64.b64encode(b" " * 40_000).decode(), 400),
    ],
)
def test_a_picture_of_nothing_is_told_so(standing: Running, path: str, data: str, status: int) -> None:
    answer = standing.http.get(f"/v1/pixel/{path}", params={"data": data})
    assert (answer.status_code, answer.json()["success"]) == (status, False)


def test_an_error_has_the_code_that_sdks_look_for(running: Running) -> None:
    assert running.post("/v1/batch", b"{").json()["code"] == "bad_request"
    assert running.post("/v1/batch", b"{}", auth=("wrong", "")).json()["code"] == "unauthorized"
    assert running.http.get("/nowhere").json()["code"] == "not_found"
