"""The description in OpenAPI, held against a server: what it says is what is answered, and nothing ends in a 5xx."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.crash.server import Server

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in a process of its own, on a fresh store."""
    folder = tmp_path_factory.mktemp("schema")
    (folder / "store").mkdir(mode=0o700)
    started = Server(folder / "store", folder / "server.log", "--sign-in")
    yield started
    started.stop()


bounded = settings(
    max_examples=5,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


def faults(
    operation: schemathesis.APIOperation, server: Server, key: str | None, checks: list[CheckFunction]
) -> list[str]:
    """What is answered and not described, asked with a key in every way that the server knows, or without one."""
    headers = {"X-API-Key": key, "Authorization": f"Bearer {key}"} if key else {}
    found: set[str] = set()

    @bounded
    @given(operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        try:
            case.call_and_validate(base_url=server.url, headers=headers, checks=checks, timeout=30)
        except FailureGroup as group:
            found.update(f"{operation.label}: {one.title}: {one.message[:200]}" for one in group.exceptions)

    ask()
    return sorted(found)


CALLERS = pytest.mark.parametrize("caller", ["a stranger", "a write key", "the admin token"])


def every(caller: str, server: Server, checks: list[CheckFunction]) -> list[str]:
    """The faults of every operation that is described."""
    key = {"a stranger": None, "a write key": server.key, "the admin token": server.token}[caller]
    schema = schemathesis.openapi.from_url(f"{server.url}/schema/openapi.json")
    operations = [one.ok() for one in schema.get_all_operations()]
    assert len(operations) > 15
    return [fault for operation in operations for fault in faults(operation, server, key, checks)]


@CALLERS
def test_every_answer_is_described_and_none_is_a_5xx_for(caller: str, server: Server) -> None:
    found = every(caller, server, CHECKS)
    assert found == [], "\n".join(found)
