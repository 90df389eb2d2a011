"""What decisions teach: the facts of what was shown and what came of it, as values for ``decide`` to learn from."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, cast
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from detak.consent import Purpose
from detak.decide.appeal import Exposed
from detak.decide.learning import Logged
from detak.decide.offers import CHOSEN, TRIAL
from detak.decide.page import FEATURES
from detak.decide.visits import Visits, chances
from detak.event import ORDER_COMPLETED
from detak.insights.base import Facts, local
from detak.trust.gate import Gate
from detak.trust.passages import Granted

DAYS: Final = 366
"""Of offers: who is moved by them shows slowly."""
_ORDER_DAYS: Final = 90  # of pages: what they show changes
_MOST: Final = 300_000  # decisions, the latest
_CLICKED: Final = "Product Clicked"
_ADDED: Final = "Product Added"
_LISTED: Final = "Product List Viewed"
_TAKEN: Final = (_CLICKED, "Product Viewed")
_SEEN_DAYS: Final = 30  # tastes and catalogues change
_GAP: Final = 4  # days: chance may give an offer to nobody for some
_ROWS: Final = 20_000_000  # products of lists and looks, after which some people speak for all
_NEXT_PLACE: Final = 0.9  # how much each place of a list is looked at beside the one before


class Taught(NamedTuple):
    """What the facts say."""

    logged: Logged
    visits: Visits
    daily: float
    """People a day with an offer in play."""
    exposed: Exposed
    """Products in lists."""


def taught(gate: Gate, offers: tuple[str, ...], now: datetime, holdout: float = 0.0) -> Taught:
    """Decisions that personalisation may use, with their clicks and orders.

    Args:
        gate: the door to them.
        offers: the names, in their order.
        now: the moment, in the shop's zone, by whose clock days begin.
        holdout: the share of people who get no offer ever.
    """
    with gate.events(Purpose.PERSONALISATION, before=now, why="learn from decisions") as granted:
        shown = granted.facts.decisions
        since = now.astimezone(UTC).replace(tzinfo=None) - timedelta(days=DAYS)
        shown = shown.filter(shown.received >= since, shown.subject.notnull())
        latest = shown.order_by(ibis.desc("received"), "id").limit(_MOST)
        lately = latest.received >= since + timedelta(days=DAYS - _ORDER_DAYS)
        pages = {name: ibis.ifelse(lately, latest[name], None) for name in ("slate", "features")}
        columns = ("id", "subject", "time", "arm", "arm_propensity", "offer")
        decisions = granted.run(latest.select(*columns, **pages).order_by("time", "id"))
        clicks = _clicks(granted)
        came = granted.run_all("what came of decisions", lambda facts: {"found": _came(facts.events)})["found"]
        exposed = _exposed(granted, now)
    visits = _visits(decisions, came, (offers, holdout), _days(decisions, now))
    return Taught(_logged(decisions, clicks), *visits, exposed)


def _clicks(granted: Granted) -> set[tuple[str, str]]:
    """What was clicked in answer to which decision."""

    def pairs(facts: Facts) -> dict[str, ir.Table]:
        events, items = facts.events, facts.items
        answers = events.filter(events.event == _CLICKED, events.decision_id.notnull()).select("id", "decision_id")
        found = answers.inner_join(items, answers.id == items.event_id).select("decision_id", "product_id").distinct()
        return {"found": found}

    rows = granted.run_all("clicks on decisions", pairs)["found"]
    return set(zip(rows["decision_id"].to_pylist(), rows["product_id"].to_pylist(), strict=True))


def _exposed(granted: Granted, now: datetime) -> Exposed:
    """What people saw in lists and turned to. A look at a product on a day on which no list showed it does not count:
    they may have come for it."""
    since = now.astimezone(UTC).replace(tzinfo=None) - timedelta(days=_SEEN_DAYS)
    items = granted.facts.items
    wanted = items.filter(
        items.received >= since,
        items.subject.notnull(),
        items.product_id.notnull(),
        items.event.isin([_LISTED, *_TAKEN]),
    )
    rows = granted.run(wanted.aggregate(rows=wanted.count()))["rows"][0].as_py()
    if rows > _ROWS:  # pseudonyms are random: those of some are a sample of all
        wanted = wanted.filter(wanted.subject % (rows // _ROWS + 1) == 0)
    listed = wanted.event == _LISTED
    day = local(ibis.coalesce(wanted.time, wanted.received), cast("ZoneInfo", now.tzinfo)).date()
    met = wanted.group_by("subject", "product_id", day=day).aggregate(
        place=wanted.line.min(where=listed), taken=(~listed).cast("int64").max()
    )
    met = met.filter(met.place.notnull())
    seen = (ibis.literal(_NEXT_PLACE) ** met.place).sum()
    found = granted.run(met.group_by("product_id").aggregate(seen=seen, taken=met.taken.sum()).order_by("product_id"))
    seen, taken = (found[name].to_numpy().astype(np.float64) for name in ("seen", "taken"))
    return Exposed(found["product_id"].to_pylist(), seen, taken)


def _came(events: ir.Table) -> ir.Table:
    """For each decision what went into carts and what was ordered in answer to it."""
    answers = events.filter(events.decision_id.notnull(), events.event.isin([_ADDED, ORDER_COMPLETED]))
    ordered = answers.event == ORDER_COMPLETED
    before = ibis.coalesce(answers.amount, 0) + ibis.coalesce(answers.discount, 0)
    return answers.group_by("decision_id").aggregate(
        adds=(~ordered).cast("int64").sum(),
        orders=ordered.cast("int64").sum(),
        amount=ibis.ifelse(ordered, before, 0).sum(),
        off=ibis.ifelse(ordered, ibis.coalesce(answers.discount, 0), 0).sum(),
    )


def _logged(decisions: pa.Table, clicks: set[tuple[str, str]]) -> Logged:
    """Each product of each slate. Slates of another version's features are left out."""
    width = len(FEATURES)
    size = pc.fill_null(pc.list_value_length(decisions["slate"]), 0)
    told = pc.fill_null(pc.binary_length(decisions["features"]), 0)
    whole = pc.and_(pc.greater(size, 0), pc.equal(told, pc.multiply(size, width)))
    kept = decisions.select(["id", "slate", "features"]).filter(whole)
    sizes = size.filter(whole).to_numpy().astype(np.int64)
    first = np.cumsum(sizes) - sizes
    place = np.arange(sizes.sum()) - np.repeat(first, sizes)
    packed = np.frombuffer(b"".join(kept["features"].to_pylist()), np.uint8)
    clicked = np.zeros(len(place), np.bool_)
    answered = pa.array(sorted({one for one, _ in clicks}), pa.string())
    some = np.flatnonzero(pc.is_in(kept["id"], value_set=answered).to_numpy())
    answers = kept.take(pa.array(some))
    for at, one, slate in zip(first[some], answers["id"].to_pylist(), answers["slate"].to_pylist(), strict=True):
        clicked[at : at + len(slate)] = [(one, product) in clicks for product in slate]
    return Logged(np.repeat(np.arange(len(sizes)), sizes), place, packed.reshape(-1, width) / 255.0, clicked)


