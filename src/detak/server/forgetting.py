"""Wishes to be forgotten, carried out behind the page that they were said on; none is lost when the server ends.

A wish lies in a file of its own, readable by the owner only, from before it is begun until it is done; whoever serves
the store next goes on with it.
"""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final

import msgspec

from detak.errors import DeniedError
from detak.private_files import make_private, remove_for_good, write_secret
from detak.receipt import Receipt
from detak.subject import Identifier

_MOST: Final = 1_000  # receipts that are remembered
_AGAIN: Final = 30.0  # seconds
_log = logging.getLogger("detak.server")

Forget = Callable[[Sequence[Identifier], str], Receipt]
Done = Future[Receipt | None]
"""The receipt; None: they had been forgotten before, by another way."""


class Forgetting:
    """The wishes of one store. Any thread.

    Args:
        folder: of the wishes; made with the first.
        forget: removes a person, by the name of the wish; asked again, it gives the receipt of then.
    """

    def __init__(self, folder: Path, forget: Forget) -> None:
        self._folder = folder
        self._forget = forget
        self._lock = threading.Lock()
        self._wishes: OrderedDict[str, Done] = OrderedDict()
        self._ended = threading.Event()

    def resume(self) -> None:
        """Go on with what the process before this one did not get done."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                whose = msgspec.json.decode(path.read_bytes(), type=list[Identifier])
            except (OSError, msgspec.MsgspecError) as error:
                _log.error("%s: a wish to be forgotten cannot be read: %s", path, type(error).__name__)
                continue
            self._begin(path.stem, whose)

    def wish(self, ticket: str, whose: Sequence[Identifier]) -> Done:
        """Forget somebody: written down when this returns. Said twice with one ticket, it is one wish.

        Raises:
            OSError: the disk does not take it.
        """
        name = _name(ticket)
        with self._lock:
            if (begun := self._wishes.get(name)) is not None:
                return begun
            make_private(self._folder)
            write_secret(self._path(name), msgspec.json.encode(list(whose)))
        return self._begin(name, whose)

    def of(self, ticket: str) -> Done | None:
        """What became of the wish that was said with a ticket; None: none was."""
        return self._wishes.get(_name(ticket))

    def close(self) -> None:
        """Begin nothing again: what is not done yet is done by whoever serves the store next."""
        self._ended.set()

    def _begin(self, name: str, whose: Sequence[Identifier]) -> Done:
        with self._lock:
            if (begun := self._wishes.get(name)) is not None:
                return begun
            done = self._wishes[name] = Done()
            while len(self._wishes) > _MOST and next(iter(self._wishes.values())).done():
                self._wishes.popitem(last=False)
        thread = threading.Thread(target=self._carry_out, args=(name, whose, done), name="detak-forget", daemon=True)
        thread.start()
        return done

    def _carry_out(self, name: str, whose: Sequence[Identifier], done: Done) -> None:
        receipt: Receipt | None = None
        while not self._ended.is_set():
            try:
                receipt = self._forget(whose, name)
            except DeniedError:
                _log.info("somebody who wished to be forgotten is not known any more")
            except Exception as error:
                if not self._ended.is_set():
                    _log.error("a wish to be forgotten was put off: %s", type(error).__name__)
                self._ended.wait(_AGAIN)
                continue
            remove_for_good([self._path(name)])
            done.set_result(receipt)
            return

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _name(ticket: str) -> str:
    """Of the file: the ticket itself would open the page to whoever reads the folder."""
    return hashlib.sha256(ticket.encode()).hexdigest()[:32]
