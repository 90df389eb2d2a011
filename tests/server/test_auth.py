"""Who may ask what: a browser here, one that signed in, a holder of the token, and everyone else."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.server.test_pages import ELSEWHERE, HERE, TOKEN, app_of

from detak.admin_token import kept_token, proof, viewer_value
from detak.engine import Engine
from detak.errors import SettingsError, UsageError
from detak.server.auth import COOKIE
from detak.settings import Settings
from detak.sink import Sink
from detak.store.lock import StoreLock

AUDIT, REPORTS = "/v1/admin/audit", "/v1/reports"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("bare"), Settings()) as opened:
        yield opened


@pytest.fixture
def here(bare: Engine) -> Iterator[TestClient[Any]]:
    with TestClient(app_of(bare), base_url=HERE) as opened:
        yield opened


@pytest.fixture
def elsewhere(bare: Engine) -> Iterator[TestClient[Any]]:
    with TestClient(app_of(bare), base_url=ELSEWHERE) as opened:
        yield opened


def test_the_bearer_opens_everything(elsewhere: TestClient[Any]) -> None:
    assert [elsewhere.get(one, headers=BEARER).status_code for one in (AUDIT, REPORTS, "/")] == [200, 200, 200]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Cookie": f"{COOKIE}={viewer_value(TOKEN)}"},
        {"Authorization": "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode()},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer"},
    ],
)
def test_nothing_else_opens_what_is_about_people(here: TestClient[Any], headers: dict[str, str]) -> None:
    assert here.get(AUDIT, headers=headers).status_code == 401
    assert here.get(AUDIT, params={"token": TOKEN}, headers=headers).status_code == 401


def test_the_cookie_opens_pages_and_reports(elsewhere: TestClient[Any]) -> None:
    assert elsewhere.get("/", params={"token": TOKEN}).status_code == 200  # signed in, and sent on
    assert [elsewhere.get(one).status_code for one in ("/", REPORTS, "/v1/pulse")] == [200, 200, 200]
    assert elsewhere.get(AUDIT).status_code == 401


@pytest.mark.parametrize("cookie", [TOKEN, "", "é", proof(TOKEN, "viewer")])
def test_another_cookie_opens_nothing(elsewhere: TestClient[Any], cookie: str) -> None:
    assert elsewhere.get(REPORTS, headers={"Cookie": f"{COOKIE}={cookie}".encode()}).status_code == 401


def test_the_address_signs_in_at_the_first_page_alone(elsewhere: TestClient[Any]) -> None:
    assert elsewhere.get(REPORTS, params={"token": TOKEN}).status_code == 401


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_this_machines_browser_needs_nothing(here: TestClient[Any], site: str) -> None:
    assert here.get(REPORTS).status_code == 200
    assert here.get(REPORTS, headers={"Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize(
    "header",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"X-Forwarded-For": "10.0.0.1"},
     {"Host": "shop.example"}, {"Host": "127.0.0.1.example:80"}, {"Host": "["}],
)  # fmt: skip
def test_another_sites_page_and_a_proxy_do(here: TestClient[Any], header: dict[str, str]) -> None:
    assert here.get(REPORTS, headers=header).status_code == 401


@pytest.mark.parametrize("host", ["[::1]", "[::1]:8181", "localhost", "LOCALHOST:8181", "127.0.0.1:1"])
def test_the_names_of_this_machine(here: TestClient[Any], host: str) -> None:
    assert here.get(REPORTS, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("value", [b"Basic \xe9", b"Basic !", b"Bearer \xe9", b"Basic /w==", b""])
@pytest.mark.parametrize("address", [AUDIT, REPORTS])
def test_a_header_that_makes_no_sense_is_refused(elsewhere: TestClient[Any], value: bytes, address: str) -> None:
    assert elsewhere.get(address, headers={"Authorization": value}).status_code == 401
    assert elsewhere.post("/v1/track", content=b"{}", headers={"Authorization": value}).status_code == 401


def test_the_server_proves_that_it_holds_the_token(elsewhere: TestClient[Any]) -> None:
    assert "proof" not in elsewhere.get("/health").json()
    assert elsewhere.get("/health", params={"nonce": "n"}).json()["proof"] == proof(TOKEN, "n")
    assert elsewhere.get("/health", params={"nonce": "n" * 129}).status_code == 400
    assert proof(TOKEN, "n") != proof(TOKEN, "m") != proof(TOKEN + "x", "m")


def test_the_token_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    store = tmp_path / "store"
    token = kept_token(store)
    assert len(token) > 40
    assert kept_token(store) == token
    assert (store / "admin.token").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in store.iterdir()] == ["admin.token"]
    (store / "admin.token").write_text("")  # a token of nothing would open to nothing
    assert len(kept_token(store)) > 40


@pytest.mark.parametrize("name", ["", ".x", "a/b", "a\n", "x" * 65])
def test_no_key_and_no_import_for_a_name_that_is_none(bare: Engine, name: str) -> None:
    with pytest.raises(UsageError, match="name of a source"):
        bare.write_key(name)
    with pytest.raises(UsageError, match="name of a source"):
        bare.take(name, b'{"batch": []}', imported=True)


@pytest.mark.parametrize("broken", [(Sink, "start"), (Sink, "__init__")])
def test_an_engine_that_cannot_open_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: tuple[type, str]
) -> None:
    def fail(*_: object) -> None:
        raise SettingsError("broken by this test")

    monkeypatch.setattr(*broken, fail)
    with pytest.raises(SettingsError):
        Engine(tmp_path, Settings())
    with StoreLock(tmp_path) as lock:
        assert lock.acquire()
    monkeypatch.undo()
    Engine(tmp_path, Settings()).close()
