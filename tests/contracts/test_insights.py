"""What every insight keeps to."""

from datetime import datetime, timedelta
from functools import cache

import ibis
import msgspec
import numpy as np
import pytest
from tests.facts import JAKARTA, Row, Told, ask, ask_facts, sums, tables

from detak.consent import Purpose
from detak.decision import DECISIONS
from detak.event import EVENTS, ITEMS, ORDER_UPDATED, PRODUCTS_SEARCHED, VOLUMES
from detak.insights.base import Facts, Insight, Report, Shop
from detak.plugins import members
from detak.words import LANGUAGES

INSIGHTS = members("detak.insights", "insight")
every_insight = pytest.mark.parametrize("insight", [kind() for kind in INSIGHTS.values()], ids=list(INSIGHTS))


@cache
def _shop_life() -> Told:
    """Orders of every kind: several sources, parts, updates, cancellations, gaps, equal moments, searches."""
    random = np.random.default_rng(11)
    told = Told()
    for at in range(400):
        subject = int(random.integers(1, 40)) if at % 5 else None
        moment = datetime(2025, 3, 1) + timedelta(hours=int(random.integers(0, 2_000))) if at % 7 else None
        received = datetime(2025, 6, 1) + timedelta(minutes=at // 50)
        shared = {"subject": subject, "time": moment, "received": received, "source": ["web", "shopee"][at % 2]}
        items = [
            {
                "product_id": f"p{random.integers(0, 12)}" if random.random() < 0.9 else None,
                "name": f"Produk {random.integers(0, 3)}",
                "category": ["Piring", "Gelas", None][int(random.integers(0, 3))],
                "currency": "IDR",
                "quantity": float(random.integers(1, 5)) if random.random() < 0.9 else None,
                "amount": int(random.integers(1_000, 50_000)) if random.random() < 0.9 else None,
            }
            for _ in range(int(random.integers(0, 4)))
        ]
        order = {
            "payment": ["COD", "Transfer"][int(random.integers(0, 2))],
            "province": ["Bali", "Banten", None][int(random.integers(0, 3))],
            "amount": int(random.integers(1_000, 90_000)) if random.random() < 0.5 else None,
            "currency": "IDR",
        }
        number = str(at // 2 * 2)
        told.order(number, items=items, **order, **shared)
        if at % 6 == 0:
            told.event(ORDER_UPDATED, order_id=number, items=items[:1], **{**order, "payment": "Kartu"}, **shared)
        if at % 4 == 0:
            told.cancel(number, ["Lainnya", "Stok habis", None][int(random.integers(0, 3))], **shared)
        told.event(PRODUCTS_SEARCHED, query=f"Cari {at % 9}", results=at % 3, **{**shared, "time": moment})
    return told


@cache
def _facts() -> Facts:
    """The shop's life as the gate hands it out."""
    told = _shop_life()
    return tables(told.events, told.items)


@cache
def _mixed() -> Facts:
    """The same in another order."""
    told, random = _shop_life(), np.random.default_rng(2)
    mixed = ([rows[at] for at in random.permutation(len(rows))] for rows in (told.events, told.items))
    return tables(*mixed)


@cache
def _again() -> Facts:
    """The same messages again, as a page that is loaded again sends them: new ids, later, the same order."""
    told, later = _shop_life(), timedelta(days=30)
    again = [{**row, "id": row["id"] ^ 1, "received": row["received"] + later} for row in _ordered(told)]
    items = [{**row, "event_id": row["event_id"] ^ 1, "received": row["received"] + later} for row in told.items]
    return tables([*told.events, *again], [*told.items, *items])


@cache
def _doubled() -> Facts:
    """Rows of orders that stand there twice."""
    told = _shop_life()
    return tables([*told.events, *_ordered(told)], [*told.items, *told.items])


def _ordered(told: Told) -> list[Row]:
    return [row for row in told.events if row["event"] != PRODUCTS_SEARCHED]


@cache
def _many_orders() -> Facts:
    told = Told()
    for at in range(300):
        told.order(str(at), time=datetime(2025, 3, 3, 5), payment="COD", amount=100, items=[{"product_id": "p"}])
    return tables(told.events, told.items)


@cache
def _usual(insight: Insight) -> Report:
    """What the shop's life comes to."""
    return ask_facts(insight, _facts())


@every_insight
def test_has_a_name_and_a_purpose(insight: Insight) -> None:
    assert isinstance(insight.purpose, Purpose)
    assert insight.insight.islower()


@every_insight
def test_nobodys_facts_are_touched_under_essential(insight: Insight) -> None:
    """What nobody can refuse looks at counts of messages alone."""
    if insight.purpose is Purpose.ESSENTIAL:
        volumes = tables([], [], []).volumes
        assert insight.reduce(Facts(events=None, items=None, volumes=volumes, decisions=None), JAKARTA)  # type: ignore[arg-type]


@every_insight
def test_no_facts_give_a_report(insight: Insight) -> None:
    report = ask(insight, Told())
    assert report.text(JAKARTA)
    assert msgspec.json.encode(report)


@every_insight
def test_the_order_of_rows_does_not_matter(insight: Insight) -> None:
    assert ask_facts(insight, _mixed()) == _usual(insight)


@every_insight
def test_orders_told_twice_count_once(insight: Insight) -> None:
    assert ask_facts(insight, _again()) == _usual(insight)


@every_insight
def test_rows_of_orders_that_stand_there_twice_count_once(insight: Insight) -> None:
    assert ask_facts(insight, _doubled()) == _usual(insight)


@every_insight
def test_the_same_facts_give_the_same_bytes(insight: Insight) -> None:
    first, second = (msgspec.json.encode(ask_facts(insight, _facts())) for _ in range(2))
    assert first == second


@every_insight
def test_it_speaks_every_language(insight: Insight) -> None:
    texts = set()
    for language in LANGUAGES:
        shop = Shop(JAKARTA.zone, JAKARTA.currency, JAKARTA.min_group, language)
        text = ask_facts(insight, _facts(), shop).text(shop)
        assert "{" not in text, "a value was not filled in"
        texts.add(text)
    assert len(texts) == len(LANGUAGES)


@every_insight
def test_what_crosses_into_python_does_not_grow_with_the_orders(insight: Insight) -> None:
    assert all(len(table) <= 2 for table in sums(insight, _many_orders()).values())


@every_insight
@pytest.mark.parametrize("engine", ["postgres", "clickhouse"])  # and all others here are for DuckDB
def test_it_is_written_for_no_engine_in_particular(insight: Insight, engine: str) -> None:
    facts = Facts(
        events=ibis.table(ibis.Schema.from_pyarrow(EVENTS), name="events"),
        items=ibis.table(ibis.Schema.from_pyarrow(ITEMS), name="items"),
        volumes=ibis.table(ibis.Schema.from_pyarrow(VOLUMES), name="volumes"),
        decisions=ibis.table(ibis.Schema.from_pyarrow(DECISIONS), name="decisions"),
    )
    assert all(ibis.to_sql(table, dialect=engine) for table in insight.reduce(facts, JAKARTA).values())
