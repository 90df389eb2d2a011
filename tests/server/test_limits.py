"""How often: so many at once, and again with time; by link and by address."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from detak.server.auth import Connection
from detak.server.limits import Limit, address_of


def test_so_many_at_once_and_again_with_time() -> None:
    now = [0.0]
    limit = Limit(3, 0.5, lambda: now[0])
    assert [limit.wait("a") for _ in range(5)] == [0, 0, 0, 2, 2]
    assert limit.wait("b") == 0
    now[0] = 2.0
    assert [limit.wait("a") for _ in range(2)] == [0, 2]
    now[0] = 1_000.0
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 2]


def test_it_remembers_no_more_than_it_may() -> None:
    limit = Limit(1, 0.001, lambda: 0.0)
    for number in range(10_050):
        assert limit.wait(str(number)) == 0
    assert len(limit._left) == 10_000


@pytest.mark.parametrize(
    ("client", "told", "expected"),
    [
        ("8.8.4.4", None, "8.8.4.4"),
        ("8.8.4.4", "198.51.100.1", "8.8.4.4"),
        ("127.0.0.1", "9.9.9.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("a socket", "198.51.100.1", "a socket"),
    ],
)
def test_a_stranger_cannot_say_that_they_are_another(client: str, told: str | None, expected: str) -> None:
    headers: dict[str, Any] = {"x-forwarded-for": told} if told else {}
    connection = SimpleNamespace(client=SimpleNamespace(host=client), headers=headers)
    assert address_of(cast("Connection", connection)) == expected
