"""A folder of commands: a module's ``command`` is found by itself, and only the one that is asked for is loaded."""

import ast
import importlib
import pkgutil
from importlib.util import find_spec
from pathlib import Path
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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list in ``--help``: what each is for is read from its source, so that none needs to be loaded."""
        modules = self._modules()
        room = formatter.width - 6 - max((len(name) for name in modules), default=0)
        told = {name: click.Command(name, help=self._told(module)) for name, module in sorted(modules.items())}
        rows = [(name, command.get_short_help_str(room)) for name, command in told.items()]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def _told(self, module: str) -> str:
        """The docstring of a module's ``command``."""
        found = find_spec(f"{self.folder.__name__}.{module}")
        source = Path(found.origin).read_text(encoding="utf-8") if found and found.origin else ""
        functions = [one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef)]
        return next((ast.get_docstring(one) or "" for one in functions if one.name == "command"), "")

    def _modules(self) -> dict[str, str]:
        """Command -> module, whose name ends in ``_`` where it would be a word of Python."""
        names = [info.name for info in pkgutil.iter_modules(self.folder.__path__)]
        return {name.rstrip("_"): name for name in names if not name.startswith("_")}
