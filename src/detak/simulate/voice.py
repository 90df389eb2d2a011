"""What customers write: reviews and posts made by a grammar, with a planted opinion on each aspect that they speak of.

Clauses about aspects are joined, opened and closed; some are turned by a negation or by sarcasm; some are in English or
mix it in; then comes the everyday spelling: slang, abbreviations, doubled letters, slips, emoji, shouting.
"""

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from detak.simulate.config import table

ASPECTS: Final = ("kualitas", "pengiriman", "kemasan", "harga", "pelayanan", "ukuran", "keaslian")
ENGLISH: Final = 0.07
SARCASM: Final = 0.12
"""Of texts that find nothing good."""
_NEGATED: Final = 0.12
_MOST_WORDS: Final = 400


class Opinion(NamedTuple):
    """What a text is about to say."""

    polarity: tuple[tuple[str, bool], ...]
    """Aspect, and whether it is praised."""
    stars: int
    english: bool
    sarcastic: bool


class Text(NamedTuple):
    """A text, and what is in it."""

    text: str
    opinion: Opinion


def opinion(rng: random.Random, praise: dict[str, float]) -> Opinion:
    """An opinion on one to four aspects; ``praise`` is each one's chance to be praised. Stars follow from it."""
    count = rng.choices((1, 2, 3, 4), (0.3, 0.4, 0.22, 0.08))[0]
    weights = [4.0, 3.0, 1.8, 1.6, 2.0, 1.0, 0.7]
    chosen: list[str] = []
    while len(chosen) < count:
        one = rng.choices(ASPECTS, weights)[0]
        if one not in chosen:
            chosen.append(one)
    polarity = tuple((aspect, rng.random() < praise[aspect]) for aspect in chosen)
    mean = sum(good for _, good in polarity) / count
    stars = round(1.2 + 3.8 * mean + rng.gauss(0, 0.35))
    bad = not any(good for _, good in polarity)
    english = rng.random() < ENGLISH
    return Opinion(polarity, min(5, max(1, stars)), english, bad and not english and rng.random() < SARCASM)


def review(rng: random.Random, praise: dict[str, float]) -> Text:
    """A review."""
    said = opinion(rng, praise)
    return Text(_spelt(rng, _said(rng, said), said), said)


def post(rng: random.Random, praise: dict[str, float], product: str) -> Text:
    """A post on a social network about the product."""
    said = opinion(rng, praise)
    ways = table("voice")["ways"]
    text = rng.choice(ways["post_open"]).format(product=product.lower()) + _said(rng, said)
    return Text(_spelt(rng, text, said) + rng.choice(ways["post_tags"]), said)


def _said(rng: random.Random, said: Opinion) -> str:
    if said.sarcastic:
        return _sarcastic(rng, said)
    ways = table("voice")["ways"]
    text = _clause(rng, *said.polarity[0], said.english)
    prefix = "en_" if said.english else ""
    for (_, before), (aspect, good) in zip(said.polarity, said.polarity[1:], strict=False):
        joint = rng.choice(ways[f"{prefix}{'and' if before == good else 'but'}"])
        text += joint + _clause(rng, aspect, good, said.english)
    if said.english:
        return text[0].upper() + text[1:]
    mood = _mood(said)
    return str(rng.choice(ways[f"open_{mood}"]) + text + rng.choice(ways[f"close_{mood}"]))


def _clause(rng: random.Random, aspect: str, good: bool, english: bool) -> str:
    """A clause about one aspect."""
    words, ways = table("voice")["aspect"][aspect], table("voice")["ways"]
    side = "good" if good else "bad"
    if english:
        return f"{rng.choice(words['en_what'])} {rng.choice(words[f'en_{side}'])}"
    what = rng.choice(words["what"])
    if rng.random() < _NEGATED:
        return f"{what} {rng.choice(ways['not_bad' if good else 'not_good'])}"
    if rng.random() < 0.05:  # mixes languages within the sentence
        return f"{what} {rng.choice(words[f'en_{side}'])}"
    how: str = rng.choice(words[side])
    if "{}" not in how:
        return f"{what} {how}"
    ahead = how.startswith("{}")
    much = rng.choice(ways["before" if ahead else "intensity"]) if rng.random() < 0.6 else ""
    text = " ".join(how.format(much).split())
    if ahead and not much and rng.random() < 0.4:
        text = f"{text} {rng.choice(ways['intensity'])}".strip()
    return f"{what} {text}"


def _sarcastic(rng: random.Random, said: Opinion) -> str:
    """Praise that is none: what follows it says so."""
    ways = table("voice")["ways"]
    faults = [_clause(rng, aspect, good, False) for aspect, good in said.polarity]
    return str(
        rng.choice(ways["sarcastic_open"]) + rng.choice(ways["sarcastic_mid"]) + ", ".join(faults)
        + rng.choice(ways["sarcastic_tail"]) + " " + rng.choice(ways["emoji_sarcastic"])
    )  # fmt: skip


def _mood(said: Opinion) -> str:
    praised = {good for _, good in said.polarity}
    return "mixed" if len(praised) > 1 else "good" if praised == {True} else "bad"


def _spelt(rng: random.Random, text: str, said: Opinion) -> str:
    """As it is typed on a telephone."""
    ways = table("voice")["ways"]
    if not said.english:
        text = " ".join(_word(rng, word) for word in text.split()[:_MOST_WORDS])
    if rng.random() < 0.3 and not said.sarcastic:
        side = "good" if _mood(said) == "good" else "bad"
        text += " " + str(rng.choice(ways[f"emoji_{side}"]))
    lot = rng.random()
    if lot < 0.35:
        return text.lower()
    return text.upper() if lot > 0.97 else text


def _word(rng: random.Random, word: str) -> str:
    others: Sequence[str] | None = table("voice")["slang"].get(word.lower().rstrip(",.!"))
    lot = rng.random()
    if others and lot < 0.35:
        return rng.choice(others) + ("," if word.endswith(",") else "")
    if lot > 0.985 and len(word) > 4:
        at = rng.randrange(1, len(word) - 1)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if 0.97 < lot <= 0.985 and len(word) > 3 and word[-1].isalpha():
        return word + word[-1] * rng.randrange(1, 4)
    return word
