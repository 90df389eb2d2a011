"""Named arrays in one file: what was fitted, kept over restarts. Never a pickle; its owner alone can read it."""

import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from detak.errors import StoreError

Array = np.ndarray[Any, Any]


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """Keep the arrays instead of what the file held: all of them, durably, or none.

    Raises:
        OSError: the disk does not take it; what was there stays.
        ValueError: an array could only be kept as a pickle.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise ValueError(f"{name}: holds objects; only plain numbers and bytes are kept")
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _settle(path.parent)


def read(path: Path) -> dict[str, Array] | None:
    """The arrays in the file; None where there is none.

    Raises:
        StoreError: the file is damaged, or none of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except FileNotFoundError:
        return None
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path}: cannot be read ({type(error).__name__}); it is made again by `detak fit`") from None


def remove(path: Path) -> None:
    """Let the file go."""
    path.unlink(missing_ok=True)
    if path.parent.exists():
        _settle(path.parent)


def packed(texts: Iterable[str]) -> dict[str, Array]:
    """Texts as two arrays: their bytes, and where each ends."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(one) for one in encoded], dtype=np.int64)
    return {"bytes": np.frombuffer(b"".join(encoded), np.uint8), "ends": ends}


def unpacked(arrays: Mapping[str, Array]) -> tuple[str, ...]:
    """The texts that ``packed`` made arrays of."""
    whole, ends = arrays["bytes"].tobytes(), arrays["ends"].tolist()
    return tuple(whole[start:end].decode() for start, end in zip([0, *ends], ends, strict=False))


def under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays with a prefix before their names."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def within(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Those arrays that carry the prefix, without it."""
    start = f"{prefix}/"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def _settle(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
