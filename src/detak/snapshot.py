"""Named arrays in one file: what was fitted, kept over restarts. Never a pickle; its owner alone can read it."""

import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from detak.errors import StoreError

Array = np.ndarray[Any, Any]
_LARGE: Final = 1 << 20
_LOCAL: Final = struct.Struct("<4s22xHH")  # of a zip file: what stands before each member, with the length of its name
_EXTRA: Final = struct.Struct("<HH")
_PADDING: Final = 0xD935  # an extra field that only takes up room
_ZIP64: Final = 20  # bytes of the extra field that holds a large size
_ALIGNED: Final = 64
_PAGES: Final = 16
_PAGE: Final = 1024  # numbers


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
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as members:
                for name, array in arrays.items():
                    with members.open(_member(f"{name}.npy", file.tell()), "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _settle(path.parent)


def read(path: Path) -> dict[str, Array] | None:
    """The arrays in the file; None where there is none. Large ones are not read but mapped into memory, read-only, so
    that a model of a million products answers at once; they stay whole when the file is replaced or removed.

    Raises:
        StoreError: the file is damaged, or none of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            large = {one.filename: one for one in found.zip.infolist() if one.file_size >= _LARGE}
            return {
                name: _mapped(path, large[f"{name}.npy"]) if f"{name}.npy" in large else found[name]
                for name in found.files
            }
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


class Part(NamedTuple):
    """What an array is known again by."""

    kind: str
    shape: tuple[int, ...]
    sum: int
    """CRC-32 of its numbers; of a large one, of a few pages of them, so that it need not be read."""


def parts_of(arrays: Mapping[str, Array]) -> dict[str, Part]:
    """What these arrays are known again by: kept with them, it shows whether all in a file were written together."""
    return {name: Part(one.dtype.str, one.shape, _sum(one)) for name, one in arrays.items()}


def _sum(array: Array) -> int:
    pages = [slice(None)]
    if array.nbytes >= _LARGE:
        starts = np.linspace(0, array.size - _PAGE, _PAGES, dtype=np.int64).tolist()
        pages = [slice(start, start + _PAGE) for start in starts]
    found = 0
    for page in pages:
        found = zlib.crc32(array.flat[page].tobytes(), found)
    return found


def under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays with a prefix before their names."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def within(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Those arrays that carry the prefix, without it."""
    start = f"{prefix}/"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def _member(name: str, begins: int) -> zipfile.ZipInfo:
    """What stands before an array, as long as it takes for its numbers to lie at a multiple of 64 bytes: NumPy copies
    the whole of an array that lies elsewhere each time something is taken from it."""
    found = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    head = begins + _LOCAL.size + len(name.encode()) + _ZIP64 + _EXTRA.size
    padding = -head % _ALIGNED
    found.extra = _EXTRA.pack(_PADDING, padding) + bytes(padding)
    return found


def _mapped(path: Path, part: zipfile.ZipInfo) -> Array:
    """An array of the file without reading it. Raises ValueError if it does not lie there whole and as it is."""
    with path.open("rb") as file:
        file.seek(part.header_offset)
        head = file.read(_LOCAL.size)
        magic, *_, name, extra = _LOCAL.unpack(head) if len(head) == _LOCAL.size else (b"", 0, 0)
        if magic != b"PK\x03\x04" or part.compress_type != zipfile.ZIP_STORED:
            raise ValueError("not stored as it is")
        begin = file.seek(name + extra, os.SEEK_CUR)
        np.lib.format.read_magic(file)
        shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
        if kind.hasobject or math.prod(shape) * kind.itemsize != part.file_size - (file.tell() - begin):
            raise ValueError("not plain numbers, or not all of them")
        found = np.memmap(path, kind, "r", file.tell(), shape, "F" if fortran else "C")
        # Plain views: NumPy does much more for each look into an array of the class memmap.
        return found.view(np.ndarray) if found.flags.aligned else np.array(found)


def _settle(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
