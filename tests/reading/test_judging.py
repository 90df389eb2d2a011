"""Hands too fast are found among live arrivals only; facts judged again change where the rules did, items with them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.store.rows import START, table

from detak.bots import NOBODY, PACE, Bots, BotSettings
from detak.event import EVENTS, ITEMS
from detak.reading.arrivals import ARRIVALS, PIECES
from detak.reading.judging import Judge, live_pace, pace_tally, with_bots
from detak.record import Meta

SECOND = 1_000_000
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
CURL = "curl/8.5.0"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
LIVE, IMPORT = Meta("web", START), Meta("book", START, imported=True)


def arrivals(*told: dict[str, Any]) -> pa.Table:
    """Arrivals a second apart, unless they say otherwise."""
    return table(ARRIVALS, [{"time": START + at * SECOND, **one} for at, one in enumerate(told)])


def whose(*subjects: int) -> Any:
    return np.array(subjects, dtype=np.int64)


def judge(*, pace: int = 300, **settings: Any) -> Judge:
    return Judge(Bots(BotSettings(**settings)), pace)


def events(*told: dict[str, Any]) -> pa.Table:
    """Facts of one subject each, a second apart, unless they say otherwise."""
    rows = [{"id": at, "subject": at + 1, "time": START + at * SECOND, **one} for at, one in enumerate(told)]
    return table(EVENTS, rows)


def rules(rows: pa.Table | None) -> list[str | None]:
    assert rows is not None
    return list(rows["bot"].to_pylist())


def counts(one: Judge) -> tuple[int, int, int, int]:
    return one.done.events, one.done.flagged, one.done.cleared, one.done.renamed


def test_only_the_subject_that_is_too_fast_is_found() -> None:
    fast = live_pace(arrivals(*[{}] * 6), [LIVE], whose(7, 7, 8, 7, 8, 7), 3)
    assert fast.tolist() == [True, True, False, True, False, True]


@pytest.mark.parametrize(("number", "found"), [(3, False), (4, True)])
def test_as_many_as_the_limit_are_still_a_persons(number: int, found: bool) -> None:
    assert live_pace(arrivals(*[{}] * number), [LIVE], whose(*[7] * number), 3).tolist() == [found] * number
    assert not live_pace(arrivals(*[{}] * number), [LIVE], whose(*[7] * (number - 1), 8), 3).any()


def test_a_minute_apart_is_not_fast() -> None:
    slow = arrivals(*({"time": START + at * 30 * SECOND} for at in range(4)))
    assert not live_pace(slow, [LIVE], whose(*[7] * 4), 2).any()
    assert live_pace(slow, [LIVE], whose(*[7] * 4), 1).all()


def test_imports_nobodys_and_those_found_already_neither_count_nor_are_found() -> None:
    rows = arrivals(*[{"record": 1}] * 4)
    assert not live_pace(rows, [LIVE, IMPORT], whose(*[7] * 4), 3).any()
    assert live_pace(rows, [IMPORT, LIVE], whose(*[7] * 4), 3).all()
    assert not live_pace(arrivals(*[{}] * 4), [LIVE], whose(*[NOBODY] * 4), 3).any()
    assert not live_pace(arrivals(*[{}] * 3, {"bot": "agent:Googlebot"}), [LIVE], whose(*[7] * 4), 3).any()
    mixed = arrivals(*[{}] * 4, {"bot": "agent:Googlebot"}, {"record": 1})
    assert live_pace(mixed, [LIVE, IMPORT], whose(*[7] * 6), 3).tolist() == [True] * 4 + [False] * 2


def test_products_carry_the_rule_of_their_arrival() -> None:
    rows = arrivals({}, {"bot": "agent:Googlebot"}, {})
    pieces = table(PIECES, [{"parent": 2}, {"parent": 0}, {"parent": 1, "bot": "agent:Googlebot"}, {"parent": 2}])
    marked, products = with_bots(rows, pieces, np.array([False, False, True]))
    assert rules(marked) == [None, "agent:Googlebot", PACE]
    assert rules(products) == [PACE, None, "agent:Googlebot", PACE]
    assert (marked.schema, products.schema) == (ARRIVALS, PIECES)
    assert marked.drop(["bot"]).equals(rows.drop(["bot"]))
    assert rules(rows) == [None, "agent:Googlebot", None], "what was given stays as it was"
    assert with_bots(rows, PIECES.empty_table(), np.array([True] * 3))[1].num_rows == 0


def test_what_was_too_fast_is_counted_where_it_came_in() -> None:
    rows = arrivals({"event": "a"}, {"event": "b"}, {"event": "c", "record": 1})
    other = Meta("app", START + SECOND)
    found = list(pace_tally(rows, [LIVE, other], np.array([True, False, True])))
    assert found == [(START, "web", "a", "bot", PACE, 1), (START + SECOND, "app", "c", "bot", PACE, 1)]
    assert list(pace_tally(rows, [LIVE, other], np.zeros(3, dtype=np.bool_))) == []


def test_facts_get_the_rules_they_have_now() -> None:
    one = judge(allow=("library:*",))
    rows = events(
        {"agent": GOOGLE},
        {"agent": GOOGLE, "bot": "agent:Googlebot"},
        {"agent": CURL, "bot": "library:curl"},
        {"agent": GOOGLE, "bot": "agent:Google"},
        {"agent": CHROME},
        {"agent": CHROME, "bot": PACE},
        {},
    )
    judged = one.events(rows)
    assert rules(judged) == [*["agent:Googlebot"] * 2, None, "agent:Googlebot", None, None, None]
    assert judged is not None
    assert judged.schema == EVENTS
    assert judged.drop(["bot"]).equals(rows.drop(["bot"]))
    assert counts(one) == (7, 1, 2, 1)


def test_a_part_that_stays_as_it_is_is_not_written_again() -> None:
    one = judge()
    assert one.events(events({"agent": GOOGLE, "bot": "agent:Googlebot"}, {"agent": CHROME}, {})) is None
    assert one.items(table(ITEMS, [{"event_id": 0, "bot": "agent:Googlebot"}])) is None
    assert counts(one) == (3, 0, 0, 0)


def test_items_follow_the_events_of_every_part() -> None:
    one = judge(allow=("library:*",))
    one.events(events({"id": 10, "agent": GOOGLE}))
    one.events(events({"id": 20, "agent": CURL, "bot": "library:curl"}, {"id": 21, "agent": CHROME}))
    of = table(ITEMS, [{"event_id": 21}, {"event_id": 20, "bot": "library:curl"}, {"event_id": 10}, {"event_id": 10}])
    judged = one.items(of)
    assert rules(judged) == [None, None, "agent:Googlebot", "agent:Googlebot"]
    assert judged is not None
    assert judged.schema == ITEMS
    assert one.items(table(ITEMS, [{"event_id": 21}])) is None
    assert one.items(ITEMS.empty_table()) is None
    assert counts(one) == (3, 1, 1, 0)


def test_judged_again_by_pace_a_program_that_names_itself_keeps_its_name() -> None:
    one = judge(pace=3)
    same = {"subject": 7, "agent": CHROME}
    judged = one.events(events(*[same] * 3, {**same, "agent": CURL, "bot": "library:curl"}, {"agent": CHROME}))
    assert rules(judged) == [PACE] * 3 + ["library:curl", None]
    assert counts(one) == (5, 3, 0, 0)


def test_nobody_and_imports_have_no_pace_when_judged_again() -> None:
    assert judge(pace=3).events(events(*[{"subject": 7}] * 4)) is None
    assert judge(pace=3).events(events(*[{"subject": None, "agent": CHROME}] * 4)) is None


def test_a_pace_of_more_lets_them_be_people_again() -> None:
    rows = events(*[{"subject": 7, "agent": CHROME, "bot": PACE}] * 4)
    assert judge(pace=3).events(rows) is None
    one = judge(pace=4)
    assert rules(one.events(rows)) == [None] * 4
    assert counts(one) == (4, 0, 4, 0)
