"""Everything Detak raises on purpose.

DetakError                what was wrong, where, what to do about it
├── UsageError            the caller asked for something that does not exist
│   └── WordedError       the same, which a page says in the reader's language
├── SourceError           a file cannot be read at all
├── RowError              one row or event cannot be used; the others go on
├── SettingsError         detak.toml does not say what it should
├── StoreError            the store on disk cannot be used
│   └── StoreBusyError    another process holds the store
├── BusyError             the way in is full: try again in a moment
├── DeniedError           the gate, or a key, says no
└── CannotComputeError    a number that has no honest value here
"""

from collections.abc import Mapping

from detak.words import knows, say


class DetakError(Exception):
    """The root: its text is written for the person who reads it, in one or two sentences."""


class UsageError(DetakError):
    """The caller asked for something that does not exist; the message lists what does."""


class WordedError(UsageError):
    """What a page's reader asked wrongly: as text in English, as ``said`` in theirs (``words/*/errors.toml``)."""

    def __init__(self, key: str, values: Mapping[str, object] | None = None) -> None:
        self._key = f"error.{key}"
        self._values = dict(values or {})
        super().__init__(self.said("en"))

    def said(self, language: str, *, labelled: bool = False) -> str:
        """The same in a language; ``labelled``: the field at fault under its label on a page."""
        values, label = dict(self._values), f"page_ask.{self._values.get('name')}"
        if labelled and knows(language, label):
            values["name"] = say(language, label)
        return say(language, self._key, **values)


def said(error: DetakError, language: str) -> str:
    """What was wrong, in the language where there are words for it, else in English; fields by their labels."""
    return error.said(language, labelled=True) if isinstance(error, WordedError) else str(error)


class SourceError(DetakError):
    """A file cannot be read at all; the message names the file and what to do."""


class RowError(DetakError):
    """One row or event cannot be used.

    ``field`` is the column or property at fault; the message never repeats personal data.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class SettingsError(DetakError):
    """``detak.toml`` does not say what it should; the message names the key."""


class StoreError(DetakError):
    """The store on disk cannot be used as it is."""


class StoreBusyError(StoreError):
    """Another process holds the store and cannot be reached."""


class BusyError(DetakError):
    """The way in is full. Nothing was accepted; try again after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeniedError(DetakError):
    """The gate, or a key, says no."""


class CannotComputeError(DetakError):
    """A number that has no honest value on this data; never replaced by a neutral one."""
