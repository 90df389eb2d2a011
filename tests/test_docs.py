"""The documents name what there is."""

import re
from pathlib import Path

import click
import msgspec
import pytest

from detak.cli import Commands, main
from detak.settings import Settings
from detak.sources.base import names

KNOWN = {"A", "ALS", "ARGS", "AUC", "FILE", "GB", "HTTP", "JSON", "MB", "R", "SIGKILL", "UCI"}
"""Words in capitals that are no placeholders."""

assert isinstance(main, Commands)
CONTEXT = click.Context(main)
COMMANDS = {name: main.get_command(CONTEXT, name) for name in main.list_commands(CONTEXT)}

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_documented(name: str) -> None:
    text = (DOCS / "COMMANDS.md").read_text()
    assert f"## `detak {name}" in text
    section = text.split(f"## `detak {name}")[1].split("\n## ")[0]
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in section, f"{name} {parameter.opts[0]}"


@pytest.mark.parametrize("field", [field.name for field in msgspec.structs.fields(Settings)])
def test_every_setting_is_documented(field: str) -> None:
    assert f"| `{field}` |" in (DOCS / "SETTINGS.md").read_text()


@pytest.mark.parametrize("name", names())
def test_every_source_is_documented(name: str) -> None:
    assert f"`{name}`" in (DOCS / "SOURCES.md").read_text()


def test_every_route_is_documented() -> None:
    text = (DOCS / "HTTP.md").read_text()
    source = Path(__file__).parents[1] / "src" / "detak" / "server"
    routes = {
        route.replace(":str", "").replace(":path", "")
        for module in source.glob("*.py")
        for route in re.findall(r'^@(?:get|post|put|patch|delete)\(\s*"([^"]+)"', module.read_text(), re.MULTILINE)
    }
    assert len(routes) > 10
    assert [route for route in sorted(routes) if f"{route}`" not in text] == []


def test_no_figure_is_left_as_a_placeholder() -> None:
    words = (DOCS / "MEASURED.md").read_text().split()
    assert [word for word in words if word.isupper() and word.isalpha() and word not in KNOWN] == []
