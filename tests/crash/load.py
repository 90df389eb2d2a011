"""Clients: they batch, wait for an answer, try again without one, send old things twice, and change their mind."""

import base64
import gzip
import json
import random
import threading
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx

from tests.crash.ledger import Ledger, Message, Parcel

_MOST = 200  # messages of a batch
_PEOPLE = 300
_TRY_AGAIN = (429, 503)
_TIMEOUT = 20.0


def authorised(key: str) -> dict[str, str]:
    """A write key as SDKs show it."""
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def order(key: str, user: str) -> Message:
    """An order of two products."""
    products = [{"product_id": f"P{n}", "price": 12_500, "quantity": 1} for n in (1, 2)]
    properties = {"order_id": key, "total": 25_000, "currency": "IDR", "products": products}
    return {"type": "track", "event": "Order Completed", "messageId": key, "userId": user, "properties": properties}


class Client(threading.Thread):
    """One client of the shop's, until it is stopped or the server is gone.

    Args:
        name: unique in the campaign; the ids of its messages begin with it.
    """

    def __init__(self, url: str, key: str, ledger: Ledger, name: str, seed: str) -> None:
        super().__init__(name=name, daemon=True)
        self._http = httpx.Client(
            base_url=url, headers=authorised(key), trust_env=False, verify=False, timeout=_TIMEOUT
        )
        self._ledger = ledger
        self._rng = random.Random(seed)
        self._numbers = count()
        self._halt = threading.Event()

    def run(self) -> None:
        """Send until told to halt."""
        with self._http:
            while not self._halt.is_set():
                try:
                    self._turn()
                except httpx.TimeoutException:
                    return self._ledger.fault(f"a request was not answered in {_TIMEOUT:.0f} seconds")
                except httpx.HTTPError:
                    return None  # the server is gone
                self._halt.wait(self._rng.uniform(0, 0.01))
        return None

    def halt(self) -> None:
        """Send no more after the present request."""
        self._halt.set()

    def _turn(self) -> None:
        chance = self._rng.random()
        if chance < 0.03:
            self._refuse()
        elif chance < 0.07:
            for _ in range(int(2 ** self._rng.uniform(0, 5))):
                self._decide()
        elif chance < 0.16 and (old := self._ledger.replay(self._rng)):
            self._send(old)
        elif chance < 0.5 and (unanswered := self._ledger.again()):
            for part in self._split(unanswered):
                self._send(part)
        else:
            self._send(self._fresh())

    def _fresh(self) -> Parcel:
        if self._rng.random() < 0.2:
            message = self._message()
            return Parcel(f"/v1/{message['type']}", (message,))
        messages = [self._message() for _ in range(int(2 ** self._rng.uniform(0, 7.65)))]
        if self._rng.random() < 0.05:
            messages.insert(self._rng.randrange(len(messages) + 1), {"type": "track"})  # an event of no name
        return Parcel("/v1/batch", tuple(messages[:_MOST]))

    def _message(self) -> Message:
        person = self._rng.randrange(_PEOPLE)
        kind = self._rng.choice(["order", "order", "track", "identify", "page"])
        key = f"{'o' if kind == 'order' else 'n'}-{self.name}-{next(self._numbers)}"
        if kind == "order":
            return order(key, f"u{person}")
        message: Message = {"type": kind, "messageId": key, "userId": f"u{person}", "anonymousId": f"a{person}"}
        message["timestamp"] = datetime.now(UTC).isoformat()
        if kind == "track":
            message |= {"event": "Signed In", "properties": {"method": "🔑" * self._rng.randrange(9)}}
        if kind == "identify":
            message["traits"] = {"email": f"{person}@example.com", "visits": self._rng.randrange(99)}
        return message

    def _split(self, parcel: Parcel) -> list[Parcel]:
        """What a client sends again need not be cut as it was."""
        if parcel.path != "/v1/batch" or len(parcel.messages) < 2 or self._rng.random() < 0.7:
            return [parcel]
        at = self._rng.randrange(1, len(parcel.messages))
        return [Parcel(parcel.path, parcel.messages[:at]), Parcel(parcel.path, parcel.messages[at:])]

    def _send(self, parcel: Parcel) -> bool:
        self._ledger.send(parcel)
        now = datetime.now(UTC).isoformat()
        content: Any = {"batch": parcel.messages, "sentAt": now} if parcel.path == "/v1/batch" else parcel.messages[0]
        body = json.dumps(content).encode()
        packed = {"Content-Encoding": "gzip"} if self._rng.random() < 0.3 else {}
        try:
            answer = self._http.post(parcel.path, content=gzip.compress(body, 1) if packed else body, headers=packed)
        except httpx.HTTPError:
            if self._rng.random() < 0.8:  # the others give up: what became of theirs, nobody will ask
                self._ledger.unanswered(parcel)
            raise
        return self._heard(parcel, answer)

    def _heard(self, parcel: Parcel, answer: httpx.Response) -> bool:
        if answer.status_code == 200:
            self._ledger.acknowledge(parcel)
            return True
        self._ledger.unanswered(parcel)
        if answer.status_code in _TRY_AGAIN and "Retry-After" in answer.headers:
            self._ledger.turn_away()
            self._halt.wait(0.05)
        else:
            self._ledger.fault(f"{parcel.path} answered {answer.status_code}: {answer.text[:300]}")
        return False

    def _refuse(self) -> None:
        """A person does something, then says no to statistics."""
        number = next(self._numbers)
        user = f"r-{self.name}-{number}"
        parcel = Parcel("/v1/batch", tuple(order(f"o-{user}-{n}", user) for n in range(3)))
        if not self._send(parcel):
            return
        answer = self._http.put("/v1/consent", json={"userId": user, "purposes": {"analytics": False}})
        if answer.status_code == 200:
            self._ledger.refuse(user, parcel.ids)
        elif answer.status_code in _TRY_AGAIN:
            self._ledger.turn_away()
        else:
            self._ledger.fault(f"/v1/consent answered {answer.status_code}: {answer.text[:300]}")

    def _decide(self) -> None:
        """A page asks what to show; the number that it is told must be among the facts."""
        who = (
            {"anonymousId": f"page-{self.name}"}
            if self._rng.random() < 0.5
            else {"userId": f"u{self._rng.randrange(_PEOPLE)}"}
        )
        question = {**who, "placements": [{"name": "home"}, {"name": "foot", "k": 4}]}
        answer = self._http.post("/v1/decide", json=question)
        if answer.status_code == 200:
            self._ledger.decide([one["decision_id"] for one in answer.json()["decisions"]])
        elif answer.status_code in _TRY_AGAIN:
            self._ledger.turn_away()
        else:
            self._ledger.fault(f"/v1/decide answered {answer.status_code}: {answer.text[:300]}")
