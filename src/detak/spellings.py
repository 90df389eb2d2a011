"""Which typed queries mean the same: slips of the thumb, everyday spellings and affixes of Indonesian, told by rules.

No list of words comes with it: the shop's own queries are the list. A word stands for a more frequent one when a rule
makes the one from the other (an affix, vowels left out, letters spelt out, a slip of one or two letters) and the two
do not lead to different things. The rarer the word beside the other, the wilder a rule may be (after the noisy channel
of Kernighan, Church and Gale 1990 and, for queries, Cucerzan and Brill 2004). Neighbours are found by letters left out
(Garbe's SymSpell).
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

_WORD: Final = re.compile(r"[^\W_]+")
_DRAWN_OUT: Final = re.compile(r"(\D)\1{2,}")
_TWICE: Final = re.compile(r"([^\W\d_]{3,})2$")
_VOWELS: Final = re.compile(r"[aiueo]")
_SUFFIXES: Final = ("nya", "ku", "mu", "lah", "kah", "pun", "an", "kan", "in", "i", "s")
_PREFIXES: Final = (
    "di",
    "ter",
    "ber",
    "se",
    "me",
    "mem",
    "men",
    "meng",
    "meny",
    "pe",
    "pem",
    "pen",
    "peng",
    "ke",
    "nge",
)
_LOST: Final[Mapping[str, str]] = {
    "mem": "p",
    "men": "t",
    "meng": "k",
    "meny": "s",
    "pem": "p",
    "pen": "t",
    "peng": "k",
}
"""The first letter of a stem that the prefix swallows: menyapu, sapu."""
_NAMES: Final = (
    "b=be c=ce d=de f=ef g=ge h=ha j=je k=ka l=el m=em n=en p=pe q=ki r=er s=es t=te v=ve w=we x=ex y=ye z=zet"
)
_LETTERS: Final = {name: letter for letter, _, name in (one.partition("=") for one in _NAMES.split())}
_FEWEST_CLICKS: Final = 8
_WHOLE: Final = 6  # letters, of queries that are compared as a whole
_LONGEST: Final = 24  # letters of a word that is looked at


class Typed(NamedTuple):
    """A query as typed, but for capitals and spaces."""

    text: str
    searches: int
    about: Mapping[str, int]
    """Categories that were clicked next, and how often; may be empty."""


class _Rule(NamedTuple):
    """How much more frequent a word must be to stand for another by this rule."""

    times: float


_AFFIX, _SHORT, _SLIP, _SLIPS = _Rule(1.0), _Rule(1.0), _Rule(3.0), _Rule(20.0)


def unite(typed: Sequence[Typed]) -> dict[str, str]:
    """For each query the one that stands for it: the most frequent of all that mean the same."""
    book = Words.read(typed)
    groups: defaultdict[tuple[str, ...], list[Typed]] = defaultdict(list)
    for one in typed:
        groups[book.meaning(one.text)].append(one)
    heads = {one.text: min(group, key=_rank).text for group in groups.values() for one in group}
    further = _across([_sum(heads[group[0].text], group) for group in groups.values()])
    return {text: further.get(head, head) for text, head in heads.items()}


def _rank(one: Typed) -> tuple[int, str]:
    return -one.searches, one.text


def _sum(head: str, group: Sequence[Typed]) -> Typed:
    about: Counter[str] = Counter()
    for one in group:
        about.update(one.about)
    return Typed(head, sum(one.searches for one in group), about)


def _across(groups: Sequence[Typed]) -> dict[str, str]:
    """Slips that reach over a space: ``bajuk oko`` for ``baju koko``. Those of several words only; each once."""
    every = _sum("", groups).about
    several = {one.text: one for one in groups if " " in one.text and len(one.text) >= _WHOLE}
    near: defaultdict[str, list[str]] = defaultdict(list)
    for text in sorted(several):
        for rest in _without(text, 1):
            near[rest].append(text)
    found: dict[str, str] = {}
    for one in sorted(several.values(), key=_rank):
        others = {other for rest in _without(one.text, 1) for other in near[rest]} - found.keys()
        fit = [several[other] for other in others if _moved_space(one.text, other)]
        fit = [other for other in fit if other.searches >= _SLIP.times * one.searches]
        fit = [other for other in fit if distance(one.text, other.text) == 1 and alike(one.about, other.about, every)]
        if fit:
            found[one.text] = min(fit, key=_rank).text
    return found


def _moved_space(one: str, other: str) -> bool:
    """Whether the two differ in where words end: letters within words are judged word by word."""
    ends = ([at for at, letter in enumerate(text) if letter == " "] for text in (one, other))
    return next(ends) != next(ends)


def alike(here: Mapping[str, int], there: Mapping[str, int], everywhere: Mapping[str, int]) -> bool:
    """Whether what is clicked after the one is clicked after the other too; yes where too little is known.

    Too: in at least half of the share that it has of all clicks. So a word of all categories may stand for one of few.
    """
    mine, theirs, every = (sum(one.values()) for one in (here, there, everywhere))
    if min(mine, theirs) < _FEWEST_CLICKS:
        return True
    shared = (one for one in here if there.get(one, 0) / theirs >= everywhere.get(one, 0) / every / 2)
    return sum(here[one] for one in shared) >= mine / 2


def words(text: str) -> list[str]:
    """The words of a query: no capitals, no drawn-out letters, no doubling (``baju2``, ``baju-baju``)."""
    plain = unicodedata.normalize("NFKC", text).lower()
    found = [_TWICE.sub(r"\1", _DRAWN_OUT.sub(r"\1", word)) for word in _WORD.findall(plain)]
    return [word for at, word in enumerate(found) if at == 0 or word != found[at - 1]]


@dataclass(frozen=True)
class Words:
    """The words of all queries: how often each is typed, and what it leads to."""

    counts: Mapping[str, int]
    about: Mapping[str, Mapping[str, int]]
    pairs: Mapping[tuple[str, str], int]
    """Words beside one another, and how often."""
    everywhere: Mapping[str, int]
    """The categories clicked after any query."""

    @classmethod
    def read(cls, typed: Sequence[Typed]) -> "Words":
        """From the queries."""
        counts: Counter[str] = Counter()
        about: defaultdict[str, Counter[str]] = defaultdict(Counter)
        pairs: Counter[tuple[str, str]] = Counter()
        for one in typed:
            found = words(one.text)
            pairs.update(dict.fromkeys(pairwise(found), one.searches))
            for word in set(found):
                counts[word] += one.searches
                about[word].update(one.about)
        return cls(counts, about, pairs, _sum("", typed).about)

    def meaning(self, text: str) -> tuple[str, ...]:
        """The words that the query stands for, in no order: ``murah sepatu`` is ``sepatu murah``."""
        return tuple(sorted(set(self._rooted(self._joined(self._rooted(words(text)))))))

    def _rooted(self, typed: list[str]) -> list[str]:
        return [part for word in typed for part in self.roots.get(word, (word,))]

    @cached_property
    def roots(self) -> dict[str, tuple[str, ...]]:
        """The words that a word stands for, of those that stand for others; followed to the end."""
        steps = {word: better for word in self.counts if (better := self._better(word))}

        def end(word: str, depth: int = 0) -> tuple[str, ...]:
            if word not in steps or depth > 4:
                return (word,)
            return tuple(last for step in steps[word] for last in end(step, depth + 1))

        return {word: end(word) for word in steps}

    @cached_property
    def _near(self) -> dict[str, list[str]]:
        """Words by what is left of them without one or two letters."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(self.counts):
            for rest in _without(word, _reach(word)):
                found[rest].append(word)
        return found

    @cached_property
    def _skeletons(self) -> dict[str, list[str]]:
        """Words by what is left of them without vowels, the first letter kept."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(self.counts):
            found[_skeleton(word)].append(word)
        return found

    def _better(self, word: str) -> tuple[str, ...]:
        """The more frequent word, or two, that this one stands for; nothing where it stands for itself."""
        if not word.isalpha() or len(word) > _LONGEST:
            return ()
        fit = [(other, rule) for other, rule in self._others(word) if self._stands(word, (other,), rule)]
        if fit:
            best = min(fit, key=lambda one: (one[1].times, -self.counts[one[0]], one[0]))
            return (best[0],)
        return self._parted(word)

    def _others(self, word: str) -> Iterator[tuple[str, _Rule]]:
        yield from ((stem, _AFFIX) for stem in _stems(word))
        if (short := _spelt_out(word)) is not None:
            yield short, _AFFIX
        yield from ((one, _SHORT) for one in self._skeletons.get(_skeleton(word), ()) if _within(word, one))
        if len(word) >= 4:
            near = {one for rest in _without(word, _reach(word)) for one in self._near.get(rest, ())}
            for one in sorted(near):
                away = distance(word, one)
                if 0 < away <= min(_reach(word), _reach(one)):
                    yield one, _SLIP if away == 1 and one[0] == word[0] else _SLIPS

    def _stands(self, word: str, others: tuple[str, ...], rule: _Rule) -> bool:
        """Whether the others are so much more frequent, and lead to the same."""
        least = min(self.counts.get(one, 0) for one in others)
        mine = self.counts[word]
        enough = least >= rule.times * mine and (least, others[0]) > (mine, word)
        return enough and all(alike(self._led(word), self._led(one), self.everywhere) for one in others)

    def _led(self, word: str) -> Mapping[str, int]:
        return self.about.get(word, {})

    def _parted(self, word: str) -> tuple[str, ...]:
        """Two frequent words written as one."""
        for at in range(3, len(word) - 2):
            both = word[:at], word[at:]
            if self._stands(word, both, _SLIP):
                return both
        return ()

    def _joined(self, typed: list[str]) -> list[str]:
        """The words, neighbours as one where that one is the more frequent way (``power bank``)."""
        found: list[str] = []
        for word in typed:
            whole = found[-1] + word if found else ""
            if whole and self.counts.get(whole, 0) > self.pairs.get((found[-1], word), 0):
                found[-1] = whole
            else:
                found.append(word)
        return found


def distance(one: str, other: str) -> int:
    """Letters to change, add, leave out, or swap with the next (optimal string alignment)."""
    rows = [list(range(len(other) + 1))]
    for at, letter in enumerate(one, 1):
        row = [at]
        for to, beside in enumerate(other, 1):
            cost = min(rows[-1][to] + 1, row[-1] + 1, rows[-1][to - 1] + (letter != beside))
            if at > 1 and to > 1 and (letter, one[at - 2]) == (other[to - 2], beside):
                cost = min(cost, rows[-2][to - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def _reach(word: str) -> int:
    """How many slips a word of this length may have."""
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2


def _without(word: str, letters: int) -> set[str]:
    found = {word}
    for _ in range(letters):
        found |= {one[:at] + one[at + 1 :] for one in found for at in range(len(one))}
    return found


def _skeleton(word: str) -> str:
    return word[:1] + _VOWELS.sub("", word[1:])


def _within(short: str, whole: str) -> bool:
    """Whether the one is the other with letters left out: of one skeleton, vowels."""
    letters = iter(whole)
    return 2 < len(short) < len(whole) and all(letter in letters for letter in short)


def _stems(word: str) -> Iterator[str]:
    """The word without an Indonesian prefix or suffix, or both."""
    bare = [word, *(word.removesuffix(one) for one in _SUFFIXES if word.endswith(one))]
    for one in bare:
        if one != word and len(one) >= 3:
            yield one
        for prefix in _PREFIXES:
            rest = one.removeprefix(prefix)
            if rest != one and len(rest) >= 3:
                yield rest
                yield _LOST.get(prefix, "") + rest


def _spelt_out(word: str) -> str | None:
    """``hape`` is ``hp``: letters by their names."""
    letters, rest = "", word
    while rest:
        name = next((one for one in (rest[:3], rest[:2]) if one in _LETTERS), None)
        if name is None:
            return None
        letters, rest = letters + _LETTERS[name], rest[len(name) :]
    return letters if len(letters) > 1 else None
