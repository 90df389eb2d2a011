"""A page for every report: what it says, drawn; what it can be asked; and who is behind its numbers, in groups."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.exceptions import NotAuthorizedException

from detak.engine import Engine
from detak.errors import BusyError, CannotComputeError, UsageError, said
from detak.insights.base import Shop
from detak.insights.blocks import Block, Words
from detak.insights.filters import NAMES
from detak.insights.intent import present_words
from detak.insights.stages import SEGMENTS
from detak.questions import Question, of_people, parameters_of, report_names
from detak.server import drawing
from detak.server.figures import Figures
from detak.server.pages import TEMPLATES, ask_in, language_of, remember_language
from detak.words import LANGUAGES, knows

AnyRequest = Request[Any, Any, Any]

ROOMS: Final = {
    "when": ("hours", "peaks", "timing"),
    "what": ("searches", "interests", "products", "product_funnel", "together"),
    "how": ("sessions", "funnel", "paths", "retention", "lifecycle"),
    "why": ("abandonment", "intent", "cancellations"),
    "service": ("exposure", "quality", "health"),
}
"""Where each report stands on the page that lists them. One that nobody placed stands at the end."""
_OWN: Final = ("days", "from", "to", "segment", "province", "device", "channel")
"""The filters that have a field on the page; the others work in the address."""
_LOOK_AGAIN: Final = 2  # seconds, where there is nothing to read yet
_LOOK_FOR_NEWER: Final = 10


@dataclass(frozen=True)
class Field:
    """Something that a report can be asked, and what it is asked now."""

    name: str
    value: str
    choices: tuple[str, ...] = ()
    kind: str = "text"
    usual: str = ""
    """What holds where nothing is said."""


def rooms() -> list[tuple[str, list[str]]]:
    """The reports there are, room by room."""
    there = report_names()
    placed = [name for names in ROOMS.values() for name in names]
    found = [(room, [name for name in names if name in there]) for room, names in ROOMS.items()]
    others = [name for name in there if name not in placed]
    return [(room, names) for room, names in found if names] + ([("others", others)] if others else [])


def title(name: str, language: str) -> str:
    """What a person calls a report; its own name where there is no word for it."""
    key = f"report_title.{name}"
    return Figures(language).t(key) if knows(language, key) else name.replace("_", " ").capitalize()


@get("/behaviour", exception_handlers={NotAuthorizedException: ask_in}, include_in_schema=False, name="behaviour")
async def index(request: AnyRequest, engine: Engine) -> Response[str]:
    """What can be asked, room by room."""
    language = language_of(request, engine.settings.language)
    text = TEMPLATES.get_template("behaviour.html").render(
        f=Figures(language), rooms=rooms(), title=title, others=_languages("/behaviour", {})
    )
    return rendered_page(request, language, text)


@get("/behaviour/{name:str}", exception_handlers={NotAuthorizedException: ask_in}, include_in_schema=False)
async def report(request: AnyRequest, engine: Engine, name: str) -> Response[str]:
    """One report: its fields, what it says."""
    language = language_of(request, engine.settings.language)
    given = _given(request)
    compare, anew = (request.query_params.get(one) == "1" for one in ("compare", "anew"))
    said = await asyncio.to_thread(_said, engine, Question(name, given, language, compare=compare, anew=anew))
    address = f"/behaviour/{name}"
    asked = {**given, **({"compare": "1"} if compare else {})}
    rendered = TEMPLATES.get_template("report.html").render(
        **common(name, language, address, asked),
        **said._asdict(),
        again=_again(said, address, asked),
        zone=engine.settings.timezone,
        anew=f"{address}?{urlencode({**asked, 'anew': '1'})}",
        fields=_fields(name, given) if name in report_names() else [],
        compare=compare,
        comparable=name in report_names() and of_people(name),
        opens=lambda key: f"{address}/people?{urlencode({**given, 'key': key})}",
    )
    return rendered_page(request, language, rendered, known=name in report_names())


@get("/behaviour/{name:str}/people", exception_handlers={NotAuthorizedException: ask_in}, include_in_schema=False)
async def people(request: AnyRequest, engine: Engine, name: str) -> Response[str]:
    """Who is behind a number, in groups."""
    language = language_of(request, engine.settings.language)
    given, key = _given(request), request.query_params.get("key", "")
    question = Question(name, given, language, people=key)
    said = await asyncio.to_thread(_said, engine, question)
    rendered = TEMPLATES.get_template("report.html").render(
        **common(name, language, f"/behaviour/{name}/people", {**given, "key": key}),
        **said._asdict(),
        again=_again(said, f"/behaviour/{name}/people", {**given, "key": key}),
        zone=engine.settings.timezone,
        fields=[],
        compare=False,
        opens=lambda _: "",
        back=f"/behaviour/{name}?{urlencode(given)}",
        behind=_behind(key, language),
    )
    return rendered_page(request, language, rendered, known=name in report_names())


ROUTES = [index, report, people]


class _Said(NamedTuple):
    """The report's blocks, or its text where it draws itself, or in words why there is none."""

    blocks: list[Block]
    text: str = ""
    problem: str = ""
    at: datetime | None = None
    """Of which moment it is; null: of now."""
    counting: bool = False
    """Whether it is being made, or made anew."""


