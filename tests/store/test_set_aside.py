"""Whose a message that could not be used is: whoever it names as its own, and nobody else."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from detak.store.set_aside import of_body

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANI = [("user", "42"), ("anonymous", "phone")]


@pytest.mark.parametrize(
    ("message", "hers"),
    [
        ({"userId": "42"}, True),
        ({"userId": 42}, True),
        ({"userId": "421"}, False),
        ({"anonymousId": "phone"}, True),
        ({"anonymousId": "phone", "userId": "budi"}, False),
        ({"anonymousId": "phone", "userId": "null"}, True),
        ({"userId": "new", "previousId": "42"}, True),
        ({"userId": ["42"]}, False),
        ({"userId": "budi", "properties": {"product_id": "42"}}, False),
    ],
)
def test_a_message_is_its_own_persons(message: dict[str, Any], hers: bool) -> None:
    for body in ({"batch": [message, {"userId": "other"}, "text"]}, message):
        found = list(of_body(ANI, msgspec.json.encode(body), NOW))
        assert [one.message for one in found] == ([message] if hers else [])


def test_a_body_that_cannot_be_read_is_nobodys() -> None:
    for body in (b"{", b"[]", b"7", b"[" * 100_000):
        assert list(of_body(ANI, body, NOW)) == []
