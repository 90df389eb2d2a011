"""Whom the discounts of a closed loop went to, and whom a response model or a lot would have given the same money.

Only a benchmark may look: the kinds of people, and what an offer takes off, are the world's.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from benchmarks.loop_worth import Seen
from detak.consent import Purpose
from detak.decide.knapsack import allocate
from detak.decide.offers import CHOSEN, TRIAL, UPLIFT
from detak.decide.offers_learning import Learnt
from detak.engine import Engine
from detak.simulate.people import UPLIFT as KINDS
from detak.simulate.world import World

_SPENT = 0.3
"""Of what an offer to everybody would cost."""


class Taught(NamedTuple):
    """A lesson, and from when on it counted."""

    since: int
    """Milliseconds since 1970, UTC."""
    learnt: Learnt


class Made(NamedTuple):
    """What the engine keeps of its decisions."""

    arm: Mapping[str, str]
    subject: Mapping[str, int]


def made(engine: Engine, before: int) -> Made:
    """The decisions that personalisation may use; ``before``: milliseconds since 1970, UTC."""
    moment = datetime.fromtimestamp(before / 1000, UTC)
    with engine.gate.events(Purpose.PERSONALISATION, before=moment, why="benchmark") as granted:
        shown = granted.facts.decisions
        rows = granted.run(shown.filter(shown.subject.notnull()).select("id", "arm", "subject"))
    ids = rows["id"].to_pylist()
    arms, subjects = (rows[name].to_pylist() for name in ("arm", "subject"))
    return Made(dict(zip(ids, arms, strict=True)), dict(zip(ids, subjects, strict=True)))


def whom(world: World, visits: Seen, decided: Made, lessons: Sequence[Taught]) -> dict[str, Any]:
    """Of the money that offers took off, what went to those whom an offer moves; by the arm they were given in.

    ``instead``: the visits on which the engine chose by person, between two lessons. The same money goes there to those
    likeliest to buy by the lesson's own model of an order without an offer, or to all alike. ``gained``: profit beyond
    that without offers, Rupiah.
    """
    wanted = np.array(KINDS)[world.people.uplift[visits.person]] == "persuadable"
    arm = np.array([decided.arm.get(one, "") for one in visits.decision])
    given = visits.discount > 0
    cost, gain = visits.offered.promised, visits.offered.profit - visits.plain.profit
    told: dict[str, Any] = {
        name: _of(cost[here] * 1.0, cost[here] * wanted[here], gain[here])
        for name, here in (("trial", given & (arm == TRIAL)), ("chosen", given & (arm == CHOSEN)))
    }
    by = np.full(len(arm), -1)
    for at, one in enumerate(lessons):
        if one.learnt.book.rule == UPLIFT:
            by[visits.start >= one.since] = at
        else:
            by[visits.start >= one.since] = -1
    parts = [_instead(visits, decided, lessons[at].learnt, (by == at) & (arm == CHOSEN)) for at in sorted({*by} - {-1})]
    for name in ("engine", "response", "alike"):
        share = np.zeros(len(arm))
        for one in parts:
            share += one[name]
        told[f"instead_{name}"] = _of(cost * share, cost * share * wanted, gain * share)
    return told


def worth(visits: Seen, decided: Made, last: Taught) -> dict[str, Any]:
    """What the engine says that its offers brought up to a lesson, profit with its interval, and what they did: each
    visit with an offer beside the same without it, on average. Rupiah."""
    arm = np.array([decided.arm.get(one, "") for one in visits.decision])
    here = (visits.discount > 0) & (visits.start < last.since) & ((arm == TRIAL) | (arm == CHOSEN))
    said = [one.profit for one in last.learnt.brought]
    true = {
        "visits": int(here.sum()),
        "profit": round(float((visits.offered.profit - visits.plain.profit)[here].sum())),
    }
    return {"said": [[round(of) for of in one] for one in said], "true": true}


def _of(cost: Any, wanted: Any, gained: Any) -> dict[str, float | None]:
    total = float(cost.sum())
    return {
        "money": round(total),
        "to_persuadables": round(float(wanted.sum()) / total, 4) if total else None,
        "gained": round(float(gained.sum())),
    }


def _instead(visits: Seen, decided: Made, learnt: Learnt, here: Any) -> dict[str, Any]:
    """By visit the part of an offer that each way gives, for as much money as the engine gave here."""
    cost = np.where(here, visits.offered.promised, 0.0)
    engine = here & (visits.discount > 0)
    money = float(cost[engine].sum())
    anyway = np.full(len(here), float(learnt.anyway.mean()))
    subjects = learnt.book.subjects
    for at in np.flatnonzero(here):
        subject = decided.subject[visits.decision[at]]
        found = int(np.searchsorted(subjects, subject))
        if found < len(subjects) and subjects[found] == subject:
            anyway[at] = learnt.anyway[found]
    order = np.argsort(np.where(here, -anyway, np.inf), kind="stable")
    left = np.clip(money - (np.cumsum(cost[order]) - cost[order]), 0.0, None)
    response = np.zeros(len(here))
    response[order] = np.where(here[order], np.minimum(left / np.maximum(cost[order], 1e-9), 1.0), 0.0)
    return {"engine": engine * 1.0, "response": response, "alike": here * (money / max(float(cost.sum()), 1e-9))}


def estimated(engine: Engine, world: World, learnt: Learnt) -> dict[str, float]:
    """Of the money that the last book would spend, the share that goes to those whom an offer moves; beside it the same
    money given to the likeliest buyers, and to everybody alike."""
    kinds = _kinds(engine, world)
    book = learnt.book
    cost = book.cost[:, 0] if book.cost.size else np.zeros(0)
    if not len(cost):
        return {}
    persuadable = np.array([kinds.get(int(one)) == "persuadable" for one in book.subjects])
    spent = allocate(book.value, book.cost, _SPENT * float(cost.sum()))
    chosen = spent.chosen == 0
    ranked = np.argsort(-learnt.anyway, kind="stable")
    likely = ranked[np.cumsum(cost[ranked]) <= spent.cost]
    shares = {"all_alike": np.arange(len(cost)), "by_response": likely, "by_uplift": np.flatnonzero(chosen)}
    return {name: _share(cost, persuadable, some) for name, some in shares.items()}


def _share(cost: Any, wanted: Any, some: Any) -> float:
    return round(float((cost[some] * wanted[some]).sum() / max(cost[some].sum(), 1e-9)), 4)


def _kinds(engine: Engine, world: World) -> dict[int, str]:
    """Subject -> what kind of person the world made them."""
    names = {}
    for at, kind in enumerate(world.people.uplift.tolist()):
        names |= dict.fromkeys([("user", f"u{at}"), ("anonymous", f"a{at}-0"), ("anonymous", f"a{at}-1")], KINDS[kind])
    return {subject: names[one] for one, subject in engine._vault.lookup(names).items()}
