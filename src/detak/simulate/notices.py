"""What people get and say outside visits: campaign messages, and changes of mind about consent."""

import numpy as np
import pyarrow as pa

from detak.simulate.campaigns import Movement, movement, name
from detak.simulate.config import DAY_MS, Ints, stream
from detak.simulate.pieces import join, number, pick
from detak.simulate.shelf import Shelf
from detak.simulate.timeline import Draft, Messages, Senders, compose
from detak.simulate.world import World


def notices_of(world: World, shelf: Shelf, day: int) -> Messages:
    """The day's messages: delivered, opened and followed; and consent given or taken back."""
    config = world.config
    moved = movement(world, day)
    sent, read = np.flatnonzero(moved.treated), np.flatnonzero(moved.opened)
    begin = config.midnight(day)
    minds = np.flatnonzero((world.people.changes >= begin) & (world.people.changes < begin + DAY_MS))
    person = np.concatenate([sent, read, minds])
    start = np.concatenate([moved.sent[sent], moved.opened[read], world.people.changes[minds]])
    drafts = [*_mails(moved, sent, read, day), _mind(len(sent) + len(read), len(minds))]
    return compose(
        drafts, _senders(world, shelf, person, start), f"s{config.seed}-{day}-n", stream(config, "notices", day)
    )


def _mails(moved: Movement, sent: Ints, read: Ints, day: int) -> list[Draft]:
    told = f'"campaign_id":"{name(day)}","campaign_name":"{name(day)}"'
    opened = len(sent) + np.arange(len(read))
    followed = opened[moved.clicked[read]]

    def draft(kind: str, visit: Ints, order: int) -> Draft:
        return Draft(kind, visit, np.full(len(visit), order), pa.repeat(told, len(visit)), "/")

    return [draft("delivered", np.arange(len(sent)), 0), draft("opened", opened, 0), draft("link", followed, 1)]


def _mind(first: int, count: int) -> Draft:
    said = pa.repeat('"method":"settings"', count)
    return Draft("consent", first + np.arange(count), np.zeros(count, np.int64), said, "/privasi")


def _senders(world: World, shelf: Shelf, person: Ints, start: Ints) -> Senders:
    people = world.people
    bits = np.where(start >= people.changes[person], people.consent[person, 1], people.consent[person, 0])
    context = join(pick(shelf.consent, bits), pick(shelf.place, people.place[person]))
    known = np.where(people.joined[person] <= (start - world.config.midnight(0)) // DAY_MS, 0, 10**9)
    anonymous, user = join("a", number(person), "-0"), join("u", number(person))
    return Senders(anonymous, user, known, context, "", start, people.pace[person])
