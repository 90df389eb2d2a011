"""An engine that is served in this process, for tests of what comes in over HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec

from detak.consent import Basis, Purpose
from detak.engine import Engine
from detak.server.run import serve
from detak.settings import Settings, SourceSettings

COUNTED = SourceSettings(Basis.LEGITIMATE_INTEREST, ("essential", "analytics"))


class Running:
    """A served engine: its address, its admin token, the write key of the source ``web``."""

    def __init__(self, engine: Engine, url: str, token: str) -> None:
        self.engine = engine
        self.url = url
        self.token = token
        self.key = engine.write_key("web")
        # Nothing here is encrypted, and loading the machine's certificates takes longer than most tests.
        self.http = httpx.Client(base_url=url, trust_env=False, verify=False, timeout=20)

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        """Post JSON, or bytes as they are, with the write key unless ``auth`` says otherwise."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(path, content=content, auth=options.pop("auth", (self.key, "")), **options)

    def facts(self, *columns: str) -> list[dict[str, Any]]:
        """What is among the facts of events, in the order of time and name."""
        return self._run("events", [*columns, "time", "event"], columns)

    def items(self, *columns: str) -> list[dict[str, Any]]:
        """What is among the facts of products."""
        return self._run("items", [*columns, "time", "line"], columns)

    def names(self, purpose: Purpose = Purpose.ANALYTICS) -> list[str]:
        """The names of the events, sorted."""
        self.engine.settle()
        with self.engine.gate.events(purpose, before=datetime.now(UTC), why="test") as granted:
            return sorted(granted.run(granted.facts.events.select("event"))["event"].to_pylist())

    def rejects(self) -> list[dict[str, Any]]:
        """The lines of the rejects file."""
        self.engine.settle()
        path = self.engine.folder / "rejects" / "live.jsonl"
        return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()] if path.exists() else []

    def _run(self, table: str, wanted: list[str], shown: tuple[str, ...]) -> list[dict[str, Any]]:
        self.engine.settle()
        with self.engine.gate.events(Purpose.ANALYTICS, before=datetime.now(UTC), why="test") as granted:
            found = getattr(granted.facts, table)
            rows = granted.run(found.select(*dict.fromkeys(wanted)).order_by(wanted[-2:])).to_pylist()
        return [{name: row[name] for name in shown} for row in rows]


def _first_looks(engine: Engine) -> list[threading.Event]:
    """Set once the models have looked at the facts, and at the catalogue: neither comes between two lines of a test.

    A fresh store has nothing to fit models on, which takes a fifth of a start.
    """
    looked = []
    if not engine._log.end:
        engine.models._refit = lambda: None
    for name in ("_refit", "renew"):
        look, done = getattr(engine.models, name), threading.Event()
        setattr(engine.models, name, partial(_tell, look, done))
        looked.append(done)
    return looked


def _tell(look: Callable[[], None], done: threading.Event) -> None:
    try:
        look()
    finally:
        done.set()


@contextmanager
def served(folder: Path, settings: Settings | None = None) -> Iterator[Running]:
    """Serve a store until the block ends; events of ``web`` count without a consent."""
    ready = threading.Event()
    told: list[str] = []
    stop: list[Any] = []

    def announce(url: str, token: str) -> None:
        told.extend((url, token))
        ready.set()

    with Engine(folder, settings or Settings(sources={"web": COUNTED})) as engine:
        looked = _first_looks(engine)
        options = {"host": "127.0.0.1", "port": 0, "sign_in": False, "ready": announce, "stop": stop.append}
        thread = threading.Thread(target=serve, args=(engine,), kwargs=options, daemon=True)
        thread.start()
        assert ready.wait(60)
        assert all(one.wait(60) for one in looked)
        yield Running(engine, told[0].split("/?")[0], told[1])
        stop[0]()
        thread.join(20)
