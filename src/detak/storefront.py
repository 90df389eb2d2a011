"""Decisions for a shop's own server in Python: asked over HTTP, within a time-out, and never in the way of the page.

    shop = Storefront("https://detak.example", WRITE_KEY)
    page = shop.decide(["home", Asked("cart", 4, product="P7")], user_id="42", anonymous_id=cookie)
    home = page.products("home", default=bestsellers)

Where the engine is slow, down, or does not like the question, the page holds nothing, and every placement shows the
shop's default. What went wrong is logged, and in ``page.trouble``.
"""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import httpx
import msgspec

from detak.decide.asking import Asked, Question, Situation
from detak.decision import Decision, Promotion

_AT_ONCE: Final = 32
_log = logging.getLogger("detak.storefront")


class _Answer(msgspec.Struct):
    decisions: list[Decision]


class Page(msgspec.Struct, frozen=True):
    """What is to be shown."""

    decisions: dict[str, Decision] = {}
    """By placement; one that is missing shows the shop's default."""
    trouble: str = ""
    """Why there are none; empty: nothing was wrong."""

    def products(self, placement: str, default: Sequence[str] = ()) -> list[str]:
        """The ids to show, in order: those decided on, else the shop's default."""
        found = self.decisions.get(placement)
        return [slot.product_id for slot in found.slate] if found and found.slate else list(default)

    def decision_id(self, placement: str) -> str | None:
        """What events that follow name as ``decision_id``; None: the default was shown, and nothing is to be named."""
        found = self.decisions.get(placement)
        return found.decision_id if found and found.slate else None

    def promotion(self, placement: str) -> Promotion | None:
        """The offer that goes with it."""
        found = self.decisions.get(placement)
        return found.promotion if found else None


class Storefront:
    """Asks one engine. Any thread may use it; keep one for the whole process, and close it in the end.

    Args:
        url: of the engine, without a path.
        key: the write key of a source; with ``private_key`` in the settings it may ask for any user.
        timeout: seconds after which a page is answered without decisions, whatever the engine does.
        rest: seconds for which nothing is asked after a time-out or a broken connection, so that an engine that is down
            costs one time-out in a while and not one a page.
    """

    def __init__(self, url: str, key: str, *, timeout: float = 0.3, rest: float = 5.0) -> None:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=False)
        self._pool = ThreadPoolExecutor(_AT_ONCE, "detak-storefront")
        self._timeout = timeout
        self._rest = rest
        self._until = 0.0
        self._changing = threading.Lock()

    def __enter__(self) -> "Storefront":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def decide(
        self,
        placements: Sequence[Asked | str] | Asked | str,
        *,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        context: Situation | None = None,
        session: Sequence[str] = (),
    ) -> Page:
        """What one person sees in these placements. Nothing is raised: where there is no answer the page says why.

        ``session``: products looked at in this visit, oldest first; used for this answer, and kept nowhere.
        """
        if time.monotonic() < self._until:
            return Page(trouble="the engine did not answer a moment ago")
        try:
            some = [placements] if isinstance(placements, str | Asked) else placements
            asked = [Asked(one) if isinstance(one, str) else one for one in some]
            said = Question(asked, user_id, anonymous_id, context=context or Situation(), session=list(session))
            question = msgspec.json.encode(said)
        except Exception as error:  # the engine is well: others' questions are asked as before
            return self._trouble(f"this is no question ({type(error).__name__}: {str(error)[:100]})")
        try:
            return self._read(self._send(question).result(self._timeout), asked)
        except Exception as error:  # whatever it is, the shop's page must stand
            with self._changing:
                self._until = time.monotonic() + self._rest
            told = f": {error}" if isinstance(error, httpx.UnsupportedProtocol) else ""
            return self._trouble(f"the engine does not answer ({type(error).__name__}{told})")

    def _send(self, body: bytes) -> "Future[httpx.Response]":
        return self._pool.submit(self._http.post, "/v1/decide", content=body)

    def _read(self, answer: httpx.Response, asked: Sequence[Asked]) -> Page:
        if not answer.is_success:
            return self._trouble(f"the engine answered {answer.status_code}: {_message(answer)}")
        decisions = msgspec.json.decode(answer.content, type=_Answer).decisions
        found: dict[str, Decision] = {}
        for one, decision in zip(asked, decisions, strict=True):
            found.setdefault(one.name, decision)  # of a placement that is named twice the first
        return Page(found)

    def _trouble(self, told: str) -> Page:
        _log.warning("%s; the shop's default is shown", told)
        return Page(trouble=told)


def _message(answer: httpx.Response) -> str:
    try:
        told: Any = answer.json()
        return str(told["message"])[:200]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