def _said(engine: Engine, question: Question) -> _Said:
    shop, now = engine.shop(question.language), datetime.now(UTC)
    try:
        told, counting = engine.understanding.soon(question)
    except (UsageError, CannotComputeError, BusyError) as error:
        return _Said([], problem=said(error, shop.language))
    if told is None:
        return _Said([], counting=True)
    live = _LIVE[question.name](engine, shop) if question.name in _LIVE and question.people is None else []
    blocks = [*live, *told.report.blocks(shop)]
    text = "" if blocks else told.report.text(shop)
    return _Said(blocks, text, at=told.at if told.at < now else None, counting=counting)


def _again(said: _Said, address: str, asked: Mapping[str, str]) -> str:
    """After how many seconds a browser, without a script too, looks where again: nothing while there is no need."""
    if not said.counting:
        return ""
    there = f"{address}?{urlencode(asked)}" if asked else address
    return f"{_LOOK_AGAIN if said.at is None else _LOOK_FOR_NEWER}; url={there}"


def _in_the_shop(engine: Engine, shop: Shop) -> list[Block]:
    found = engine.intent.present(shop.min_group)
    return [] if found is None else [Words([present_words(found, shop)])]


_LIVE: Final[Mapping[str, Callable[[Engine, Shop], list[Block]]]] = {"intent": _in_the_shop}
"""What a report's page says of this moment, above the report."""


def _given(request: AnyRequest) -> dict[str, str]:
    """Fields that were left empty ask for nothing."""
    apart = ("lang", "compare", "anew", "key", "token")
    return {name: value for name, value in request.query_params.items() if value and name not in apart}


def _fields(name: str, given: dict[str, str]) -> list[Field]:
    fields = [
        Field(one.name, given.get(one.name, ""), one.choices, "number" if one.number else "text", one.usual)
        for one in parameters_of(name)
    ]
    own = [one.name for one in fields]
    if name in ROOMS["service"]:  # they count messages or decisions, not people's events
        return fields
    kinds = {"days": "number", "from": "date", "to": "date"}
    for one in _OWN:
        if one not in own and one in NAMES:
            choices = SEGMENTS if one == "segment" else ()
            fields.append(Field(one, given.get(one, ""), tuple(choices), kinds.get(one, "text")))
    return fields


def common(name: str, language: str, address: str, asked: dict[str, str]) -> dict[str, object]:
    """What every page about a report says of itself."""
    lead = f"report_lead.{name}"
    return {
        "f": Figures(language),
        "name": name,
        "report_title": title(name, language),
        "lead": Figures(language).t(lead) if knows(language, lead) else "",
        "drawing": drawing,
        "kind": lambda block: block.__struct_config__.tag,
        "others": _languages(address, asked),
        "knows": lambda key: knows(language, key),
        "called": lambda field, choice: _called(field, choice, language),
    }


def _behind(key: str, language: str) -> str:
    """What a person calls the people behind a number; its key where there is no word for them."""
    last = re.split("[:/]", key)[-1]
    rooms = ("stage", "event", "abandonment")
    return next((Figures(language).t(f"{room}.{last}") for room in rooms if knows(language, f"{room}.{last}")), key)


def _called(field: str, choice: str, language: str) -> str:
    """What a person calls something that can be chosen; its own name where there is no word for it."""
    keys = (f"page_choice.{field}_{choice}", f"stage.{choice}", f"report.{choice}")
    return next((Figures(language).t(key) for key in keys if knows(language, key)), choice)


def _languages(address: str, asked: dict[str, str]) -> dict[str, str]:
    return {one: f"{address}?{urlencode({**asked, 'lang': one})}" for one in LANGUAGES}


def rendered_page(request: AnyRequest, language: str, text: str, *, known: bool = True) -> Response[str]:
    """The answer of a page about a report."""
    headers = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}
    response = Response(text, media_type="text/html", headers=headers, status_code=200 if known else 404)
    remember_language(request, response, language)
    return response
