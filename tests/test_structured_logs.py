"""The log says what happened and where, in either form, and quotes nobody."""

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from detak.server.access import logged
from detak.structured_logs import FORMATS, Format, configure


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Other tests keep their logs."""
    root = logging.getLogger()
    handlers, levels = list(root.handlers), {name: logging.getLogger(name).level for name in ("detak", "detak.access")}
    level = root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def said(form: Format, *, access: bool = False) -> io.StringIO:
    stream = io.StringIO()
    configure(form, access=access, stream=stream)
    return stream


def fail() -> None:
    raise ValueError("could not convert 'ani@toko.id'")


def test_json_is_an_object_a_line() -> None:
    stream = said("json")
    logging.getLogger("detak.sink").warning("held up\nby %s", "the disk", extra={"fields": {"offset": 7}})
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {"level": "warning", "logger": "detak.sink", "message": "held up\nby the disk", "offset": 7}


def test_text_is_a_line_for_a_person() -> None:
    stream = said("text")
    logging.getLogger("detak.sink").warning("held up", extra={"fields": {"offset": 7}})
    assert stream.getvalue().endswith("+00:00 WARNING detak.sink: held up offset=7\n")


@pytest.mark.parametrize("form", FORMATS)
def test_what_an_exception_quotes_is_not_repeated(form: Format) -> None:
    stream = said(form)
    try:
        fail()
    except ValueError:
        logging.getLogger("detak.server").exception("unforeseen")
    text = stream.getvalue()
    assert "ani@toko.id" not in text
    assert "ValueError" in text
    assert "tests/test_structured_logs.py:" in text
    assert " in fail" in text


@pytest.mark.parametrize("form", FORMATS)
def test_what_others_say_quietly_is_not_logged(form: Format) -> None:
    stream = said(form)
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("httpx").info("GET ?token=secret")
    logging.getLogger("detak.engine").info("opened")
    assert [word in stream.getvalue() for word in ("started", "secret", "opened")] == [False, False, True]


def request(path: str, *, access: bool, fails: bool = False) -> str:
    stream = said("json", access=access)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["path_template"] = "/v1/{kind}"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if fails:
            fail()
        await send({"type": "http.response.body", "body": b""})

    async def nothing(*_: Any) -> Any:
        return None

    scope: Any = {
        "type": "http", "method": "POST", "path": path, "query_string": b"token=secret", "client": ("10.1.2.3", 5),
    }  # fmt: skip
    with contextlib.suppress(ValueError):
        asyncio.run(logged(app)(scope, nothing, nothing))
    return stream.getvalue()


def test_a_request_is_logged_by_its_route_without_address_or_query() -> None:
    text = request("/v1/ani@toko.id", access=True)
    found = json.loads(text)
    assert (found["method"], found["route"], found["status"]) == ("POST", "/v1/{kind}", 200)
    assert found["milliseconds"] >= 0
    assert not any(secret in text for secret in ("ani", "secret", "10.1.2.3"))


def test_a_request_that_fails_is_logged_too() -> None:
    assert json.loads(request("/", access=True, fails=True))["status"] == 200


def test_requests_are_logged_only_where_that_was_asked_for() -> None:
    assert request("/", access=False) == ""
