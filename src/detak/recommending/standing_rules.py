"""``rules.toml`` as it stands: read again when it changes; while it cannot be read, the rules before stand."""

import logging
import threading
from pathlib import Path

from detak.decide.rulebook import Rulebook, read_rulebook
from detak.errors import SettingsError
from detak.recommend.content import Items
from detak.recommend.ruled import idle

_log = logging.getLogger("detak.rules")


class StandingRules:
    """The rules of one shop. Any thread may ask.

    Args:
        path: of the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.Lock()
        self._stamp: float | None = None
        self._last = Rulebook()
        self.known = False
        """Whether the file could be read since the start: else what stands beside a trouble is built in."""
        self.idle: tuple[str, ...] = ()
        """Rules that speak of no product, when the products were looked at last."""
        self._held: tuple[Rulebook, Items] | None = None
        self.trouble = ""
        """What is wrong with the file; empty: nothing."""

    def read(self) -> Rulebook:
        """What the file says now.

        Raises:
            SettingsError: it cannot be read, or says something that is no rule.
        """
        with self._reading:
            try:
                self._renew()
            except OSError as error:
                raise SettingsError(f"{self._path.name} cannot be read: {error.strerror}") from None
            except UnicodeDecodeError as error:
                place = f"byte {error.start + 1}"
                raise SettingsError(f"{self._path.name} is not UTF-8 ({place}): save it as UTF-8") from None
            return self._last

    def hold_to(self, items: Items, currency: str) -> None:
        """See which rules speak of none of the products that there are, and say so."""
        book = self.standing()
        if self._held is not None and self._held[0] is book and self._held[1] is items:
            return
        self._held = book, items
        found = tuple(
            f"placements.{name}.rules.{key}"
            for name, placement in (book.shelves.placements.items() if len(items) else ())
            for key in idle(placement.rules, items, currency)
        )
        for one in found:
            if one not in self.idle:
                _log.warning("%s: %s speaks of no product that there is", self._path.name, one)
        self.idle = found

    def _renew(self) -> None:
        try:
            stamp = self._path.stat().st_mtime
        except FileNotFoundError:
            self._last, self._stamp = (Rulebook() if self._stamp is not None else self._last), None
            self.known = True  # that there are none
            return
        if stamp != self._stamp:
            # Some editors begin a file of UTF-8 with a mark, which is no TOML.
            self._last = read_rulebook(self._path.read_text(encoding="utf-8-sig"))
            self._stamp, self.known = stamp, True

    def standing(self) -> Rulebook:
        """What the file says, or said when it could last be read."""
        try:
            found = self.read()
            self.trouble = ""
        except SettingsError as error:
            if str(error) != self.trouble:
                _log.error("%s; %s", error, "the rules before stand" if self.known else "the built-in rules stand")
            self.trouble = str(error)
            return self._last
        return found
