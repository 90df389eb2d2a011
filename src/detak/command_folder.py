"""A folder of commands: a module's ``command`` is found by itself, and only the one that is asked for is loaded."""

import importlib
import pkgutil
from types import ModuleType

import click


class CommandFolder(click.Group):
    """The commands of a package, a module (or a package) each. A module whose name starts with ``_`` is none."""

    folder: ModuleType

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Their names."""
        return sorted(self._modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command called so; none, if there is none."""
        module = self._modules().get(cmd_name)
        if module is None:
            return None
        found: click.Command = importlib.import_module(f"{self.folder.__name__}.{module}").command
        return found

    def _modules(self) -> dict[str, str]:
        """Command -> module, whose name ends in ``_`` where it would be a word of Python."""
        names = [info.name for info in pkgutil.iter_modules(self.folder.__path__)]
        return {name.rstrip("_"): name for name in names if not name.startswith("_")}
