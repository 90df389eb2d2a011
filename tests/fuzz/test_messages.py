"""Whatever a client sends: taken, or refused with a reason; never an exception, never at its neighbours' cost."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.mutations import MESSAGES, damaged, encoded, kinds, messages

from detak.consent import Basis
from detak.engine import Engine
from detak.errors import RowError
from detak.reading.body import with_type
from detak.settings import Settings, SourceSettings

COUNTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))
UNFORESEEN = "could not be applied"
_numbers = count()
fuzzed = settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that everything here goes into: what one message breaks, the next ones notice."""
    with Engine(tmp_path_factory.mktemp("fuzz") / "store", Settings(sources={"*": COUNTED})) as opened:
        yield opened


def take(shop: Engine, body: bytes, *, imported: bool = False) -> list[Any]:
    """What becomes of the messages of a body, the one way in that all of this goes through. Nothing: it is no batch.

    Any exception but a RowError with a reason fails the test.
    """
    try:
        outcomes = shop.take("web", body, imported=imported).result(timeout=30)
    except RowError as refused:
        return [] if refused.reason else pytest.fail("refused, and nobody is told why")
    assert all(one.reason and UNFORESEEN not in one.reason for one in outcomes if one.what == "rejected")
    return list(outcomes)


def good() -> bytes:
    """A message that must go in whatever is beside it."""
    return encoded({"type": "track", "event": "Signed In", "messageId": f"good-{next(_numbers)}", "userId": "tini"})


def batch(*raw: bytes) -> bytes:
    """A batch body."""
    return b'{"batch":[' + b",".join(raw) + b"]}"


def check_between(shop: Engine, raw: bytes, *, imported: bool) -> None:
    """Beside whatever it is, good messages go in, and it is accounted for."""
    outcomes = take(shop, batch(good(), raw, good()), imported=imported)
    assert len(outcomes) == 3
    assert (outcomes[0].what, outcomes[2].what) == ("accepted", "accepted")


@fuzzed
@given(messages, st.booleans())
def test_a_changed_message_costs_at_most_itself(shop: Engine, message: object, imported: bool) -> None:
    check_between(shop, encoded(message), imported=imported)


@fuzzed
@given(st.sampled_from(MESSAGES).flatmap(lambda message: damaged(encoded(message))), st.booleans())
def test_a_damaged_message_costs_at_most_itself_where_the_batch_is_one(
    shop: Engine, raw: bytes, imported: bool
) -> None:
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        take(shop, batch(good(), raw, good()), imported=imported)
    else:
        check_between(shop, raw, imported=imported)


@fuzzed
@given(st.lists(messages, max_size=4), st.dictionaries(st.sampled_from(["sentAt", "context", "writeKey"]), messages))
def test_an_odd_envelope_is_refused_whole_or_costs_nothing(
    shop: Engine, several: list[object], envelope: dict[str, object]
) -> None:
    assert len(take(shop, encoded({"batch": several, **envelope}))) in (0, len(several))


@fuzzed
@given(st.binary(max_size=300) | messages.map(encoded).flatmap(damaged), kinds)
def test_a_single_call_is_taken_or_refused(shop: Engine, body: bytes, kind: str) -> None:
    with suppress(RowError):
        take(shop, batch(with_type(body, kind)))
