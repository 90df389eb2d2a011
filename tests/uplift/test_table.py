"""From tables to trials: which columns count, which side is which, and what is said of a table that does not fit."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from detak.errors import UsageError
from detak.uplift.features import Encoder
from detak.uplift.table import Asked, read

PEOPLE = 2000


def sent(**more: list[object]) -> pa.Table:
    """Half got a message; more of them came, and some of those bought."""
    random = np.random.default_rng(5)
    arm = np.array(["No message", "Message"])[random.integers(0, 2, PEOPLE)]
    came = (random.random(PEOPLE) < np.where(arm == "Message", 0.4, 0.2)).astype(int)
    columns = {
        "bought": (came * (random.random(PEOPLE) < 0.5)).astype(int),
        "clicked": ((arm == "Message") & (random.random(PEOPLE) < 0.3)).astype(int),
        "group": arm,
        "age": random.integers(18, 70, PEOPLE),
        "spent": np.round(random.exponential(100, PEOPLE), 1),
        "city": np.array(["Bandung", "Medan", "Ambon"])[random.integers(0, 3, PEOPLE)],
        "mail": [f"x{at}" for at in range(PEOPLE)],
        "came": came,
    }
    return pa.table({**columns, **more})


def test_what_came_afterwards_is_no_feature() -> None:
    told = read(sent(), Asked("Message", "came"))
    assert {one.source for one in told.encoder.columns} == {"age", "spent", "city"}
    assert told.left_out.keys() == {"bought", "clicked", "mail"}
    assert "afterwards" in told.left_out["bought"]
    assert told.control == "No message"
    assert told.trial.features.shape == (PEOPLE, 6)
    assert told.trial.features.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert told.trial.features.std(axis=0) == pytest.approx(1)


def test_the_outcome_may_be_the_rarer_of_two() -> None:
    assert "came" in read(sent(), Asked("Message", "bought")).left_out


def test_features_may_be_named() -> None:
    told = read(sent(), Asked("Message", "came", features=("age",)))
    assert [one.name for one in told.encoder.columns] == ["age"]
    assert not told.left_out


def test_rows_of_neither_side_are_counted_and_let_be() -> None:
    table = sent()
    arms = table["group"].to_pylist()
    arms[:7] = ["Letter"] * 7
    came = [None, *table["came"].to_pylist()[1:]]
    there = table.column_names
    other = table.set_column(there.index("group"), "group", [arms]).set_column(there.index("came"), "came", [came])
    told = read(other, Asked("Message", "came"))
    assert told.unused == 7
    assert len(told.trial) == PEOPLE - 7


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (Asked("Message", "nothing"), "there is no column 'nothing'; there are: bought"),
        (Asked("Message", "city"), "holds text"),
        (Asked("Parcel", "came"), "no column holds 'Parcel'"),
        (Asked("Message", "came", control="Nobody"), "group is never 'Nobody'"),
        (Asked("Medan", "came"), "say which value of city"),
        (Asked("Message", "came", features=("shoe",)), "there is no column 'shoe'"),
    ],
)
def test_what_is_not_there_is_named(asked: Asked, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        read(sent(), asked)


def test_sides_may_be_numbers() -> None:
    table = sent()
    treated = pa.array(np.array(table["group"].to_pylist()) == "Message").cast(pa.int64())
    told = read(
        table.drop(["group", "clicked"]).append_column("treated", treated), Asked("1", "came", features=("age",))
    )
    assert told.control == "0"


def test_what_is_missing_or_never_seen_is_an_average_person() -> None:
    encoder = Encoder.fit(sent(), ["age", "city"])
    strange = encoder.row({"age": None, "city": "Atlantis"})
    ages = [at for at, one in enumerate(encoder.columns) if one.source == "age"]
    assert strange[0, ages] == pytest.approx(0)
    assert (np.delete(strange[0], ages) < 0).all(), "in none of the cities"


def test_hinges_bend_a_number_at_its_quartiles() -> None:
    table = pa.table({"x": np.arange(101.0)})
    encoder = Encoder.fit(table, ["x"], bend=True)
    assert [one.name for one in encoder.columns] == ["x", "x>25", "x>50", "x>75"]
    low, high = encoder.encode(pa.table({"x": [0.0, 25.0]}))
    assert low[1:] == pytest.approx(high[1:])
    assert low[0] < high[0]


def test_with_nobody_to_compare_with_or_nothing_to_tell_people_apart_it_says_so() -> None:
    table = sent()
    alone = table.filter(pc.equal(table["group"], "Message"))
    with pytest.raises(UsageError, match="never anything but 'Message'"):
        read(alone, Asked("Message", "came"))
    with pytest.raises(UsageError, match="there is no other column"):
        read(table.select(["group", "came"]), Asked("Message", "came"))
    with pytest.raises(UsageError, match="mail: names people"):
        read(table.select(["group", "came", "mail"]), Asked("Message", "came"))
