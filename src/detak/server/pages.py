"""The dashboard's pages."""

from pathlib import Path
from typing import Any

from litestar import get
from litestar.static_files import create_static_files_router

_HERE = Path(__file__).parent


def static() -> Any:
    """The style sheet and the script, from this package."""
    return create_static_files_router("/static", directories=[_HERE / "static"], include_in_schema=False)


def routes(token: str) -> list[Any]:
    """The pages."""
    return [home]


@get("/", media_type="text/html")
async def home() -> str:
    """The first page."""
    return "<h1>Detak</h1>"
