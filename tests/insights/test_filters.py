"""What a report is asked about: periods, places, segments; an order is in or out with all that is told of it."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.facts import JAKARTA, Told, ask_facts, rows, tables

from detak.errors import UsageError, WordedError, said
from detak.insights.base import Facts
from detak.insights.filters import Filters, check, counted, narrowed, read
from detak.insights.hours import Hours
from detak.insights.moments import ORDERS, SEARCHES, VISITS, moments
from detak.insights.peaks import Peaks
from detak.insights.period import Period
from detak.insights.timing import Timing

TODAY = date(2025, 3, 31)


def kept(told: Told, **filters: str) -> list[str]:
    """The notes (``reason``) of the events that the filters leave."""
    wanted = read(filters)
    facts = narrowed(tables(told.events, told.items), wanted, wanted.period(TODAY), JAKARTA)
    return sorted(row["reason"] for row in rows(facts.events.select("reason")))


def test_nothing_asked_is_everything_untouched() -> None:
    facts = tables([], [])
    assert narrowed(facts, Filters(), None, JAKARTA) is facts


def test_a_period_is_days_of_the_shops_zone() -> None:
    told = Told()
    told.event("A", reason="before", time=datetime(2025, 3, 9, 16, 59, 59))
    told.event("A", reason="first", time=datetime(2025, 3, 9, 17))
    told.event("A", reason="last", time=datetime(2025, 3, 11, 16, 59, 59))
    told.event("A", reason="after", time=datetime(2025, 3, 11, 17))
    told.event("A", reason="untimed")
    assert kept(told, **{"from": "2025-03-10", "to": "2025-03-11"}) == ["first", "last"]
    assert kept(told, **{"from": "2025-03-10", "days": "2"}) == ["first", "last"]
    assert kept(told, to="2025-03-11", days="2") == ["first", "last"]
    assert kept(told, to="2025-03-09") == ["before"]


def test_a_cancellation_belongs_to_its_order() -> None:
    told = Told()
    told.order("1", reason="placed", time=datetime(2025, 2, 28), province="Bali")
    told.cancel("1", "cancelled", time=datetime(2025, 3, 5))
    told.order("2", reason="other", time=datetime(2025, 3, 5), province="Banten")
    assert kept(told, to="2025-02-28") == ["cancelled", "placed"]
    assert kept(told, **{"from": "2025-03-01"}) == ["other"]
    assert kept(told, province="bali") == ["cancelled", "placed"]
    assert kept(told, province="BALI, Banten") == ["cancelled", "other", "placed"]


def test_items_go_with_their_events() -> None:
    told = Told()
    told.order("1", device="mobile", items=[{"product_id": "p"}, {"product_id": "q"}])
    told.order("2", device="desktop", items=[{"product_id": "r"}])
    facts = narrowed(tables(told.events, told.items), read({"device": "mobile"}), None, JAKARTA)
    assert sorted(row["product_id"] for row in rows(facts.items)) == ["p", "q"]


def test_a_segment_is_who_stands_there_at_the_end_of_the_period() -> None:
    told = Told()
    for subject, days in enumerate([(80,), (85, 10), (200, 190, 5), (5,), (200,)], 1):
        for back in days:
            moment = datetime.fromordinal(TODAY.toordinal() - back)
            told.order(f"{subject}-{back}", subject=subject, reason=str(subject), time=moment)
    told.event("A", subject=9, reason="9", time=datetime(2025, 3, 30))
    people = {name: set(kept(told, segment=name, to="2025-03-31")) for name in ("slipping", "lost", "new", "won_back")}
    assert people == {"slipping": set("1"), "lost": set("5"), "new": set("4"), "won_back": set("3")}
    assert set(kept(told, segment="returning")) == set("2")
    assert set(kept(told, segment="browsing")) == set("9")
    assert set(kept(told, segment="once")) == set("145")
    assert set(kept(told, segment="repeat")) == set("23")


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 400))
def test_the_period_before_is_as_long_and_ends_where_this_one_begins(last: date, days: int) -> None:
    period = Filters(end=last, days=days).period(TODAY)
    assert period is not None
    before = period.before()
    assert before is not None
    zone = ZoneInfo("Europe/London")
    assert before.bounds(zone)[1] == period.bounds(zone)[0]
    assert (before.last - before.first).days == days - 1 if before.first else False


def test_without_a_beginning_there_is_nothing_before() -> None:
    assert Period(None, TODAY).before() is None


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"from": "yesterday"}, "from: 'yesterday' is no day; days are written as 2026-01-31"),
        ({"days": "0"}, "days"),
        ({"segment": "rich"}, "won_back"),
        ({"nonsense": "1"}, "nonsense"),
    ],
)
def test_what_cannot_be_read_is_named(given_: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(given_)


@pytest.mark.parametrize(
    "given_",
    [{"from": "2025-03-02", "to": "2025-03-01"}, {"from": "2025-03-01", "to": "2025-03-02", "days": "2"}],
)
def test_a_period_that_cannot_be_is_refused(given_: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        read(given_).period(TODAY)


@pytest.fixture(scope="module")
def season() -> Told:
    """Sixty days of a shop: each day two come by telephone from Bali and search, one by computer from Banten orders."""
    told = Told()
    for day in range(60):
        at = datetime(2025, 1, 1, 5) + timedelta(days=day)
        for subject in (1, 2):
            there = {"subject": subject, "province": "Bali", "device": "mobile", "channel": "email", "source": "app"}
            told.event("Products Searched", time=at + timedelta(hours=subject), query="batik", **there)
        told.order(f"{day}", time=at, subject=3, province="Banten", device="desktop", channel="search", source="web")
    return told


@pytest.mark.parametrize(
    ("filters", "orders", "searches", "visits"),
    [
        ({"province": "bali"}, 0, 120, 120),
        ({"device": "Desktop"}, 60, 0, 60),
        ({"channel": "search", "source": "web"}, 60, 0, 60),
        ({"segment": "browsing"}, 0, 120, 120),
        ({"from": "2025-01-11", "to": "2025-02-19"}, 40, 80, 120),
    ],
)
def test_what_is_counted_by_the_hour_is_what_the_filters_leave(
    season: Told, filters: dict[str, str], orders: int, searches: int, visits: int
) -> None:
    facts = _narrowed(season, filters)
    counts = [moments(facts, kind).count().name(kind).as_table() for kind in (ORDERS, SEARCHES, VISITS)]
    (found,) = rows(counts[0].cross_join(counts[1]).cross_join(counts[2]))
    assert found == {ORDERS: orders, SEARCHES: searches, VISITS: visits}


def test_reports_of_when_say_what_the_filters_leave(season: Told) -> None:
    facts = _narrowed(season, {"from": "2025-01-11", "to": "2025-02-19", "province": "Bali"})
    assert {week.of: week.count for week in ask_facts(Hours(), facts).weeks} == {"searches": 80, "visits": 80}
    assert ask_facts(Timing(), facts).orders == 0
    # Whole days alone are taken apart: the first and the last are left out.
    peaks = ask_facts(Peaks(of="visits"), _narrowed(season, {"province": "Bali"}))
    assert sum(day.count for day in peaks.days) == 116


def _narrowed(told: Told, filters: dict[str, str]) -> Facts:
    wanted = read(filters)
    return narrowed(tables(told.events, told.items), wanted, wanted.period(TODAY), JAKARTA)


def _checked(told: Told, filters: dict[str, str], least: int) -> None:
    wanted, facts = read(filters), tables(told.events, told.items)
    shop = replace(JAKARTA, min_group=least)
    sums = counted(facts, _narrowed(told, filters), wanted, wanted.period(TODAY), shop)
    check(wanted, {name: pa.Table.from_pylist(rows(table)) for name, table in sums.items()}, least)


def test_what_no_event_states_is_named_and_not_counted_as_nothing(season: Told) -> None:
    with pytest.raises(WordedError, match="province: no event states 'balii'") as caught:
        _checked(season, {"province": "Bali, Balii"}, 1)
    assert "ejaannya" in said(caught.value, "id")
    _checked(season, {"province": "BALI", "device": "mobile,desktop"}, 1)
    assert counted(tables([], []), tables([], []), read({"days": "3"}), None, JAKARTA) == {}


def test_of_so_few_people_nothing_is_shown() -> None:
    told = Told()
    for subject in range(8):
        place = "Bali" if subject < 5 else "Papua"
        told.event("Product Viewed", subject=100 + subject, province="Aceh", device="mobile")
        told.event("Product Viewed", subject=200 + subject % 2, province="Maluku", device="mobile")
        for _ in range(3):
            told.event("Product Viewed", subject=subject, province=place, device="mobile" if subject else "desktop")
    _checked(told, {"province": "bali"}, 5)
    for few in ("Papua", "Bali,Papua"):  # else a difference would tell of them
        with pytest.raises(WordedError, match="fewer than 5 people state 'papua'"):
            _checked(told, {"province": few}, 5)
    _checked(told, {"province": "Papua"}, 2)
    with pytest.raises(WordedError, match="leave fewer than 5 people"):
        _checked(told, {"province": "bali", "device": "mobile"}, 5)


def test_an_event_that_nobody_is_known_behind_counts_as_a_person() -> None:
    told = Told()
    for _ in range(4):
        told.order(None, subject=None, province="Bali")
    _checked(told, {"province": "bali"}, 4)
    with pytest.raises(WordedError, match="fewer than 5"):
        _checked(told, {"province": "bali"}, 5)


def test_where_it_was_recorded_tells_of_nobody() -> None:
    told = Told()
    told.event("Product Viewed", subject=1, source="kiosk")
    _checked(told, {"source": "kiosk", "days": "3"}, 5)


def _places(**people: int) -> Told:
    """So many people of each place, one in two by telephone; ``None`` where the place is called unknown."""
    told, subject = Told(), 0
    for place, count in people.items():
        for at in range(count):
            subject += 1
            device = "mobile" if at % 2 else "desktop"
            told.event("A", subject=subject, province=None if place == "unknown" else place, device=device)
    return told


@pytest.mark.parametrize(
    ("people", "asked", "given"),
    [
        ({"Bali": 20, "Papua": 2}, "bali", False),  # all less Bali
        ({"Bali": 20, "unknown": 2}, "bali", False),
        ({"Bali": 20, "Aceh": 9, "Papua": 2}, "bali", True),
        ({"Bali": 20, "Aceh": 9, "Papua": 2}, "aceh", False),  # all less Bali and less Aceh
        ({"Bali": 20, "Aceh": 9, "Papua": 2}, "bali,aceh", False),
        ({"Bali": 20, "Aceh": 9, "Papua": 2, "unknown": 3}, "bali,aceh", True),
        ({"Bali": 20, "Aceh": 9}, "bali,aceh", True),
    ],
)
def test_what_is_left_of_all_without_it_must_be_enough_too(people: dict[str, int], asked: str, given: bool) -> None:
    if given:
        _checked(_places(**people), {"province": asked}, 5)
        return
    with pytest.raises(WordedError, match="would tell of fewer than 5 people") as caught:
        _checked(_places(**people), {"province": asked}, 5)
    assert "kurang dari 5 orang" in said(caught.value, "id")


def test_filters_of_two_kinds_cannot_be_taken_from_one() -> None:
    """Bali, less Bali with mobile or desktop, would be the two with a tablet."""
    told = _places(Bali=20, Aceh=20)
    for subject in (1001, 1002):
        told.event("A", subject=subject, province="Bali", device="tablet")
    for subject in range(2000, 2010):
        told.event("A", subject=subject, province="Aceh", device="tablet")
    _checked(told, {"province": "Bali"}, 5)
    _checked(told, {"device": "mobile,desktop"}, 5)
    _checked(told, {"province": "Aceh", "device": "mobile,desktop"}, 5)
    for devices in ("mobile,desktop", "desktop"):
        with pytest.raises(WordedError, match="device: the others are too few"):
            _checked(told, {"province": "Bali", "device": devices}, 5)


def test_what_was_told_of_an_order_later_is_no_person_beside_it() -> None:
    told = Told()
    for number in range(6):
        told.order(str(number), subject=number, province="Bali")
        told.cancel(str(number), subject=number)  # it says no place: the order's holds
    told.order("x", subject=99, province="Papua")
    with pytest.raises(WordedError, match="too few beside 'bali'"):
        _checked(told, {"province": "bali"}, 5)


def test_who_is_not_of_the_segment_must_be_enough_too() -> None:
    told = Told()
    for subject in range(9):
        told.event("A", subject=subject, time=datetime(2025, 3, 1))
        if subject < 7:
            told.order(str(subject), subject=subject, time=datetime(2025, 3, 2))
    with pytest.raises(WordedError, match="segment: the others are too few beside 'once'"):
        _checked(told, {"segment": "once"}, 5)
    _checked(told, {"segment": "once"}, 2)
