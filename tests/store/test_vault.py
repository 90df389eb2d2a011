"""The vault: whose word stands, who is behind a pseudonym, and that forgetting leaves no byte."""

import random
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detak.clock import from_micros, to_micros
from detak.consent import ALL, NOTHING, REFUSABLE, Purpose, Standing, Statement
from detak.errors import DeniedError, StoreError
from detak.store.vault import BY_HAND, Vault
from detak.subject import Merge, pseudonyms

START = datetime(2026, 1, 1, tzinfo=UTC)
A, M = Purpose.ANALYTICS, Purpose.MARKETING
Said = tuple[Purpose, Purpose, int]

PURPOSES = st.integers(0, int(ALL)).map(Purpose)
SAID = st.lists(st.tuples(PURPOSES, PURPOSES, st.integers(0, 4)), max_size=8)


def statement(granted: Purpose, refused: Purpose, second: int, evidence: str | None = None) -> Statement:
    return Statement(granted, refused, START + timedelta(seconds=second), evidence)


def last_words(said: Sequence[Said]) -> tuple[Purpose, Purpose]:
    """By definition: for each purpose the latest statement that speaks of it; at one moment the refusal."""
    granted = refused = NOTHING
    for purpose in REFUSABLE:
        spoken = [(time, not purpose & no) for yes, no, time in said if purpose & (yes | no)]
        if spoken:
            latest = max(time for time, _ in spoken)
            if all(yes for time, yes in spoken if time == latest):
                granted |= purpose
            else:
                refused |= purpose
    return granted, refused


