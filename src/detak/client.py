"""An engine in another process, reached over the machine's own loopback with the token that only the owner can read."""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from detak.admin_token import proof, same
from detak.alerts import Alert
from detak.bots import BotsReport, Rejudged
from detak.catalogue import Result
from detak.decision_words import Explanation
from detak.errors import RepeatedError, StoreError, UsageError
from detak.questions import Answer, Audit, Question, source_name
from detak.reading.outcomes import Outcome
from detak.reading.resend import Rejected, Resent
from detak.receipt import Receipt
from detak.recommending.asking import Ask
from detak.recommending.everyone import Some
from detak.recommending.explaining import Told
from detak.recommending.models import FitReport
from detak.trust.passages import Identity, Person

_TIMEOUT = httpx.Timeout(300, connect=5)


class _Refused(msgspec.Struct):
    message: str
    said: dict[str, str] = {}


class Remote:
    """The verbs of an engine that the command line needs, through the server that holds the store."""

    def __init__(self, folder: Path, url: str, token: str) -> None:
        self.folder = folder
        self._token = token
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT, trust_env=False)
        self._pool = ThreadPoolExecutor(2, "detak-client")

    def answers(self) -> bool:
        """Whether the server is there and proves that it holds the token, which is shown to nobody before that."""
        nonce = secrets.token_urlsafe(32)
        try:
            said = self._http.get("/health", params={"nonce": nonce}, timeout=5)
            return said.is_success and same(str(said.json()["proof"]), proof(self._token, nonce))
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return False

    def __enter__(self) -> "Remote":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        self._http.close()

    def take(self, source: str, body: bytes, *, imported: bool) -> "Future[list[Outcome]]":
        """Have a batch of an import taken in."""
        if not imported:
            raise UsageError("live events go to /v1/batch")

        def send() -> list[Outcome]:
            answer = self._post(f"/v1/admin/import/{_segment(source)}", content=body)
            return [Outcome(*one) for one in msgspec.json.decode(answer, type=list[tuple[str, str, str]])]

        return self._pool.submit(send)

    def audit_import(self, file: str, source: str, counts: dict[str, int]) -> None:
        """Leave an import in the audit."""
        self._post("/v1/admin/imported", json={"file": file, "source": source, "counts": counts})

    def answer(self, question: Question) -> Answer:
        """A report as JSON and as text."""
        return msgspec.json.decode(self._post("/v1/admin/answer", content=msgspec.json.encode(question)), type=Answer)

    def names(self, question: Question, limit: int) -> list[Person]:
        """The people behind a number."""
        body = msgspec.json.encode({"question": question, "limit": limit})
        return msgspec.json.decode(self._post("/v1/admin/people", content=body), type=list[Person])

    def export(self, identifiers: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Everything kept of a person."""
        found: dict[str, Any] = msgspec.json.decode(self._post("/v1/admin/export", json=_person(identifiers)))
        return found

    def forget(self, identifiers: Sequence[tuple[str, str]]) -> Receipt:
        """Remove a person."""
        return msgspec.json.decode(self._post("/v1/admin/forget", json=_person(identifiers)), type=Receipt)

    def write_key(self, source: str) -> str:
        """The write key of a source."""
        return str(msgspec.json.decode(self._post(f"/v1/admin/keys/{_segment(source)}"))["key"])

    def revoke_key(self, source: str) -> None:
        """Take a source's write key back."""
        self._send("DELETE", f"/v1/admin/keys/{_segment(source)}")

    def audit(self) -> Audit:
        """The audit chain, and whether it holds."""
        return msgspec.json.decode(self._send("GET", "/v1/admin/audit"), type=Audit)

    @property
    def models(self) -> "RemoteModels":
        """The models."""
        return RemoteModels(self._send)

    @property
    def everyone(self) -> "RemoteEveryone":
        """Recommendations for many."""
        return RemoteEveryone(self._send)

    @property
    def decisions(self) -> "RemoteDecisions":
        """What was decided."""
        return RemoteDecisions(self._send)

    @property
    def catalogue(self) -> "RemoteCatalogue":
        """The products."""
        return RemoteCatalogue(self._send)

    def alerts(self) -> list[Alert]:
        """What is broken now."""
        return msgspec.json.decode(self._send("GET", "/v1/alerts"), type=list[Alert])

    def identity(self, identifiers: Sequence[tuple[str, str]]) -> Identity:
        """Under which identifiers a person is known, and why."""
        return msgspec.json.decode(self._post("/v1/admin/identity", json=_person(identifiers)), type=Identity)

    def unite(self, one: Sequence[tuple[str, str]], other: Sequence[tuple[str, str]], why: str) -> None:
        """Take two people for one."""
        self._post("/v1/admin/identity/unite", json={"one": _person(one), "other": _person(other), "why": why})

    def part(self, merge: int) -> None:
        """Take a merge back."""
        self._post("/v1/admin/identity/part", json={"merge": merge})

    def bots_report(self) -> BotsReport:
        """What was flagged as programs'."""
        return msgspec.json.decode(self._send("GET", "/v1/admin/bots"), type=BotsReport)

    def rejudge_bots(self) -> Rejudged:
        """Judge the facts again by the list that is in force now."""
        return msgspec.json.decode(self._post("/v1/admin/bots/reprocess"), type=Rejudged)

    def rejects_report(self) -> list[Rejected]:
        """Why messages could not be used."""
        return msgspec.json.decode(self._send("GET", "/v1/admin/rejects"), type=list[Rejected])

    def replay_rejects(self, source: str | None, event: str | None) -> Resent:
        """Send kept messages again."""
        asked = {"source": source, "event": event}
        return msgspec.json.decode(self._post("/v1/admin/rejects/replay", json=asked), type=Resent)

    def _post(self, path: str, *, content: bytes | None = None, json: object = None) -> bytes:
        return self._send("POST", path, content=content if json is None else msgspec.json.encode(json))

    def _send(self, method: str, path: str, content: bytes | None = None) -> bytes:
        try:
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
            answer = self._http.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise StoreError(f"{self.folder}: the server that holds this store does not answer ({error})") from None
        if answer.is_success:
            return answer.content
        try:
            told = msgspec.json.decode(answer.content, type=_Refused)
        except msgspec.MsgspecError:
            told = _Refused(f"the server answered {answer.status_code}")
        raise RepeatedError(told.message, told.said)


class RemoteDecisions:
    """The verbs of decisions that the command line needs."""

    def __init__(self, send: Callable[[str, str, bytes | None], bytes]) -> None:
        self._send = send

    def why(self, decision_id: str, language: str | None = None) -> Explanation:
        """What was shown under a number, and why, in words."""
        asked = f"?lang={language}" if language else ""
        found = self._send("GET", f"/v1/decisions/{quote(decision_id, safe='')}{asked}", None)
        return msgspec.json.decode(found, type=Explanation)

    def lately(self, identifiers: Sequence[tuple[str, str]], most: int) -> list[str]:
        """The numbers of the last decisions for somebody."""
        body = msgspec.json.encode({**_person(identifiers)})
        return msgspec.json.decode(self._send("POST", "/v1/admin/decisions", body), type=list[str])[:most]


class RemoteCatalogue:
    """The verbs of the catalogue that the command line needs."""

    def __init__(self, send: Callable[[str, str, bytes | None], bytes]) -> None:
        self._send = send

    def put(self, rows: Sequence[object], source: str) -> Result:
        """Take products in."""
        body = msgspec.json.encode({"products": rows})
        return msgspec.json.decode(self._send("PUT", f"/v1/catalogue?source={source}", body), type=Result)


class RemoteModels:
    """The verbs of the models that the command line needs."""

    def __init__(self, send: Callable[[str, str, bytes | None], bytes]) -> None:
        self._send = send

    def fit(self, *, whole: bool = False) -> FitReport:
        """Fit every recommender; ``whole``: choose the settings anew, too."""
        address = "/v1/admin/fit?whole=true" if whole else "/v1/admin/fit"
        return msgspec.json.decode(self._send("POST", address, None), type=FitReport)

    def told(self, ask: Ask, language: str | None = None) -> Told:
        """Products, with reasons in words."""
        wanted = {"k": ask.k, "shelf": ask.shelf, "product": ask.product, "category": ask.category, "again": ask.again}
        more = {"session": list(ask.session), "placement": ask.placement, "language": language}
        asked = {**_person(ask.identifiers), **wanted, **more}
        return msgspec.json.decode(self._send("POST", "/v1/recommend", msgspec.json.encode(asked)), type=Told)


class RemoteEveryone:
    """Recommendations for all who agreed to be written to."""

    def __init__(self, send: Callable[[str, str, bytes | None], bytes]) -> None:
        self._send = send

    def some(self, ask: Ask, language: str | None = None, *, after: str = "", most: int = 1_000) -> Some:
        """For some of them."""
        wanted = {"k": ask.k, "shelf": ask.shelf, "category": ask.category, "placement": ask.placement}
        body = msgspec.json.encode({**wanted, "language": language, "after": after, "most": most})
        return msgspec.json.decode(self._send("POST", "/v1/admin/recommend", body), type=Some)


def _segment(source: str) -> str:
    return quote(source_name(source), safe="")


def _person(identifiers: Sequence[tuple[str, str]]) -> dict[str, str]:
    names = {"user": "userId", "anonymous": "anonymousId"}
    return {names[kind]: value for kind, value in identifiers}
