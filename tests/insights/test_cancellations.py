"""The cancellations report, on orders whose answer is known by construction."""

from datetime import datetime

import msgspec
import numpy as np
import pytest
from tests.facts import JAKARTA, Told, ask

from detak.errors import UsageError
from detak.event import ORDER_CANCELLED
from detak.insights import cancellations
from detak.insights.base import Shop
from detak.insights.cancellations import Cancellations, CancellationsReport
from detak.insights.risks import Factor

NIGHT = datetime(2025, 5, 4, 18, 30)  # 01:30 in Jakarta
INDONESIAN = Shop(JAKARTA.zone, "IDR", 1, "id")


def _planted(seed: int = 7, orders: int = 4_000) -> Told:
    """COD multiplies the risk by 1.5, far provinces by 2.5; far away COD is more frequent. Shipping does nothing."""
    random = np.random.default_rng(seed)
    told = Told()
    for at in range(orders):
        far = random.random() < 0.3
        cod = random.random() < (0.8 if far else 0.3)
        risk = 0.08 * (1.5 if cod else 1) * (2.5 if far else 1)
        told.order(
            str(at),
            province="Papua" if far else "Banten",
            payment="COD" if cod else "Transfer",
            shipping=str(random.choice(["Hemat", "Reguler"])),
        )
        if random.random() < risk:
            told.cancel(str(at), "Dibatalkan oleh Pembeli. Alasan: Lainnya")
    return told


def _factor(report: CancellationsReport, factor: str, level: str) -> Factor:
    return next(one for one in report.factors if (one.factor, one.level) == (factor, level))


def test_reasons_unite_spellings_and_add_up() -> None:
    told = Told()
    texts = [
        "Dibatalkan oleh Pembeli. Alasan: Perlu mengubah alamat pengiriman",
        "Dibatalkan oleh Pembeli. Alasan: Need to change delivery address",
        "Dibatalkan oleh Pembeli. Alasan: Need to change delivery address",
        "Dibatalkan oleh Penjual. Alasan: Produk habis",
        "Sapi terbang",
        None,
    ]
    for at, text in enumerate([*texts, "kept", "kept"]):
        told.order(str(at))
        if text != "kept":
            told.cancel(str(at), text)
    report = ask(Cancellations(), told)
    assert (report.orders, report.cancelled, report.rate) == (8, 6, 0.75)
    found = [(one.reason, one.actor, one.orders, one.spellings) for one in report.reasons]
    assert found == [
        (
            "change_address",
            "buyer",
            3,
            ["Need to change delivery address", "Perlu mengubah alamat pengiriman"],
        ),
        ("out_of_stock", "seller", 1, ["Produk habis"]),
        ("unrecognised", "unknown", 1, ["Sapi terbang"]),
        ("unstated", "unknown", 1, []),
    ]
    assert [(one.actor, one.orders, one.share) for one in report.by_actor] == [
        ("buyer", 3, 0.5),
        ("unknown", 2, 2 / 6),
        ("seller", 1, 1 / 6),
    ]


def test_the_answer_has_the_agreed_shape() -> None:
    report = ask(Cancellations(), _planted())
    answer = msgspec.to_builtins(report)
    assert answer.keys() >= {"orders", "cancelled", "reasons", "factors", "words"}
    assert "by" not in answer
    assert answer["reasons"][0].keys() >= {"reason", "label", "actor", "orders", "lost", "spellings"}
    assert answer["factors"][0].keys() >= {"factor", "level", "orders", "rate", "risk_ratio", "low", "high"}


def test_planted_factors_are_found_adjusted_for_one_another() -> None:
    report = ask(Cancellations(), _planted())
    cod, far = _factor(report, "payment", "COD"), _factor(report, "province", "Papua")
    assert cod.low < 1.5 < cod.high
    assert far.low < 2.5 < far.high
    raw = cod.rate / _factor(report, "payment", "Transfer").rate
    assert raw > cod.high, "the raw ratio misleads: those far away pay COD more often"
    assert cod.notable
    assert far.notable
    assert not _factor(report, "shipping", "Hemat").notable
    assert {one.factor for one in report.factors} == {"payment", "province", "shipping"}


def test_the_strongest_factor_is_told_first_in_plain_words() -> None:
    english = ask(Cancellations(), _planted()).words
    told = [sentence for sentence in english if "times as often" in sentence]
    assert told[0].startswith("Orders to Papua are cancelled 2.")
    assert told[1].startswith("Orders paid with COD are cancelled 1.")
    assert not any("Hemat" in sentence for sentence in english)
    assert "not proof of a cause" in english[-1]
    indonesian = ask(Cancellations(), _planted(), INDONESIAN).words
    cancelled = sum(row["event"] == ORDER_CANCELLED for row in _planted().events)
    assert indonesian[0].startswith(f"{cancelled} dari 4.000 pesanan dibatalkan (")
    assert any(sentence.startswith("Pesanan ke Papua 2,") for sentence in indonesian)
    assert "lebih jarang batal" in " ".join(indonesian)


