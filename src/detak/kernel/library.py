"""The compiled kernel, where it is there. Calls release Python's lock, so that threads answer side by side."""

import ctypes
import hashlib
import logging
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
FILE: Final = "kernel.so"
_LOG: Final = logging.getLogger("detak.kernel")


@cache
def library() -> ctypes.CDLL | None:
    """The library; None where it was not compiled, or from other sources than those that lie beside it."""
    try:
        found = ctypes.CDLL(str(FOLDER / FILE))
        found.detak_sources.restype = ctypes.c_char_p
        if found.detak_sources() == sources(FOLDER).encode():
            return found
        missing = "it is of other sources"
    except (OSError, AttributeError) as error:
        missing = str(error)
    _LOG.warning("without the compiled kernel recommendations take longer: %s", missing)
    return None


def sources(folder: Path) -> str:
    """What is compiled there, in few letters: a library of other sources may read memory otherwise."""
    parts = [path.read_bytes() for path in sorted(folder.glob("*.[ch]"))]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]
