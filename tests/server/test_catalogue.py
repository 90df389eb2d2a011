"""The catalogue over HTTP: the token it wants, what it answers to good rows and bad ones."""

from typing import Any

import httpx
import pytest
from tests.server.serving import Running


def ask(running: Running, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
    """A request with the admin token."""
    sent = {"content": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
    headers = {"Authorization": f"Bearer {running.token}"}
    return running.http.request(method, path, headers=headers, **sent, **options)


def put(running: Running, *products: Any) -> dict[str, Any]:
    answer = ask(running, "PUT", "/v1/catalogue", {"products": products})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/catalogue"),
        ("GET", "/v1/catalogue/P1"),
        ("PUT", "/v1/catalogue"),
        ("DELETE", "/v1/catalogue"),
        ("POST", "/v1/catalogue/stock"),
    ],
)
def test_nothing_goes_without_the_admin_token(standing: Running, method: str, path: str) -> None:
    assert standing.http.request(method, path, json={}).status_code == 401
    assert standing.http.request(method, path, json={}, auth=(standing.key, "")).status_code == 401
    assert standing.http.request(method, path, json={}, params={"token": standing.token}).status_code == 401


def test_good_rows_go_in_beside_bad_ones(running: Running) -> None:
    assert put(running, {"id": "A", "price": 12_000}, {"id": "B", "price": 1.5}, {"id": "C", "prise": 1}) == {
        "upserted": 1,
        "rejected": [
            {
                "index": 1,
                "field": "price",
                "reason": "is no whole number of minor units (27.50 USD is 2750, Rp 12.000 is 12000)",
            },
            {
                "index": 2,
                "field": "",
                "reason": "'prise' is no field of a product; is `price` meant?",
            },
        ],
    }


def test_a_product_says_where_it_comes_from_and_can_be_put_back(running: Running) -> None:
    put(running, {"id": "A/1 é", "name": "Çay 茶", "price": {"amount": 2_750, "currency": "USD"}, "category": "X > Y"})
    found = ask(running, "GET", "/v1/catalogue/A%2F1%20%C3%A9").json()
    assert (found["id"], found["name"], found["category"]) == ("A/1 é", "Çay 茶", ["X", "Y"])
    assert found["price"] == {"amount": 2_750, "currency": "USD"}
    assert found["origins"]["price"]["source"] == "api"
    assert found["created"] == found["updated"] == found["origins"]["price"]["time"]
    assert put(running, found) == {"upserted": 1, "rejected": []}


def test_a_file_is_another_source(running: Running) -> None:
    ask(running, "PUT", "/v1/catalogue?source=file", [{"id": "A", "stock": 1}])
    assert ask(running, "GET", "/v1/catalogue/A").json()["origins"]["stock"]["source"] == "file"
    assert ask(running, "PUT", "/v1/catalogue?source=events", [{"id": "A"}]).status_code == 400


def test_stock_is_quickly_set(running: Running) -> None:
    put(running, {"id": "A", "stock": 5})
    answer = ask(
        running, "POST", "/v1/catalogue/stock", {"products": [{"id": "A", "stock": 0}, {"id": "B", "stock": 1}]}
    )
    assert answer.json() == {
        "upserted": 1,
        "rejected": [{"index": 1, "field": "id", "reason": "is not in the catalogue; put the product there first"}],
    }
    assert ask(running, "GET", "/v1/catalogue/A").json()["stock"] == 0


def test_pages_follow_one_another(running: Running) -> None:
    put(running, *({"id": f"P{number}", "category": ["Even" if number % 2 == 0 else "Odd"]} for number in range(9)))
    first = ask(running, "GET", "/v1/catalogue", params={"n": 4, "category": "even"}).json()
    assert [one["id"] for one in first["products"]] == ["P0", "P2", "P4", "P6"]
    rest = ask(running, "GET", "/v1/catalogue", params={"n": 4, "category": "even", "cursor": first["cursor"]}).json()
    assert ([one["id"] for one in rest["products"]], rest["cursor"]) == (["P8"], None)
    assert len(ask(running, "GET", "/v1/catalogue").json()["products"]) == 9


def test_products_are_taken_out(running: Running) -> None:
    put(running, {"id": "A"}, {"id": "B"})
    assert ask(running, "DELETE", "/v1/catalogue", {"ids": ["A", "X"]}).json() == {"deleted": 1}
    gone = ask(running, "GET", "/v1/catalogue/A")
    assert gone.status_code == 404
    assert gone.json()["message"] == "there is no product 'A' in the catalogue"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/catalogue", b"{"),
        ("PUT", "/v1/catalogue", b"\xff"),
        ("PUT", "/v1/catalogue", b""),
        ("PUT", "/v1/catalogue", b"{}"),
        ("PUT", "/v1/catalogue", b'{"products": {}}'),
        ("PUT", "/v1/catalogue", b"[" * 100_000),
        ("POST", "/v1/catalogue/stock", b"5"),
        ("DELETE", "/v1/catalogue", b'{"ids": "A"}'),
        ("DELETE", "/v1/catalogue", b'{"ids": [1]}'),
        ("GET", "/v1/catalogue?n=0", None),
        ("GET", "/v1/catalogue?n=x", None),
        ("GET", "/v1/catalogue?n=99999999999999999999", None),
    ],
)
def test_what_cannot_be_understood_is_told(standing: Running, method: str, path: str, body: bytes | None) -> None:
    answer = ask(standing, method, path, body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]


@pytest.mark.parametrize("path", ["/v1/catalogue/%00", "/v1/catalogue/%F0%9F", "/v1/catalogue/" + "x" * 5_000])
def test_a_strange_id_is_only_unknown(standing: Running, path: str) -> None:
    assert ask(standing, "GET", path).status_code in (400, 404)
