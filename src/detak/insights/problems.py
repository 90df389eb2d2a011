"""What is wrong with a field or a message, in words: the engine's reasons are few, and have a text in each language."""

import re

from detak.words import knows, say

_CALLED = re.compile(r"is called “(?P<name>.*)” in the (?P<where>plan|spec)")


def problem(detail: str, language: str) -> str:
    """``total: is negative`` in the language; as it stands where there is no text for it (a field, a rule)."""
    if knows(language, f"problem.{detail}"):
        return say(language, f"problem.{detail}")
    field, colon, said = detail.partition(": ")
    if called := _CALLED.fullmatch(said):
        return f"{field}: {say(language, 'problem.called_' + called['where'], name=called['name'])}"
    return f"{field}: {say(language, f'problem.{said}')}" if colon and knows(language, f"problem.{said}") else detail
