"""The engine's log: one line a message, for a person or for a program, and nobody's data in it.

What an exception says may quote what it failed on, so of an exception only its kind and its place in the code are
written. Requests are logged by their route, never by their address: addresses carry names and tokens.
"""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from traceback import FrameSummary, extract_tb
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import msgspec

Format = Literal["text", "json"]
FORMATS: Final[tuple[Format, ...]] = ("text", "json")
ACCESS: Final = "detak.access"
"""The logger of requests. What it says stands in ``extra={"fields": {...}}``."""

_FRAMES: Final = 12  # of a traceback, the innermost
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextFormatter(logging.Formatter):
    """``2026-11-23T05:00:00+00:00 WARNING detak.sink: the sink is held up``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - logging's name
        """To the second, UTC."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the fields of a request behind it."""
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = super().format(record)
        return f"{line} {fields}" if fields else line

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The kind of an exception and where it was raised; not what it says."""
        return "\n".join(["  " + place for place in _places(ei)] + [f"  {_kind(ei)}"])


class JsonFormatter(logging.Formatter):
    """A JSON object a line: time, level, logger, message, and what else there is."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line |= {"error": _kind(record.exc_info), "at": _places(record.exc_info)}
        return msgspec.json.encode(line, enc_hook=str).decode()


def configure(form: Format, *, access: bool = False, stream: TextIO | None = None) -> None:
    """Send all logs of this process to stderr, in one form.

    Args:
        form: for a person, or for a program.
        access: whether requests are logged too.
        stream: elsewhere than to stderr.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("detak").setLevel(logging.INFO)
    logging.getLogger(ACCESS).setLevel(logging.INFO if access else logging.WARNING)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    found = getattr(record, "fields", None)
    return found if isinstance(found, dict) else {}


def _kind(info: _ExcInfo) -> str:
    return info[0].__name__ if info[0] else ""


def _places(info: _ExcInfo) -> list[str]:
    return [_place(frame) for frame in extract_tb(info[2])[-_FRAMES:]]


def _place(frame: FrameSummary) -> str:
    """``detak/sink.py:120 in apply``: without the machine's folders."""
    return f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} in {frame.name}"
