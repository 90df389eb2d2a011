"""Reports over HTTP: narrowed down, compared, and opened into people."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.conftest import send
from tests.server.serving import Running
from tests.shop import consenting, order, track

from detak.told import Given

WEEK = {"from": "2026-10-01", "to": "2026-10-07"}
STEPS = {"steps": "Product Viewed,Order Completed"}


@pytest.fixture
def shop(running: Running) -> Running:
    """Eight people look, six of them from Bali order."""
    yes = {"context": consenting(analytics=True)}
    for at in range(8):
        seen = track("Product Viewed", f"v{at}", user=f"u{at}", timestamp=f"2026-10-0{at // 2 + 1}T03:00:00Z", **yes)
        bought = order(at, f"o{at}", user=f"u{at}", province="Bali")
        sent = [seen] if at >= 6 else [seen, {**bought, **yes, "timestamp": f"2026-10-0{at // 2 + 1}T04:00:00Z"}]
        send(running.engine, *sent)
    return running


def get(running: Running, path: str, **query: Any) -> httpx.Response:
    return running.http.get(path, params=query)


def test_filters_and_the_period_before_are_query_parameters(shop: Running) -> None:
    assert get(shop, "/v1/reports/timing", province="bali", **WEEK).json()["orders"] == 6
    found = get(shop, "/v1/reports/timing", compare="true", **{"from": "2026-10-03", "to": "2026-10-04"}).json()
    assert (found["now"]["orders"], found["before"]["orders"]) == (2, 4)
    wrong = get(shop, "/v1/reports/timing", **{"from": "yesterday"})
    assert (wrong.status_code, "2026-01-31" in wrong.json()["message"]) == (400, True)


def test_a_number_opens_into_groups_and_never_into_a_few(shop: Running) -> None:
    found = get(shop, "/v1/reports/funnel/people", key="step:1", **STEPS).json()
    assert found["people"] == 8
    assert found["split"]["stage"] == [{"level": None, "people": 8, "small": True}], "two never ordered"
    for key in ("drop:1", "step:2"):  # two turned back; of eight the six others would tell of them
        few = get(shop, "/v1/reports/funnel/people", key=key, **STEPS).json()
        assert (few["people"], few["split"]) == (None, {})
    report = get(shop, "/v1/reports/funnel", lang="id", **STEPS).json()
    assert [one["people"] for one in report["steps"]] == [8, None]
    assert "kurang dari 5 orang" in report["withheld"]


def test_who_they_are_takes_the_admin_token(shop: Running) -> None:
    asked = {"question": {"name": "funnel", "parameters": STEPS, "people": "drop:1"}, "limit": 10}
    assert shop.http.post("/v1/admin/people", json=asked).status_code == 401
    answer = shop.http.post("/v1/admin/people", json=asked, headers={"Authorization": f"Bearer {shop.token}"})
    assert sorted(one["identifiers"][0]["value"] for one in answer.json()) == ["u6", "u7"]
    rows = shop.engine.audit().rows
    assert [row.purpose for row in rows if row.verb == "people"] == ["analytics"]


def test_an_answer_given_again_says_its_age_and_is_made_now_for_who_says_so(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detak.understanding._PATIENCE", 30)  # what takes long is another test's affair
    shop.engine.understanding.given = Given(slow=0)
    assert shop.engine.gate.renew(datetime.now(UTC), least=0)
    path = "/v1/reports/sessions"
    assert get(shop, path).json()["visits"] == 14
    send(shop.engine, {**track("Product Viewed", "later", user="u9"), "context": consenting(analytics=True)})
    again = get(shop, path)
    assert (again.json()["visits"], int(again.headers["Age"]) >= 0) == (14, True)
    page = shop.http.get("/behaviour/sessions", params={"lang": "id"}).text
    assert ("Angka per" in page, 'href="/behaviour/sessions?anew=1"' in page) == (True, True)
    assert shop.http.get(path, headers={"Cache-Control": "no-cache"}).json()["visits"] == 15
    assert "Angka per" not in shop.http.get("/behaviour/sessions?lang=id&anew=1").text


def test_what_does_not_fit_is_named_and_no_key_is_repeated(shop: Running) -> None:
    key = "secret-key"
    wrong = shop.http.get(f"/v1/recommend?k=-2&writeKey={key}")
    assert wrong.status_code == 400
    assert "k: Expected `int` >= 1" in wrong.json()["message"]
    assert key not in wrong.text
    assert "openapi.json" in shop.http.get("/v1/nothing").json()["message"]
    assert "city: no event states 'atlantis'" in get(shop, "/v1/reports/timing", city="Atlantis").json()["message"]
