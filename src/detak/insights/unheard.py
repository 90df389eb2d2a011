"""A step that nobody did: an event may be misspelt, and then the report would say nothing of the shop."""

from functools import cache
from typing import Final

from detak.event_names import Names
from detak.words import keys, say

_EVENT: Final = "event."


def unheard(event: str, language: str, key: str = "unheard") -> list[str]:
    """What to say of a step that nobody did (``few``: or few), where its name is none of the e-commerce spec's."""
    if event in _names():
        return []
    meant = Names(dict.fromkeys(_names(), ())).meant(event)
    said = say(language, "journey.meant", meant=meant) if meant else say(language, "journey.as_sent")
    return [say(language, f"journey.{key}", event=event, said=said)]


@cache
def _names() -> frozenset[str]:
    return frozenset(key.removeprefix(_EVENT) for key in keys("en") if key.startswith(_EVENT))
