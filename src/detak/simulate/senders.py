"""Who sends a visit's messages: device, account, consent, client program, place."""

import numpy as np
import pyarrow as pa

from detak.simulate.config import Ints
from detak.simulate.pieces import join, number, pick
from detak.simulate.shelf import Shelf
from detak.simulate.story import ADDRESS
from detak.simulate.timeline import Draft, Senders
from detak.simulate.visits import Visits
from detak.simulate.world import World

NEVER = 10**6
_SIGNED_IN = 0.6  # of visits of people with an account they are signed in from the beginning
_USUAL = 0.8  # of visits come from the usual device


def senders_of(world: World, shelf: Shelf, day: int, visits: Visits, rng: np.random.Generator) -> Senders:
    """Who sends the messages of each visit."""
    people, who = world.people, visits.person
    n = len(visits)
    account = people.joined[who] <= day
    known_from = np.where(account, np.where(rng.random(n) < _SIGNED_IN, 0, ADDRESS - 2), NEVER)
    agent = people.agent[who]
    other = (rng.random(n) >= _USUAL) & (agent[:, 0] != agent[:, 1])
    bits = np.where(visits.start >= people.changes[who], people.consent[who, 1], people.consent[who, 0])
    context = join(
        pick(shelf.consent, bits), pick(shelf.agent, np.where(other, agent[:, 1], agent[:, 0])),
        pick(shelf.place, people.place[who]),
    )  # fmt: skip
    anonymous = join("a", number(who), "-", number(other.astype(np.int64)))
    return Senders(anonymous, join("u", number(who)), known_from, context, "", visits.start, people.pace[who])


def signing_in(shelf: Shelf, world: World, senders: Senders, visit: Ints, person: Ints) -> list[Draft]:
    """Those of ``visit`` (who come to the checkout) who were not signed in and have an account."""
    late = senders.known_from[visit] == ADDRESS - 2
    at, who = visit[late], person[late]
    told = pa.repeat('"method":"password"', len(at))
    traits = join('"type":"customer"', pick(shelf.city, world.people.place[who]))
    return [
        Draft("sign_in", at, np.full(len(at), ADDRESS - 2), told, "/masuk"),
        Draft("identify", at, np.full(len(at), ADDRESS - 1), traits, "/masuk"),
    ]