def _days(decisions: pa.Table, now: datetime) -> NDArray[np.int64]:
    """The day of each decision by the shop's clock."""
    zone = str(now.tzinfo)
    local = pc.local_timestamp(decisions["time"].cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone)))
    days: NDArray[np.int64] = local.cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    return days


def _visits(
    decisions: pa.Table, came: pa.Table, rules: tuple[tuple[str, ...], float], day: NDArray[np.int64]
) -> tuple[Visits, float]:
    """What came of each day of each person, of those on which an offer was in play: it is drawn once a day. And how
    many there were a day. ``rules``: the offers, and the holdout.

    Whatever they ordered that day counts, also in answer to a decision before the draw, or after it that held it back.
    """
    offers, holdout = rules
    rows = {one: at for at, one in enumerate(came["decision_id"].to_pylist())}
    found = np.array([rows.get(one, -1) for one in decisions["id"].to_pylist()], np.int64)
    subject = decisions["subject"].to_numpy().astype(np.int64)
    played = np.array([bool(one) for one in decisions["arm"].to_pylist()], np.bool_)
    order = np.lexsort((np.arange(len(day)), ~played, day, subject))  # the draw first of each day
    new = np.r_[True, (np.diff(subject[order]) != 0) | (np.diff(day[order]) != 0)] if len(order) else played
    first = order[new]
    kept = played[first]
    columns = {}
    for name in ("adds", "orders", "amount", "off"):
        values = np.append(came[name].to_numpy().astype(np.float64), 0.0)[found]
        columns[name] = np.add.reduceat(values[order], np.flatnonzero(new))[kept] if len(order) else values
    first = first[kept]
    places: dict[str | None, int] = {None: -1, **{name: at for at, name in enumerate(offers)}}
    drawn = decisions.select(["arm", "arm_propensity", "offer"]).take(pa.array(first))
    offer = np.array([places.get(one, len(offers)) for one in drawn["offer"].to_pylist()], np.int64)
    trial, chosen = (np.array([one == arm for one in drawn["arm"].to_pylist()], np.bool_) for arm in (TRIAL, CHOSEN))
    when = day[first]
    playing = np.zeros((len(when), len(offers) + 1), np.bool_)  # the last: some that there are no more
    for at in range(len(offers) + 1):
        playing[:, at] = _in_play(when, when[trial & (offer == at)])
    logged = drawn["arm_propensity"].to_numpy()
    chance = chances((trial, chosen), offer, logged, playing.sum(axis=1) == 1, holdout)
    # Whoever got an offer that there is no more says nothing of those that there are, and did not go without one.
    ours = offer < len(offers)
    theirs = {name: values[ours] for name, values in columns.items()}
    visits = Visits(subject[first][ours], offer[ours], chance[ours], **theirs, beside=playing[ours, :-1])
    return visits, len(first) / (float(np.ptp(when)) + 1.0 if len(first) else 1.0)


def _in_play(day: NDArray[np.int64], given: NDArray[np.int64]) -> NDArray[np.bool_]:
    """By day whether an offer was in play: chance gave it to somebody, or did within few days, before and after."""
    given = np.unique(given)
    if not len(given):
        return np.zeros(len(day), np.bool_)
    at = np.searchsorted(given, day, side="right")
    before, after = given[np.maximum(at - 1, 0)], given[np.minimum(at, len(given) - 1)]
    found: NDArray[np.bool_] = (before == day) | ((before < day) & (day < after) & (after - before <= _GAP))
    return found
