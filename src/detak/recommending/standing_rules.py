"""``rules.toml`` as it stands: read again when it changes; while it cannot be read, the rules before stand. What is
dated is there while it holds."""

import logging
import threading
from bisect import bisect_right
from datetime import UTC, tzinfo
from math import inf
from pathlib import Path
from typing import NamedTuple

from detak.clock import now_micros
from detak.decide.rulebook import Rulebook, read_rulebook
from detak.errors import RulesError, SettingsError, said
from detak.recommend.content import Items
from detak.recommend.ruled import idle

_log = logging.getLogger("detak.rules")


class _While(NamedTuple):
    """What holds of some rules between two moments, microseconds since 1970, UTC."""

    written: Rulebook
    begin: float
    end: float
    book: Rulebook


class StandingRules:
    """The rules of one shop. Any thread may ask.

    Args:
        path: of the file; it need not exist.
        zone: by whose clock the file's days begin.
    """

    def __init__(self, path: Path, zone: tzinfo = UTC) -> None:
        self._path = path
        self._zone = zone
        self._reading = threading.Lock()
        self._stamp: float | None = None
        self._last = Rulebook()
        self._while = _While(self._last, -inf, inf, self._last)
        self.known = False
        """Whether the file could be read since the start: else what stands beside a trouble is built in."""
        self.idle: tuple[str, ...] = ()
        """Rules that speak of no product, when the products were looked at last."""
        self._held: tuple[Rulebook, Items] | None = None
        self._fault: SettingsError | None = None

    @property
    def trouble(self) -> str:
        """What is wrong with the file; empty: nothing."""
        return self.told("en")

    def told(self, language: str) -> str:
        """The same in a language."""
        return "" if self._fault is None else said(self._fault, language)

    def read(self) -> Rulebook:
        """All that the file says, whenever it is to hold.

        Raises:
            SettingsError: it cannot be read, or says something that is no rule.
        """
        with self._reading:
            try:
                self._renew()
            except OSError as error:
                told = {"where": self._path.name, "why": error.strerror}
                raise RulesError("rules_not_read", told) from None
            except UnicodeDecodeError as error:
                where = {"where": self._path.name, "place": error.start + 1}
                raise RulesError("rules_not_utf8", where) from None
            return self._last

    def hold_to(self, items: Items, currency: str) -> None:
        """See which rules speak of none of the products that there are, and say so."""
        now = now_micros()
        book = self.standing(now)
        if self._held is not None and self._held[0] is book and self._held[1] is items:
            return
        self._held = book, items
        found = tuple(
            f"placements.{name}.rules.{key}"
            for name, placement in (self.written().shelves.placements.items() if len(items) else ())
            for key in idle(placement.rules, items, currency, now)
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
            self._last = read_rulebook(self._path.read_text(encoding="utf-8-sig"), zone=self._zone)
            self._stamp, self.known = stamp, True

    def standing(self, now: int | None = None) -> Rulebook:
        """What holds by the file, or by what it said when it could last be read.

        Args:
            now: the moment, microseconds since 1970, UTC; None: this one.
        """
        now = now_micros() if now is None else now
        held, written = self._while, self.written()
        if held.written is not written or not held.begin <= now < held.end:
            edges = written.edges
            at = bisect_right(edges, now)
            book = written.at(now) if edges else written
            begin, end = [-inf, *edges, inf][at : at + 2]
            held = self._while = _While(written, begin, end, book)
        return held.book

    def changes(self, now: int) -> float:
        """When something begins or ends to hold next, microseconds since 1970, UTC; infinite: never."""
        return min((edge for edge in self.written().edges if edge > now), default=inf)

    def written(self) -> Rulebook:
        """All that the file says, or said when it could last be read, whenever it is to hold."""
        try:
            found = self.read()
            self._fault = None
        except SettingsError as error:
            if str(error) != self.trouble:
                _log.error("%s; %s", error, "the rules before stand" if self.known else "the built-in rules stand")
            self._fault = error
            return self._last
        return found
