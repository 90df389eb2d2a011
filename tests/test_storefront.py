"""A shop's server asks for decisions: answered, or its own default in time."""

import json
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from detak.decide.asking import Asked, Situation
from detak.storefront import Page, Storefront
from tests.clients.shop import opened

DEFAULT = ["x", "y"]


def test_what_was_decided_is_told_by_placement(tmp_path: Path) -> None:
    with opened(tmp_path) as shop, Storefront(shop.url, shop.key, timeout=20) as storefront:
        listed = Asked("search", 2, products=["b", "a"])
        page = storefront.decide([listed, "home"], user_id="ani", anonymous_id="phone")
        assert page.trouble == ""
        assert sorted(page.products("search", DEFAULT)) == ["a", "b"]
        assert len(page.decision_id("search") or "") == 32
        assert page.products("home", DEFAULT) == DEFAULT, "a shop that knows of nothing yet has an empty slate"
        assert page.decision_id("home") is None
        assert page.promotion("search") is None
        alone = storefront.decide(Asked("search", products=["b", "a"]))
        assert sorted(alone.products("search", DEFAULT)) == ["a", "b"]
        twice = storefront.decide([Asked("one", products=["a"]), Asked("one", products=["b"])])
        assert twice.products("one") == ["a"], "of a placement that is named twice the first"
        assert list(storefront.decide("search").decisions) == ["search"]
        assert "no question" in storefront.decide(None).trouble  # type: ignore[arg-type]
        assert "no question" in storefront.decide(["home"], user_id=object()).trouble  # type: ignore[arg-type]
        assert storefront.decide(["search"]).trouble == "", "a wrong question stops nobody else's"
        with Storefront(shop.url, "wrong", timeout=20) as stranger:
            assert "401" in stranger.decide(["home"]).trouble


def test_an_address_that_is_none_is_told() -> None:
    with Storefront("detak.example", "key") as storefront:
        assert "missing an 'http://'" in storefront.decide(["home"]).trouble


@pytest.fixture
def silent() -> Iterator[str]:
    """An engine that takes questions and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_engine_that_is_slow_costs_one_time_out_and_the_default_stands(silent: str) -> None:
    with Storefront(silent, "key", timeout=0.15) as storefront:
        began = time.monotonic()
        first = storefront.decide(["home"])
        took = time.monotonic() - began
        assert first.products("home", DEFAULT) == DEFAULT
        assert "does not answer" in first.trouble
        assert took < 5
        assert storefront.decide(["home"]).trouble == "the engine did not answer a moment ago"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"decisions":[]}'])
def test_an_answer_that_is_none_leaves_the_default(body: bytes) -> None:
    asked: list[dict[str, Any]] = []

    class Odd(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with Storefront(f"http://127.0.0.1:{server.server_port}", "key", timeout=10) as storefront:
            page = storefront.decide(["home"], context=Situation(minor=True), session=("a", "b"))
        server.shutdown()
    assert [(one["context"]["minor"], one["session"]) for one in asked] == [(True, ["a", "b"])]
    assert page == Page(trouble=page.trouble)
    assert page.trouble
