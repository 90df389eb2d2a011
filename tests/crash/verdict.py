"""The facts held against the ledger: nothing acknowledged is lost, nothing twice, nothing from nowhere."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from detak.event import message_key
from tests.crash.facts import Found
from tests.crash.ledger import Ledger, Wish

WEB, LEAVING, IMPORTED = "web", "leaving", "segment"
_FEW = 5  # examples of a fault


class Tally(msgspec.Struct):
    """What a check counted."""

    acknowledged: int = 0
    unanswered_but_present: int = 0
    lost: int = 0
    doubled: int = 0
    never_sent: int = 0
    refusals: int = 0
    forgotten: int = 0
    imported: int = 0
    decisions: int = 0


class _Expected(msgspec.Struct):
    """Ids of one source: those that must be there, and those that may."""

    certain: set[str]
    possible: set[str]


def judge(found: Found, ledger: Ledger) -> tuple[Tally, list[str]]:
    """The counts, and what is wrong in words."""
    tally = Tally(
        refusals=len(ledger.refused),
        forgotten=sum(one.wish is Wish.GRANTED for one in ledger.leavers),
        imported=sum(len(book.ids) for book in ledger.books if book.done),
        decisions=len(ledger.decided),
    )
    web = {message_key(WEB, one): one for one in ledger.sent - ledger.acknowledged}
    ledger.unheard.update(web[key] for key in found.ids.get(WEB, []) if key in web)
    tally.unanswered_but_present = len(ledger.unheard)
    faults = list(ledger.faults)
    for source, expected in _expected(ledger).items():
        faults += _compare(source, expected, Counter(found.ids.get(source, [])), tally)
    faults += [f"events of a source that sent none: {name}" for name in found.ids.keys() - _expected(ledger).keys()]
    faults += _items(found, ledger)
    faults += _decisions(found, ledger)
    faults += _counts(found)
    visible = set(found.visible)
    for user, ids in ledger.refused.items():
        if any(message_key(WEB, one) in visible for one in ids):
            faults.append(f"{user} said no, and statistics see them")
    if found.audit_broken_at is not None:
        faults.append(f"the audit chain is broken at row {found.audit_broken_at}")
    return tally, faults


def traces(store: Path, ledger: Ledger) -> Iterator[str]:
    """Files in which somebody is still named whose wish to be forgotten was granted."""
    gone = [one.user.encode() for one in ledger.leavers if one.wish is Wish.GRANTED]
    for path in sorted(path for path in store.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for user in gone:
            if user + b'"' in data or user + b"\0" in data:
                yield f"{path.name} still names {user.decode()}, who was forgotten"


def _expected(ledger: Ledger) -> dict[str, _Expected]:
    leaving = _Expected(set(), set())
    for one in ledger.leavers:
        if one.wish is Wish.NONE and one.acknowledged:
            leaving.certain.update(one.ids)
        if one.wish is not Wish.GRANTED:
            leaving.possible.update(one.ids)
    books = _Expected(
        {one for book in ledger.books if book.done for one in book.ids},
        {one for book in ledger.books for one in book.ids},
    )
    return {WEB: _Expected(ledger.acknowledged, ledger.sent), LEAVING: leaving, IMPORTED: books}


def _compare(source: str, expected: _Expected, there: Counter[int], tally: Tally) -> Iterator[str]:
    keys = {message_key(source, one): one for one in expected.possible}
    certain = {message_key(source, one): one for one in expected.certain}
    lost = [one for key, one in certain.items() if key not in there]
    doubled = [keys.get(key, str(key)) for key, times in there.items() if times > 1]
    strange = [str(key) for key in there if key not in keys]
    tally.acknowledged += len(certain)
    tally.lost += len(lost)
    tally.doubled += len(doubled)
    tally.never_sent += len(strange)
    for what, ids in (("acknowledged and lost", lost), ("there twice", doubled), ("never sent, or forgotten", strange)):
        if ids:
            yield f"{source}: {len(ids)} {what}: {', '.join(sorted(ids)[:_FEW])}"


def _items(found: Found, ledger: Ledger) -> Iterator[str]:
    """Each order has its two products; nothing else has any."""
    products = Counter(found.items)
    ids = {WEB: ledger.sent, LEAVING: {one for who in ledger.leavers for one in who.ids}}
    ids[IMPORTED] = {one for book in ledger.books for one in book.ids}
    for source, sent in ids.items():
        there = set(found.ids.get(source, []))
        keys = ((message_key(source, one), one) for one in sent)
        wrong = [one for key, one in keys if key in there and products[key] != (2 if one.startswith("o") else 0)]
        if wrong:
            yield f"{source}: {len(wrong)} with the wrong number of products: {', '.join(sorted(wrong)[:_FEW])}"
    orphans = products.keys() - _all(found.ids.values())
    if orphans:
        yield f"{len(orphans)} events have products and are not there themselves"


def _decisions(found: Found, ledger: Ledger) -> Iterator[str]:
    """What a page was told of is there, once; one that was not told of may be."""
    there = Counter(found.decisions)
    if lost := sorted(ledger.decided - there.keys()):
        yield f"{len(lost)} decisions answered and lost: {', '.join(lost[:_FEW])}"
    if twice := sorted(one for one, times in there.items() if times > 1):
        yield f"{len(twice)} decisions there twice: {', '.join(twice[:_FEW])}"


def _counts(found: Found) -> Iterator[str]:
    """What the store says it accepted is what is there; people who were forgotten stay counted, in their source."""
    for source in (WEB, IMPORTED):
        there = len(found.ids.get(source, [])) + (found.consents if source == WEB else 0)
        if found.accepted.get(source, 0) != there:
            yield f"{source}: {found.accepted.get(source, 0)} are counted as accepted, {there} are there"


def _all(lists: Iterable[list[int]]) -> set[int]:
    return {one for each in lists for one in each}
