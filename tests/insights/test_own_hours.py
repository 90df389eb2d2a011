"""Visits of people by hour, by their own clocks."""

from datetime import datetime, timedelta

from tests.facts import JAKARTA, Told, tables

from detak.insights.own_hours import conclude, reduce

MORNING = datetime(2025, 5, 1, 0, 30)  # UTC: half past seven in Jakarta, half past nine in Papua


def test_each_persons_visits_by_their_own_clock() -> None:
    told = Told()
    for day in range(12):
        told.event("Product Viewed", subject=1, time=MORNING + timedelta(days=day), province="Banten")
        told.event("Product Viewed", subject=2, time=MORNING + timedelta(days=day), province="Papua")
        told.event("Product Viewed", subject=3, time=MORNING + timedelta(days=day, hours=12))
    people = [2, 1, 99]
    asked = reduce(tables(told.events, told.items), JAKARTA, people)
    sums = {name: table.to_pyarrow() for name, table in asked.items()}
    theirs = {(row["subject"], row["hour"], row["visits"]) for row in sums["theirs"].to_pylist()}
    assert theirs == {(1, 7, 12), (2, 9, 12)}
    assert sum(row["visits"] for row in sums["everybody"].to_pylist()) == 36
    found = conclude(sums, people)
    assert found.best.tolist()[:2] == [9, 7]
    assert found.certainty[0] > found.certainty[2]