def test_rare_levels_are_pooled_and_unknown_is_a_level() -> None:
    told = Told()
    for at in range(120):
        province = ["Banten", "Bali", None][at % 3] if at < 108 else f"Rare {at}"
        told.order(str(at), province=province)
        if at % 4 == 0:
            told.cancel(str(at))
    report = ask(Cancellations(), told)
    levels = {(one.level, one.kind): one.orders for one in report.factors if one.factor == "province"}
    assert levels == {
        ("Banten", "value"): 36,
        ("Bali", "value"): 36,
        ("unknown", "unknown"): 36,
        ("others (rare)", "rare"): 12,
    }
    assert sum(levels.values()) == report.orders
    assert all(one.cancelled == round(one.rate * one.orders) for one in report.factors)


def test_of_very_many_levels_the_largest_are_compared_and_the_others_pooled() -> None:
    told = Told()
    for at in range(45 * 30 + 1):
        told.order(str(at), city="x", payment=f"bank {at % 45:02d}")
        if at % 7 == 0:
            told.cancel(str(at))
    report = ask(Cancellations(), told)
    levels = [(one.kind, one.orders) for one in report.factors]
    assert levels == [("rare", 5 * 30), ("value", 31), *[("value", 30)] * 39]


def test_hours_are_the_shops_and_orders_without_a_time_stay_in() -> None:
    told = Told()
    for at in range(90):
        told.order(str(at), time=[NIGHT, datetime(2025, 5, 4, 5, 0), None][at % 3])
        if at % 2:
            told.cancel(str(at))
    report = ask(Cancellations(), told)
    assert {one.level: one.orders for one in report.factors} == {"00–05": 30, "11–14": 30, "unknown": 30}


def test_what_follows_from_cancelling_is_no_factor() -> None:
    told = Told()
    for at in range(200):
        gone = at % 4 == 0
        told.order(str(at), amount=None if gone else 100, status="Batal" if gone else "Selesai", shipping_cost=gone * 1)
        if gone:
            told.cancel(str(at))
    report = ask(Cancellations(), told)
    assert report.factors == []


def test_too_few_orders_say_nothing_about_factors() -> None:
    told = Told()
    for at in range(80):
        told.order(str(at), payment="COD" if at % 2 else "Transfer")
        if at % 9 == 0:
            told.cancel(str(at))
    report = ask(Cancellations(), told)
    assert report.factors == []
    assert "too few orders" in report.words[-1]


@pytest.mark.parametrize(("cancelled", "said"), [(False, "None of 3 orders was cancelled."), (True, "3 of 3 orders")])
def test_none_and_all(cancelled: bool, said: str) -> None:
    told = Told()
    for at in range(3):
        told.order(str(at))
        if cancelled:
            told.cancel(str(at))
    assert ask(Cancellations(), told).words[0].startswith(said)


def test_no_orders_have_no_rate() -> None:
    report = ask(Cancellations(), Told())
    assert (report.orders, report.cancelled, report.rate, report.lost) == (0, 0, None, None)
    assert report.words == ["There are no orders yet."]


def test_split_by_a_dimension() -> None:
    told = Told()
    for at in range(12):
        told.order(str(at), province="Bali" if at < 8 else f"Small {at}", time=NIGHT)
        if at in {0, 1, 8}:
            told.cancel(str(at))
    shop = Shop(JAKARTA.zone, "IDR", 3, "en")
    split = ask(Cancellations(by="province"), told, shop).by
    assert [(one.level, one.orders, one.cancelled, one.rate) for one in split.levels] == [
        ("Bali", 8, 2, 0.25),
        ("Other (small groups)", 4, 1, 0.25),
    ]
    assert all(one.low < one.rate < one.high for one in split.levels)
    (hour,) = ask(Cancellations(by="hour"), told).by.levels
    assert (hour.level, hour.orders) == ("01:00", 12)
    (weekday,) = ask(Cancellations(by="weekday"), told, INDONESIAN).by.levels
    assert (weekday.level, weekday.cancelled) == ("Senin", 3)


@pytest.mark.parametrize("by", ["payment", "source", "category", "hour"])
def test_every_split_has_a_table_in_the_text(by: str) -> None:
    told = Told()
    told.order("1", payment="COD", time=NIGHT, items=[{"category": "Piring"}])
    told.cancel("1", "Lainnya")
    assert "100.0%" in ask(Cancellations(by=by), told).text(JAKARTA)


def test_an_unknown_dimension_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'moon'; there are: province, .*hour, weekday"):
        Cancellations(by="moon")


def test_a_buyers_own_sentence_is_shown_to_nobody() -> None:
    own = "alamat saya salah, harusnya rumah Bu Siti di Jl. Kenanga 7"
    rows = [{"reason": own, "orders": 1}, {"reason": "Perlu mengubah alamat pengiriman", "orders": 1}]
    assert cancellations._spellings(rows, 5) == ["Perlu mengubah alamat pengiriman"]
    assert own in cancellations._spellings([{"reason": own, "orders": 5}], 5)
