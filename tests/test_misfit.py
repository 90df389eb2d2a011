"""What does not fit is told with its place, and a misspelt name with the one that is meant."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from detak.misfit import meant, misfit


class Inner(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    user_id: str | None = None
    amount: Annotated[int, Meta(ge=1)] = 1


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    some: list[Inner] = []
    fixed: tuple[Inner, ...] = ()
    named: dict[Annotated[str, Meta(min_length=1)], Inner] = {}
    maybe: Inner | None = None
    many: Annotated[list[Inner], Meta(max_length=2)] = []


def told(value: object) -> tuple[str, str]:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, Outer)
    return misfit(caught.value, Outer)[:2]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"some": [{}, {"user_id": 1}]}, "some[1]"),
        ({"fixed": [{"user_id": 1}]}, "fixed[0]"),
        ({"named": {"x": {"user_id": 1}}}, "named[...]"),
        ({"maybe": {"user_id": 1}}, "maybe"),
        ({"many": [{"user_id": 1}]}, "many[0]"),
    ],
)
def test_the_name_that_is_meant_is_found_wherever_it_stands(value: object, path: str) -> None:
    assert told(value) == (path, "Object contains unknown field `user_id`; is `userId` meant?")


def test_a_name_like_none_is_told_with_those_that_there_are() -> None:
    assert told({"xyz": 1}) == ("", "Object contains unknown field `xyz`; there are: some, fixed, named, maybe, many")


def test_a_long_name_is_not_repeated_whole() -> None:
    assert len(told({"x" * 5000: 1})[1]) < 200


def test_what_else_does_not_fit_is_told_as_it_was() -> None:
    assert told({"some": [{"amount": 0}]}) == ("some[0].amount", "Expected `int` >= 1")
    assert told({"some": 1}) == ("some", "Expected `array`, got `int`")
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(1, Outer)
    assert misfit(caught.value, Outer)[:2] == ("", "Expected `object`, got `int`")


@pytest.mark.parametrize(
    ("name", "right"), [("UserID", "userId"), ("anonymous-id", "anonymousId"), ("placement", "placements"), ("q", None)]
)
def test_small_slips_are_understood(name: str, right: str | None) -> None:
    assert meant(name, ["userId", "anonymousId", "placements", "context"]) == right
