"""What every dialect does: a foreign body is read, message by message, into the body of a Segment batch.

What a dialect cannot make sense of it hands on as it is: the sink sets it aside, counts it, and says why.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from detak.errors import RowError

Message = dict[str, Any]
Table = Mapping[str, Any]

_canonical = msgspec.json.Encoder(order="deterministic").encode
UNREADABLE = b'{"batch":[null]}'
"""A batch for a foreign body that is none: one message that cannot be used, so that it is counted."""


def decoded(body: bytes) -> Any:
    """The JSON of a body.

    Raises:
        RowError: it is not JSON.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RowError("body", "is not well-formed JSON of a sensible depth") from None


def batch(messages: Iterable[object]) -> bytes:
    """A Segment batch body."""
    return msgspec.json.encode({"batch": list(messages)})


def identity(*parts: object) -> str:
    """A message id that says what the message says: sent again, it is the same message."""
    return blake2b(_canonical(parts), digest_size=16).hexdigest()


def renamed(table: Table, names: Mapping[str, str]) -> Message:
    """A table under the spec's names; what has none keeps its own. What the table calls by the spec's name stands."""
    found = {names[name]: value for name, value in table.items() if name in names and value is not None}
    return {**found, **{name: value for name, value in table.items() if name not in names}}


def table_of(value: object) -> Table:
    """The value if it is a table; else an empty one."""
    return value if isinstance(value, dict) else {}
