"""Everything Detak raises on purpose.

DetakError                what was wrong, where, what to do about it
├── UsageError            the caller asked for something that does not exist
│   ├── WordedError       the same, said in the reader's language
│   └── RepeatedError     the same, as a server said it
├── SourceError           a file cannot be read at all
│   └── FileError         the same, said in the reader's language
├── RowError              one row or event cannot be used; the others go on
├── SettingsError         detak.toml does not say what it should
│   └── RulesError        rules.toml does not: said in the reader's language
├── StoreError            the store on disk cannot be used
│   └── StoreBusyError    another process holds the store
├── BusyError             the way in is full: try again in a moment
├── DeniedError           the gate, or a key, says no
│   └── NobodyError       nobody, or nothing, is known under a name: said in the reader's language
└── CannotComputeError    a number that has no honest value here
"""

from collections.abc import Mapping
from typing import Protocol, Self, runtime_checkable

from detak.words import LANGUAGES, knows, say


class DetakError(Exception):
    """The root: its text is written for the person who reads it, in one or two sentences."""


class UsageError(DetakError):
    """The caller asked for something that does not exist; the message lists what does."""


class BilingualError(DetakError):
    """An error that somebody reads who may speak no English: as text in English, as ``said`` in their language
    (``words/*/errors.toml``)."""

    def __init__(self, key: str, values: Mapping[str, object] | None = None) -> None:
        self._key = f"error.{key}"
        self._values = dict(values or {})
        super().__init__(self.said("en"))

    def naming(self, path: str, name: str) -> Self:
        """The same, with a file that it names by its path called otherwise."""
        called = {key: str(one).replace(path, name) for key, one in self._values.items() if path in str(one)}
        return type(self)(self._key.removeprefix("error."), {**self._values, **called})

    def said(self, language: str, *, labelled: bool = False) -> str:
        """The same in a language; ``labelled``: the field at fault under its label on a page."""
        values = {name: one.said(language) if isinstance(one, Saying) else one for name, one in self._values.items()}
        label = f"page_ask.{values.get('name')}"
        if labelled and knows(language, label):
            values["name"] = say(language, label)
        return say(language, self._key, **values)


@runtime_checkable
class Saying(Protocol):
    """A part of an error's text that has words of its own."""

    def said(self, language: str) -> str:
        """The part, in a language."""


class WordedError(BilingualError, UsageError):
    """What a page's reader asked wrongly."""


class RepeatedError(BilingualError, UsageError):
    """What a server answered, in the languages in which it said it; ``texts``: by language."""

    def __init__(self, message: str, texts: Mapping[str, str]) -> None:
        DetakError.__init__(self, message)
        self._texts = texts

    def said(self, language: str, *, labelled: bool = False) -> str:  # noqa: ARG002  the server knows no page
        """The same in a language; in English where the server did not say it there."""
        return self._texts.get(language, str(self))


def said(error: DetakError, language: str, *, labelled: bool = True) -> str:
    """What was wrong, in the language where there are words for it, else in English; ``labelled``: fields by the labels
    that they have on pages."""
    return error.said(language, labelled=labelled) if isinstance(error, BilingualError) else str(error)


def texts(error: DetakError) -> dict[str, str]:
    """The same in every language that there are words in; nothing where there are none but English ones."""
    return {one: error.said(one) for one in LANGUAGES} if isinstance(error, BilingualError) else {}


class SourceError(DetakError):
    """A file cannot be read at all; the message names the file and what to do."""


class FileError(BilingualError, SourceError):
    """The same, of a file that anybody brings in: said in the reader's language."""


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


class RulesError(BilingualError, SettingsError):
    """``rules.toml`` does not say what it should; the message names the key."""


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


class NobodyError(BilingualError, DeniedError):
    """There is nobody, or nothing, under what was named."""


class CannotComputeError(DetakError):
    """A number that has no honest value on this data; never replaced by a neutral one."""
