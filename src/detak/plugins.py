"""A folder is its registry: every public class of a package that satisfies its contract is a member.

Adding a source or an insight is adding a file; nothing else is edited.
"""

import importlib
import inspect
import pkgutil
from functools import cache

from detak.errors import UsageError


@cache
def members(package: str, marker: str) -> dict[str, type]:
    """The classes defined in the modules of ``package`` that carry the class attribute ``marker``, by its value.

    Raises:
        ValueError: two classes carry the same name.
    """
    found: dict[str, type] = {}
    root = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(root.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package}.{info.name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            name = vars(member).get(marker)
            if member.__module__ != module.__name__ or not isinstance(name, str):
                continue
            if name in found:
                raise ValueError(f"{package}: both {found[name]} and {member} are called {name!r}")
            found[name] = member
    return found


def member(package: str, marker: str, name: str, noun: str) -> type:
    """The member called ``name``.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    found = members(package, marker)
    if name not in found:
        raise UsageError(f"there is no {noun} called {name!r}; there are: {', '.join(found)}")
    return found[name]
