"""One round: a server on the store, clients at it, and SIGKILL at the moment this kind of round is about."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.crash.disk import Disk
from tests.crash.ledger import Book, Leaver, Ledger, Wish
from tests.crash.load import Client, authorised, order
from tests.crash.server import Server, kill, spawn
from tests.crash.verdict import IMPORTED, LEAVING

_CLIENTS = 4
_BOOK = 6_000  # rows of a file to import
_NEVER = 10**9
_RECOVERY = 30.0  # seconds
_SETTINGS = """
seal_rows = {rows}
seal_seconds = {seconds}
part_rows = 20000
essential_events = ["*"]

[sources."*"]
basis = "legitimate_interest"
purposes = ["essential", "analytics"]
"""


@dataclass(frozen=True)
class Stage:
    """What a round happens on."""

    disk: Disk
    ledger: Ledger
    log: Path  # what servers said
    rng: random.Random
    name: str  # unique in the campaign

    @property
    def store(self) -> Path:
        """The store, the same in every round."""
        return self.disk.folder / "store"

    def serve(self, *, seal_rows: int = 500, hurried: bool = False) -> Server:
        """Start the server."""
        self.store.mkdir(mode=0o700, exist_ok=True)
        settings = _SETTINGS.format(rows=seal_rows, seconds=1 if seal_rows < _NEVER else _NEVER)
        (self.store / "detak.toml").write_text(settings)
        return Server(self.store, self.log, hurried=hurried)

    def sleep(self, least: float, most: float) -> None:
        """Some seconds between the two."""
        time.sleep(self.rng.uniform(least, most))

    @contextmanager
    def clients(self, server: Server) -> Iterator[None]:
        """Clients that send meanwhile."""
        made = [
            Client(server.url, server.key, self.ledger, f"{self.name}.{n}", f"{self.rng.random()}.{n}")
            for n in range(_CLIENTS)
        ]
        for client in made:
            client.start()
        try:
            yield
        finally:
            for client in made:
                client.halt()
            for client in made:
                client.join()


def traffic(stage: Stage) -> str:
    """Killed while clients send."""
    server = stage.serve(seal_rows=stage.rng.choice([200, 2000, 20_000]))
    with stage.clients(server):
        stage.sleep(0.2, 1.5)
        server.kill()
    return "traffic"


def seal(stage: Stage) -> str:
    """Killed while a part of the facts is being written."""
    server = stage.serve(seal_rows=stage.rng.choice([50, 500, 2000]))
    with stage.clients(server):
        stage.sleep(0.1, 1.0)
        writing = _writes(stage.store, 3)
        stage.sleep(0, 0.01)
        server.kill()
    return "seal" if writing else "traffic"


def compaction(stage: Stage) -> str:
    """Killed while small parts are being merged; nothing is sealed in such a round, so whatever is written is that."""
    server = stage.serve(seal_rows=_NEVER, hurried=True)
    with stage.clients(server):
        writing = _writes(stage.store, 3)
        stage.sleep(0, 0.03)
        server.kill()
    return "compaction" if writing else "traffic"


def startup(stage: Stage) -> str:
    """Killed again and again before, or just when, it answers."""
    for _ in range(stage.rng.randint(1, 3)):
        starting = spawn(["serve", "--store", str(stage.store), "--port", "0", "--json"], stage.log)
        stage.sleep(0.05, 1.8)
        kill(starting)
    return "start-up"


def importing(stage: Stage) -> str:
    """Killed while a file comes in: the server, the command, or the command that has the store alone."""
    book = next((one for one in stage.ledger.books if not one.done), None) or _write_book(stage)
    command = ["import", str(_path(stage, book)), "--source", IMPORTED, "--store", str(stage.store), "--json"]
    if stage.rng.random() < 0.4:
        alone = spawn(command, stage.log)
        stage.sleep(0.6, 2.5)
        book.done = alone.poll() == 0
        kill(alone)
        return "import"
    server = stage.serve()
    with stage.clients(server):
        running = spawn(command, stage.log)
        stage.sleep(0.6, 2.5)
        book.done = running.poll() == 0
        if stage.rng.random() < 0.5:
            server.kill()
        kill(running)
        server.kill()
    return "import"


def forgetting(stage: Stage) -> str:
    """Killed while somebody is being forgotten."""
    server = stage.serve()
    pending = [one for one in stage.ledger.leavers if one.wish is Wish.ASKED]
    with stage.clients(server):
        for leaver in pending:
            forget(server, leaver, stage.ledger)
        for leaver in [_meet(stage, server, number) for number in range(3)][1:]:  # the first stays
            asking = threading.Thread(target=forget, args=(server, leaver, stage.ledger))
            asking.start()
            stage.sleep(0, 0.4)
            if leaver.user.endswith("2"):
                server.kill()
            asking.join()
    return "forget"


def full(stage: Stage) -> str:
    """A full disk: killed then, and started on it; or given space again, and expected to go on."""
    server = stage.serve()
    with stage.clients(server):
        stage.sleep(0.2, 0.5)
        stage.disk.fill(server)
        stage.sleep(0.4, 1.2)
        if stage.rng.random() < 0.5:
            server.kill()
        else:
            stage.disk.free(server)
            if not recovered(server):
                stage.ledger.fault("the server did not take events again after the disk had space")
            stage.sleep(0.1, 0.5)
            server.kill()
            return "full disk"
    starting = spawn(["serve", "--store", str(stage.store), "--port", "0", "--json"], stage.log)
    stage.sleep(0.5, 2.5)
    kill(starting)
    stage.disk.free(server)
    return "full disk"


KINDS: dict[str, Callable[[Stage], str]] = {
    one.__name__: one for one in (traffic, seal, compaction, startup, importing, forgetting, full)
}
DECK = ("traffic", "traffic", "traffic", "seal", "seal", "compaction", "startup", "importing", "forgetting", "full")
"""Ten rounds; each ten are shuffled anew."""


def calm(stage: Stage) -> None:
    """A last round without a fault: everything that waits is sent again, every wish granted, every file imported."""
    server = stage.serve()
    for leaver in stage.ledger.leavers:
        if leaver.wish is Wish.ASKED:
            forget(server, leaver, stage.ledger)
    for book in stage.ledger.books:
        command = ["import", str(_path(stage, book)), "--source", IMPORTED, "--store", str(stage.store), "--json"]
        said, _ = spawn(command, stage.log).communicate(timeout=120)
        told = json.loads(said or "{}")
        book.done = told.get("accepted", 0) + told.get("duplicates", 0) == len(book.ids)
        if not book.done:
            stage.ledger.fault(f"{book.name} cannot be imported: {said}")
    until = time.monotonic() + 2 * _RECOVERY
    with stage.clients(server):
        while stage.ledger.waiting and time.monotonic() < until:
            time.sleep(0.05)
    if stage.ledger.waiting > _CLIENTS:
        stage.ledger.fault(f"{stage.ledger.waiting} batches still wait for an answer")
    server.stop()


def forget(server: Server, leaver: Leaver, ledger: Ledger) -> None:
    """Ask that somebody be forgotten. One who was asked for before may be gone already."""
    before, leaver.wish = leaver.wish, Wish.ASKED
    try:
        answer = httpx.post(
            f"{server.url}/v1/admin/forget",
            json={"userId": leaver.user},
            headers={"Authorization": f"Bearer {server.token}"},
            trust_env=False,
            verify=False,
            timeout=60,
        )
    except httpx.TransportError:
        return
    if answer.status_code == 200 or (answer.status_code == 404 and before is Wish.ASKED):
        leaver.wish = Wish.GRANTED
    else:
        ledger.fault(f"forget answered {answer.status_code}: {answer.text[:300]}")


def recovered(server: Server) -> bool:
    """Whether the server takes events again before long."""
    until = time.monotonic() + _RECOVERY
    while time.monotonic() < until:
        answer = httpx.post(
            f"{server.url}/v1/batch",
            json={"batch": []},
            headers=authorised(server.key),
            trust_env=False,
            verify=False,
            timeout=20,
        )
        if answer.status_code == 200:
            return True
        time.sleep(0.05)
    return False


def _writes(store: Path, seconds: float) -> bool:
    """Wait until a file among the facts is being written."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if any(path.name.endswith(".tmp") for path in (store / "facts").iterdir()):
            return True
        time.sleep(0.0005)
    return False


