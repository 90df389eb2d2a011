"""What clients sent, and what they were told: the truth that the facts are held against. Any thread may write."""

import random
import threading
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NamedTuple

Message = dict[str, Any]
_REPLAYED = 400  # answered batches kept for replays


class Parcel(NamedTuple):
    """Messages that travel in one request: a batch, or one message to the path of its type."""

    path: str
    messages: tuple[Message, ...]

    @property
    def ids(self) -> list[str]:
        """The message ids of the messages that can be used."""
        return [message["messageId"] for message in self.messages if "messageId" in message]


class Wish(Enum):
    """How far a person's wish to be forgotten has come."""

    NONE = auto()
    ASKED = auto()  # and not answered: any part of it may have happened
    GRANTED = auto()


@dataclass
class Leaver:
    """A person who is going to ask to be forgotten."""

    user: str
    ids: list[str]
    acknowledged: bool = False
    wish: Wish = Wish.NONE


@dataclass
class Book:
    """A file to import."""

    name: str
    ids: list[str]
    done: bool = False


@dataclass
class Ledger:
    """Everything sent so far. Ids of orders begin with ``o``: each has two products; the others have none."""

    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    unheard: set[str] = field(default_factory=set)  # found among the facts though nobody had been told so
    refused: dict[str, list[str]] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)  # numbers of decisions that were answered
    leavers: list[Leaver] = field(default_factory=list)
    books: list[Book] = field(default_factory=list)
    replayed: int = 0
    retried: int = 0
    turned_away: int = 0  # 429 and 503
    faults: list[str] = field(default_factory=list)
    _waiting: deque[Parcel] = field(default_factory=deque)
    _answered: deque[Parcel] = field(default_factory=lambda: deque(maxlen=_REPLAYED))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def waiting(self) -> int:
        """Parcels without an answer that will be sent again."""
        return len(self._waiting)

    def send(self, parcel: Parcel) -> None:
        """A parcel is about to leave; whatever happens now, its messages may be there."""
        with self._lock:
            self.sent.update(parcel.ids)

    def acknowledge(self, parcel: Parcel) -> None:
        """The server said 200: from now on its messages must be there."""
        with self._lock:
            self.acknowledged.update(parcel.ids)
            self._answered.append(parcel)

    def unanswered(self, parcel: Parcel) -> None:
        """No answer, or one that says try again: a client will."""
        with self._lock:
            self._waiting.append(parcel)

    def again(self) -> Parcel | None:
        """A parcel to send once more, if one waits."""
        with self._lock:
            if not self._waiting:
                return None
            self.retried += 1
            return self._waiting.popleft()

    def replay(self, rng: random.Random) -> Parcel | None:
        """A parcel that was answered already, as a broken client or a network sends it twice."""
        with self._lock:
            if not self._answered:
                return None
            self.replayed += 1
            return rng.choice(self._answered)

    def refuse(self, user: str, ids: list[str]) -> None:
        """A person's no was answered: statistics must not see these messages of theirs."""
        with self._lock:
            self.refused[user] = ids

    def decide(self, numbers: list[str]) -> None:
        """Decisions were answered: they must be there."""
        with self._lock:
            self.decided.update(numbers)

    def turn_away(self) -> None:
        """A request got 429 or 503."""
        with self._lock:
            self.turned_away += 1

    def fault(self, what: str) -> None:
        """Something that must never happen."""
        with self._lock:
            self.faults.append(what)