@given(SAID, st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_the_latest_word_stands_in_any_order(said: list[Said], rng: random.Random) -> None:
    shuffled = said + [one for one in said if rng.random() < 0.3]
    rng.shuffle(shuffled)
    standing = Standing()
    for granted, refused, time in shuffled:
        standing = standing.after(granted, refused, time)
    assert (standing.granted, standing.refused) == last_words(said)


@given(SAID, st.data())
@settings(max_examples=25)
def test_the_latest_word_stands_in_any_batches(said: list[Said], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault(Path(folder) / "vault.db")
        order = data.draw(st.permutations([*enumerate(said), *enumerate(said[:3])]))
        while order:
            size = data.draw(st.integers(1, len(order)))
            batch, order = order[:size], order[size:]
            vault.write({}, {}, [(7, statement(*one, evidence=f"e{number}")) for number, one in batch])
        standing = vault.standing([7]).get(7, Standing())
        assert (standing.granted, standing.refused) == last_words(said)
        assert len(vault.history([7])) == len(said)
        for purpose in REFUSABLE:
            refused = any(purpose & no for _, no, _ in said)
            assert (7 in vault.refusing(purpose)) == refused
        vault.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault.db")


def test_whoever_refuses_is_known_at_once(vault: Vault) -> None:
    assert vault.refusing(A) == {}
    vault.write({}, {}, [(7, statement(NOTHING, A, 1)), (8, statement(A, M, 1))])
    assert (set(vault.refusing(A)), set(vault.refusing(M))) == ({7}, {8})
    now = to_micros(datetime.now(UTC))
    assert vault.refusing(A)[7] > 1000 * now
    vault.write({}, {}, [(7, statement(A, NOTHING, 2))])
    assert vault.refusing(A) == {7: to_micros(START) + 1_000_000}
    vault.forget([8])
    assert vault.refusing(M) == {}


def test_one_look_tells_of_somebody_with_whom_nobody_is_united(vault: Vault) -> None:
    ani, budi, phone, tablet = (("user", "ani"), ("user", "budi"), ("anonymous", "phone"), ("anonymous", "tablet"))
    vault.write({ani: 1, budi: 2, phone: 3, tablet: 4}, {}, [(2, statement(A, M, 1))])
    assert vault.single(ani) == (1, None)
    assert vault.single(budi) == (2, vault.standing([2])[2])
    assert vault.single(("user", "nobody")) == (None, None)
    vault.write({}, {}, [], merges=[Merge(3, 1, "message", 5)])
    assert vault.single(ani) is vault.single(phone) is None
    assert vault.single(tablet) == (4, None)
    vault.part(vault.merges([1])[0].number, 6)
    assert (vault.single(ani), vault.single(phone)) == ((1, None), (3, None))
    vault.forget([2])
    assert vault.single(budi) == (None, None)


def test_one_look_is_not_enough_where_memory_does_not_hold_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detak.store.vault._REMEMBERED", 2)
    vault = Vault(tmp_path / "vault.db")
    vault.write(
        {("user", str(one)): one for one in range(1, 5)}, {}, [(one, statement(A, M, 1)) for one in range(1, 5)]
    )
    assert all(vault.single(("user", str(one))) is None for one in range(1, 6))
    vault.close()


def test_a_device_has_one_owner(vault: Vault) -> None:
    vault.write(
        {("user", "ani"): 1, ("user", "budi"): 2, ("anonymous", "tablet"): 3}, {}, [], {}, [Merge(3, 1, "m1", 1)]
    )
    vault.write({}, {}, [], {}, [Merge(3, 2, "m2", 2)])
    assert vault.owners([1, 2, 3]) == {3: 1}
    assert (vault.linked([1]), vault.linked([2]), vault.linked([3])) == ({1, 3}, {2}, {1, 3})
    vault.forget([1, 3])
    assert vault.owners([1, 2, 3]) == {}


YES_OR_NO = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=8)


@given(YES_OR_NO, st.randoms(use_true_random=False))
def test_since_when_and_until_when_in_any_order(said: list[tuple[bool, int]], rng: random.Random) -> None:
    shuffled = rng.sample(said, len(said))
    standing = Standing()
    for yes, time in shuffled:
        standing = standing.after(A if yes else NOTHING, NOTHING if yes else A, time)
    word = standing.words[A]
    nos = [time for yes, time in said if not yes]
    assert word.no == max(nos, default=None)
    if word.yes:  # never earlier than the first yes after the last no, and covered at the latest from the last word
        earliest = min(time for yes, time in said if yes and time > max(nos, default=-1))
        assert earliest <= word.since <= word.time


@given(YES_OR_NO, YES_OR_NO)
def test_two_who_are_one_have_said_what_either_said(
    ours: list[tuple[bool, int]], theirs: list[tuple[bool, int]]
) -> None:
    def of(said: list[tuple[bool, int]]) -> Standing:
        standing = Standing()
        for yes, time in said:
            standing = standing.after(A if yes else NOTHING, NOTHING if yes else A, time)
        return standing

    merged, one = of(ours).merged(of(theirs)), of(ours + theirs)
    assert (merged.granted, merged.refused) == (one.granted, one.refused)
    assert merged.words[A].no == one.words[A].no


def test_identifiers_traits_and_statements_come_back(vault: Vault) -> None:
    known = {("user", f"u{number}"): number for number in range(1, 1200)} | {("anonymous", "u1"): 5000}
    vault.write(known, {1: {"name": "Ani", "city": "Bogor"}}, [(1, statement(A, M, 3, "web:1"))])
    vault.write({("user", "u1"): 999}, {1: {"city": "Depok"}}, [(1, statement(A, M, 3, "web:1"))])
    assert vault.lookup(known) == known  # the first to have an identifier keeps it
    assert vault.lookup([("user", "stranger"), ("anonymous", "u2")]) == {}
    assert vault.people([1]) == {1: ([("user", "u1")], {"name": "Ani", "city": "Depok"})}
    assert vault.history([1]) == [statement(A, M, 3, "web:1")]


def test_what_repeats_a_statement_moves_its_time_and_adds_no_proof(vault: Vault) -> None:
    vault.write({}, {}, [(1, statement(A, NOTHING, 1, "e1"))])
    vault.write({}, {}, [(1, statement(A, NOTHING, 9))])
    vault.write({}, {}, [(1, statement(NOTHING, A, 5, "late"))])
    assert vault.standing([1])[1].granted == A
    assert [one.evidence for one in vault.history([1])] == ["e1", "late"]


def test_what_the_disk_does_not_take_is_in_force_and_tried_again(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db")
    with vault._engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE standing RENAME TO away")
    vault.write({("user", "u"): 1}, {1: {"city": "Bogor"}}, [(1, statement(A, M, 1, "e1"))], {}, [Merge(2, 1, "m", 1)])
    for _ in range(2):
        with pytest.raises(StoreError):
            vault.flush()
    vault.write({}, {1: {"city": "Depok"}}, [(1, statement(M, A, 2, "e2"))])
    with vault._engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO standing")
    vault.flush()
    for one in (vault, Vault(tmp_path / "vault.db")):
        assert one.lookup([("user", "u")]) == {("user", "u"): 1}
        assert one.people([1]) == {1: ([("user", "u")], {"city": "Depok"})}
        assert [said.evidence for said in one.history([1])] == ["e1", "e2"]
        assert (set(one.refusing(A)), set(one.refusing(M)), one.linked([2])) == ({1}, {1}, {1, 2})


def test_what_does_not_fit_into_memory_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detak.store.vault._REMEMBERED", 10)
    vault = Vault(tmp_path / "vault.db")
    for number in range(1, 60):
        vault.write({("user", f"u{number}"): number}, {}, [(number, statement(A, M, 1, f"e{number}"))])
    vault.flush()
    for one in (vault, Vault(tmp_path / "vault.db")):
        assert one.lookup(("user", f"u{number}") for number in range(70)) == {
            ("user", f"u{number}"): number for number in range(1, 60)
        }
        assert set(one.standing(range(70))) == set(range(1, 60)) == set(one.refusing(M))


def test_a_merge_can_be_taken_back_and_stays_so(vault: Vault) -> None:
    vault.write({}, {}, [], {}, [Merge(3, 1, "web:7", 5), Merge(4, 1, "web:8", 6)])
    one, two = vault.merges([1])
    assert (one.subject, one.person, one.evidence, one.undone) == (3, 1, "web:7", None)
    vault.part(one.number, 9)
    assert (vault.linked([1]), vault.linked([3]), vault.persons()) == ({1, 4}, {3}, {4: 1})
    assert vault.apart() == {(3, 1)}
    assert [merge.undone is None for merge in vault.merges([3, 4])] == [False, True]
    with pytest.raises(DeniedError):
        vault.part(one.number, 10)
    assert two.number != one.number


def test_two_users_united_by_hand_come_apart_as_they_were(vault: Vault) -> None:
    vault.write({}, {}, [], {}, [Merge(3, 1, "web:7", 5), Merge(4, 2, "web:8", 6)])
    vault.unite([1, 3], 2, f"{BY_HAND}same telephone", 7)
    assert vault.linked([3]) == {1, 2, 3, 4}
    by_hand = next(one for one in vault.merges([1]) if one.evidence.startswith(BY_HAND))
    vault.part(by_hand.number, 8)
    assert (vault.linked([1]), vault.linked([2])) == ({1, 3}, {2, 4})


def test_forgetting_leaves_no_byte_in_any_file(vault: Vault, tmp_path: Path) -> None:
    marker = "zqxjkvbpwy"
    vault.write({("user", marker): 1, ("user", "other"): 2}, {1: {"name": marker}}, [(1, statement(A, M, 1, marker))])
    vault.flush()
    assert any(marker.encode() in path.read_bytes() for path in tmp_path.iterdir())
    vault.forget([1])
    assert not any(marker.encode() in path.read_bytes() for path in tmp_path.iterdir())
    assert vault.lookup([("user", marker), ("user", "other")]) == {("user", "other"): 2}
    assert (vault.standing([1]), vault.people([1]), vault.history([1])) == ({}, {}, [])


def test_says_so_when_a_reader_keeps_deleted_bytes_in_the_log(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.write({("user", "u"): 1}, {}, [])
    vault.flush()
    with vault._engine.connect() as reading:
        reading.exec_driver_sql("PRAGMA busy_timeout = 10")
        reading.exec_driver_sql("BEGIN")
        reading.exec_driver_sql("SELECT * FROM identities").fetchall()
        with vault._engine.connect() as other:  # the pooled connection that forgets: it need not wait long
            other.exec_driver_sql("PRAGMA busy_timeout = 10")
        with pytest.raises(StoreError, match="deleted rows are still in its log"):
            vault.forget([1])
    assert vault.lookup([("user", "u")]) == {}


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda one: one.replace(tzinfo=UTC)))
def test_a_time_survives_to_the_microsecond(time: datetime) -> None:
    micros = (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert from_micros(micros) == time


def test_pseudonyms_fit_a_signed_column_and_differ() -> None:
    drawn = set(islice(pseudonyms(), 1000))
    assert len(drawn) == 1000
    assert all(0 < one < 2**62 for one in drawn)


def test_an_error_of_the_database_names_nobody(vault: Vault) -> None:
    with vault._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE identities")
    vault.write({("user", "ani@example.com"): 1}, {}, [])
    with pytest.raises(Exception, match="identities") as raised:
        vault.flush()
    assert "ani@example.com" not in str(raised.value)