def _meet(stage: Stage, server: Server, number: int) -> Leaver:
    """Somebody new, who orders three things under a key of their own."""
    user = f"l{stage.name}x{number}"
    leaver = Leaver(user, [f"o-{user}-{n}" for n in range(3)])
    stage.ledger.leavers.append(leaver)
    bearer = {"Authorization": f"Bearer {server.token}"}
    made = httpx.post(
        f"{server.url}/v1/admin/keys/{LEAVING}", headers=bearer, trust_env=False, verify=False, timeout=20
    ).json()
    batch = {"batch": [order(one, user) for one in leaver.ids]}
    answer = httpx.post(
        f"{server.url}/v1/batch", json=batch, headers=authorised(made["key"]), trust_env=False, verify=False, timeout=20
    )
    leaver.acknowledged = answer.status_code == 200
    return leaver


def _write_book(stage: Stage) -> Book:
    book = Book(f"book-{stage.name}.jsonl", [f"o-b{stage.name}-{n}" for n in range(_BOOK)])
    lines = (json.dumps(order(one, f"b{n % 99}")) for n, one in enumerate(book.ids))
    stage.ledger.books.append(book)
    _path(stage, book).write_text("\n".join(lines) + "\n")
    return book


def _path(stage: Stage, book: Book) -> Path:
    return stage.log.with_name(book.name)
