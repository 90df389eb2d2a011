"""A front before the server that goes wrong as networks and servers do: for tests of clients that send again."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

_OWN = {"connection", "transfer-encoding", "content-length", "retry-after"}


class Fault(NamedTuple):
    """What becomes of a request that sends something."""

    status: int
    taken: bool
    """Whether the server takes it all the same, and only the answer is lost."""


BUSY = Fault(429, False)
LOST = Fault(503, True)
LOST_BUSY = Fault(429, True)


class Front(ThreadingHTTPServer):
    """Passes everything on to a server, after the faults: one for each of the first requests that send something."""

    daemon_threads = True

    def __init__(self, behind: str, faults: Sequence[Fault]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(behind)
        self.faults = list(faults)
        self.answered: list[tuple[str, str, int]] = []  # method, path, status
        self.guard = threading.Lock()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def next_fault(self) -> Fault | None:
        """What becomes of the next request."""
        with self.guard:
            return self.faults.pop(0) if self.faults else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        fault = self.server.next_fault() if self.command in ("POST", "PUT") else None
        status, headers, content = (500, [], b"{}") if fault and not fault.taken else self._ask(body)
        if fault:
            status = fault.status
            headers.append(("Retry-After", "1"))
        with self.server.guard:
            self.server.answered.append((self.command, self.path, status))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status not in (204, 304) and self.command != "HEAD":
            self.wfile.write(content)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection(self.server.behind.hostname or "", self.server.behind.port, timeout=30)
        try:
            connection.request(self.command, self.path, body or None, dict(self.headers.items()))
            answer = connection.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OWN]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def log_message(self, *_: object) -> None:
        """Quietly."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler._pass)


@contextmanager
def front(behind: str, *faults: Fault) -> Iterator[Front]:
    """A front before the server at the address ``behind``."""
    with Front(behind, faults) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()
