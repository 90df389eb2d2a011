"""``rules.toml`` as it stands: read again when it changes; while it cannot be read, the rules before stand."""

import logging
import threading
from pathlib import Path

from detak.decide.rulebook import Rulebook, read_rulebook
from detak.errors import SettingsError

_log = logging.getLogger("detak.rules")


class StandingRules:
    """The rules of one shop. Any thread may ask.

    Args:
        path: of the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.Lock()
        self._stamp = 0.0
        self._last = Rulebook()
        self.trouble = ""
        """What is wrong with the file; empty: nothing."""

    def read(self) -> Rulebook:
        """What the file says now.

        Raises:
            SettingsError: it says something that is no rule.
        """
        with self._reading:
            stamp = self._path.stat().st_mtime if self._path.exists() else 0.0
            if stamp != self._stamp:
                self._last = read_rulebook(self._path.read_text(encoding="utf-8")) if stamp else Rulebook()
                self._stamp = stamp
            return self._last

    def standing(self) -> Rulebook:
        """What the file says, or said when it could last be read."""
        try:
            found = self.read()
            self.trouble = ""
        except SettingsError as error:
            if str(error) != self.trouble:
                _log.error("%s; the rules before stand", error)
            self.trouble = str(error)
            return self._last
        return found
