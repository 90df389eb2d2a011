"""The catalogue over HTTP: what shoppers are shown is changed here, so all of it needs the admin token."""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, delete, get, post, put
from litestar.params import Parameter

from detak.catalogue import MOST, Result, told
from detak.engine import Engine
from detak.errors import DeniedError, RowError

AnyRequest = Request[Any, Any, Any]
Source = Literal["api", "file"]
Count = Annotated[int, Parameter(ge=1, le=MOST)]
Text = Annotated[str | None, Parameter(max_length=1_000)]


class Ids(msgspec.Struct, forbid_unknown_fields=True):
    """Products by their ids."""

    ids: list[str]


@put("/v1/catalogue", status_code=200)
async def upsert(request: AnyRequest, engine: Engine, source: Source = "api") -> Result:
    """Put products in, or state fields of known ones: ``{"products": [...]}``. Good rows go in beside bad ones."""
    body = await request.body()
    return await asyncio.to_thread(lambda: engine.catalogue.put(_rows(body, "products"), source))


@post("/v1/catalogue/stock", status_code=200)
async def restock(request: AnyRequest, engine: Engine) -> Result:
    """Set the stock or availability of known products: ``{"products": [{"id", "stock"}]}``."""
    body = await request.body()
    return await asyncio.to_thread(lambda: engine.catalogue.restock(_rows(body, "products")))


@get("/v1/catalogue")
async def page(engine: Engine, cursor: Text = None, n: Count = 100, category: Text = None) -> dict[str, Any]:
    """Products in the order of their ids; ``cursor`` asks for those behind the page that answered it."""
    found = await asyncio.to_thread(engine.catalogue.page, cursor, n, category)
    return {"products": [told(entry) for entry in found.entries], "cursor": found.cursor}


@get("/v1/catalogue/{product_id:path}")
async def one(engine: Engine, product_id: str) -> dict[str, Any]:
    """A product, and where each of its fields comes from."""
    named = product_id.removeprefix("/")
    entry = await asyncio.to_thread(engine.catalogue.get, named)
    if entry is None:
        raise DeniedError(f"there is no product {named[:200]!r} in the catalogue")
    return told(entry)


@delete("/v1/catalogue", status_code=200)
async def remove(engine: Engine, data: Ids) -> dict[str, int]:
    """Take products out. Events do not bring them back."""
    return {"deleted": await asyncio.to_thread(engine.catalogue.delete, data.ids)}


def _rows(body: bytes, name: str) -> list[object]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RowError("body", f"is no JSON: {error}") from None
    rows = found.get(name) if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise RowError(name, f'is missing: send {{"{name}": [...]}}')
    return rows


ROUTES = [upsert, restock, page, one, remove]
