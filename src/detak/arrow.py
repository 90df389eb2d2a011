"""PyArrow by itself: at its first array it imports pandas, to know its kinds of arrays.

That takes a quarter of a second and 30 MB in each process, and no process of Detak makes anything of pandas.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec


class _NoPandas(MetaPathFinder):
    """Says for a moment that there is none."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Finds nothing else, either."""
        if fullname == "pandas":
            raise ModuleNotFoundError("not now", name=fullname)
        return None


def without_pandas() -> None:
    """Have PyArrow look for pandas now, and not find it. Whoever asks for pandas later, or ``to_pandas()``, gets it."""
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        import pyarrow as pa  # noqa: PLC0415  `detak --help` does without

        pa.array([None])
    finally:
        sys.meta_path.remove(finder)
