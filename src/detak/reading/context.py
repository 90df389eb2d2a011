"""What a message says of where it came from: page, device, consent. Pure; what is odd costs only itself."""

from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from detak.event import Context, Incoming, Page
from detak.scrub import scrub

_YES: Final = frozenset({"true", "1", "yes", "y", "on", "granted", "allow", "allowed", "accepted", "ya", "setuju"})
_context = msgspec.json.Decoder(Context, strict=False)
_any = msgspec.json.Decoder()


def device(context: Context | None) -> str | None:
    """``mobile``, ``tablet`` or ``desktop``, as far as the context tells."""
    if context is None:
        return None
    if context.device and context.device.type:
        return context.device.type[:32].lower()
    return agent_device(context.user_agent)


def agent_device(agent: str | None) -> str | None:
    """What kind of device a user agent runs on."""
    if not agent:
        return None
    if "iPad" in agent or "Tablet" in agent:
        return "tablet"
    return "mobile" if "Mobi" in agent else "desktop"


def page(message: Incoming) -> str | None:
    """The path of the page, without its query: queries carry names, tokens and addresses."""
    seen = _properties_page(message) or (message.context.page if message.context else None)
    return None if seen is None else path_of(seen.path, seen.url)


@lru_cache(8192)
def path_of(path: str | None, url: str | None) -> str | None:
    """The path that a page says it has, or that its address has; without a query, and naming nobody."""
    found = path or (_path_of(url) if url else None)
    return scrub(found.split("?", 1)[0])[:512] if found else None


def merged(own: Context | None, batch: Context | None) -> Context | None:
    """The context of a message, and where that says nothing, of its batch."""
    if own is None or batch is None:
        return own or batch
    for field in Context.__struct_fields__:
        if getattr(own, field) is None:
            setattr(own, field, getattr(batch, field))
    return own


def _properties_page(message: Incoming) -> Page | None:
    """Where a page or a screen itself says it was."""
    if message.type not in ("page", "screen"):
        return None
    try:
        seen = msgspec.json.decode(message.properties, type=Page)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return seen if seen.path or seen.url else None


def _path_of(url: str) -> str | None:
    try:
        return urlsplit(url).path
    except ValueError:  # such as an IPv6 address without its end
        return None


def decode_context(raw: bytes) -> Context | None:
    """A context as it came, without what in it is odd."""
    try:
        return _context.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return msgspec.convert(fit(_any.decode(raw), Context), Context | None, strict=False)


def fit(value: object, kind: Any) -> Any:
    """A struct's dictionary without the keys that do not convert."""
    if not isinstance(value, dict):
        return None
    fitting = {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in value:
            continue
        found = value[field.encode_name]
        if field.encode_name == "consent":
            found = _fit_consent(found)
        try:
            msgspec.convert(found, field.type, strict=False)
        except (msgspec.ValidationError, RecursionError):
            continue
        fitting[field.encode_name] = found
    return fitting


def _fit_consent(value: object) -> dict[str, dict[str, bool]] | None:
    """Preferences in words (``denied``): what is not plainly a yes is a no, so that no refusal is lost."""
    said = value.get("categoryPreferences") if isinstance(value, dict) else None
    if not isinstance(said, dict):
        return None
    return {"categoryPreferences": {name: str(word).lower() in _YES for name, word in said.items() if word is not None}}
