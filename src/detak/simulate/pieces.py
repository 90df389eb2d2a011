"""JSON put together column by column: Arrow joins prepared pieces, so that no event passes through Python by itself."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from detak.simulate.config import DAY_MS, Flags, Ints


def join(*parts: "pa.Array | str") -> pa.Array:
    """Row by row the parts one after another; a plain text stands in every row."""
    return pc.binary_join_element_wise(*parts, "")


def texts(values: Sequence[str]) -> pa.Array:
    """Prepared pieces, to be picked from."""
    return pa.array(values, pa.string())


def quoted(value: object) -> str:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pick(pieces: pa.Array, at: NDArray[Any]) -> pa.Array:
    """The pieces there, one for each index."""
    return pieces.take(pa.array(at))


def number(values: NDArray[Any]) -> pa.Array:
    """Whole numbers as text."""
    return pc.cast(pa.array(values.astype(np.int64)), pa.string())


def where(flags: Flags, parts: "pa.Array | str", otherwise: str = "") -> pa.Array:
    """The part where the flag is set."""
    return pc.if_else(pa.array(flags), parts, otherwise)


def lists(items: pa.Array, counts: Ints) -> pa.Array:
    """``items`` in runs of ``counts``, each run joined with commas."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), items), ",")


_CLOCK = texts([f"{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}" for n in range(86_400)])
_MILLIS = texts([f".{n:03d}Z" for n in range(1_000)])


def instants(times: Ints) -> pa.Array:
    """Milliseconds since 1970 as ISO 8601, UTC."""
    day, rest = np.divmod(times, DAY_MS)
    first = int(day.min()) if len(day) else 0
    last = int(day.max()) if len(day) else 0
    days = texts([f"{one}T" for one in np.arange(first, last + 1).astype("datetime64[D]").astype(str)])
    return join(pick(days, day - first), pick(_CLOCK, rest // 1_000), pick(_MILLIS, rest % 1_000))
