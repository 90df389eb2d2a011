"""The blend: several models name candidates, and a ranker learnt on what people touched next puts them in order.

Everything is chosen on people's own next touches, which the models were not told: the settings of each model, the
weights of the ranker, and whether there is enough to learn one. Nothing is left to be set by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from detak.recommend.base import (
    Crowd,
    Floats,
    History,
    Interactions,
    Ints32,
    Scored,
    Situation,
    plain,
)
from detak.recommend.candidates import Told, Voices
from detak.recommend.compiled import CompiledBlend
from detak.recommend.ease import Ease
from detak.recommend.followed import Followed
from detak.recommend.links import DEPTH
from detak.recommend.parts import fitted, members
from detak.recommend.ranker import Lists, Ranker, Training, gain
from detak.recommend.stack import Stack
from detak.recommend.tuning import tuned

_FEWEST = 200  # lists, to learn a ranker from
_CHECKED = 0.1  # of the lists: they choose the epoch, and whether the ranker is used
_AT_ONCE = 64  # people: what is said to more of them takes memory and saves nothing
_PEOPLE = 100_000  # who are asked at most
_FEW = 0.02  # of the touches: so few may stay untold, where a second fit would take long


class Queries(NamedTuple):
    """What is learnt from: models are fitted on ``told`` and asked with ``asked``; ``target`` was touched next."""

    told: Interactions
    asked: Interactions
    target: Ints32


@dataclass(frozen=True)
class BlendModel:
    """A fitted blend. Without a ranker the models' shares are added up."""

    voices: Voices
    ranker: Ranker | None
    again: bool
    """Whether people touch products again: else those of the history are no candidates."""
    found: Mapping[str, float]
    """NDCG@10 on the touches it was chosen by: of each model, of the sum, of the ranker."""
    wanted: Mapping[str, float]
    """How much of the suggested one's popularity was taken out, by model."""

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """See ``Model``."""
        voices = self.voices
        rows: dict[str, np.ndarray[Any, Any]] = {
            name: getattr(voices.stack, name) for name in ("begin", "item", "value")
        }
        ranker = {f"ranker/{key}": value for key, value in self.ranker.arrays().items()} if self.ranker else {}
        found = {f"found/{key}": np.array([value]) for key, value in self.found.items()}
        wanted = {f"wanted/{name}": np.array([one]) for name, one in self.wanted.items()}
        decays = {f"decay/{name}": np.array([one]) for name, one in zip(voices.names, voices.decays, strict=True)}
        flags = np.array([voices.nominees, int(self.again)])
        return {
            **rows,
            **ranker,
            **found,
            **wanted,
            **decays,
            "count": voices.count,
            "late": voices.late,
            "flags": flags,
        }

    def as_chosen(self, name: str, one: Followed | Ease) -> Followed | Ease:
        """One of its models with the settings that were chosen for it."""
        paced = replace(one, decay=self.voices.decays[self.voices.names.index(name)])
        return replace(paced, wanted=self.wanted[name]) if isinstance(paced, Followed) else paced

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:
        """See ``Model``. The product whose page it stands on counts as the last touch."""
        if self._compiled:
            return self.recommend_many(Crowd([history], [exclude]), k, situation)[0]
        touched = self._on_page(self._known(history.item), situation.product)
        shut = self._known(exclude)
        heard = self.voices.hear(touched, shut if self.again else np.concatenate([shut, touched]))
        score = self._score(heard.features)
        order = np.argsort(-score, kind="stable")[: max(k, 0)]
        items = heard.item[order]
        return Scored(items, score[order], self.voices.because(heard, items))

    def recommend_many(self, crowd: Crowd, k: int, situation: Situation) -> list[Scored]:
        """See ``Many``."""
        if self._compiled:
            return self._compiled.best(crowd, k, situation.product, again=self.again)
        shut = [np.concatenate([own, crowd.closed]) for own in crowd.exclude]
        return [self.recommend(one, k, own, situation) for one, own in zip(crowd.histories, shut, strict=True)]

    def scores(self, histories: Interactions) -> Floats:
        """See ``Scorer``. Candidates score 1 and more; only scores of one person compare."""
        table = np.zeros((histories.people, len(self.voices.count)), np.float32)
        for first in range(0, histories.people, _AT_ONCE):
            people = np.arange(first, min(first + _AT_ONCE, histories.people))
            told = self.told([histories.of(one).item for one in people.tolist()])
            score, many = self._score(told.features), told.start[1:] - told.start[:-1]
            speaking = many.nonzero()[0]
            if len(speaking):
                least = np.minimum.reduceat(score, told.start.take(speaking)).repeat(many.take(speaking))
                table[people.repeat(many), told.item] = score - least + 1
        return table

    def told(self, histories: Sequence[Ints32]) -> Told:
        """What is said to people who touched these, the last one last; touches that are not heard are not there."""
        known = [self._known(one)[-DEPTH:] for one in histories]
        if self._compiled:
            return self._compiled.told(known, again=self.again)
        heard = [self.voices.hear(one, one[: 0 if self.again else len(one)]) for one in known]
        ends = np.cumsum([0, *(len(one.item) for one in heard)])
        return Told(np.concatenate([one.item for one in heard]), np.concatenate([one.features for one in heard]), ends)

    @cached_property
    def _compiled(self) -> CompiledBlend | None:
        return CompiledBlend.of(self.voices, self.ranker)

    def _on_page(self, touched: Ints32, page: int | None) -> Ints32:
        """With the product of the page, which is no further touch where it was the last one."""
        if page is None or page >= len(self.voices.count) or (len(touched) and touched[-1] == page):
            return touched
        return np.append(touched, np.int32(page))

    def _known(self, items: Ints32) -> Ints32:
        """Without products that came in after the fit."""
        return items[(items >= 0) & (items < len(self.voices.count))]

    def _score(self, features: Floats) -> Floats:
        return self.ranker.scores(features) if self.ranker else self.voices.plain(features)


@dataclass(frozen=True)
class Blend:
    """``holdout`` says what it learns from: the ``last`` touch of everybody, for people who come back, or whole
    ``people``, for sessions of strangers."""

    recommender: ClassVar[str] = "blend"
    holdout: Literal["last", "people"] = "last"
    nominees: int = 30
    """How many candidates each model names."""
    lists: int = 20_000
    """How many lists the ranker learns from at most."""
    seed: int = 0

    def fit(self, data: Interactions) -> BlendModel:
        """See ``Recommender``."""
        queries = self.queries(data)
        model = self.held(queries)
        few = len(data.item) - len(queries.told.item) < _FEW * len(data.item)
        return model if few else self.refit(data, model)

    def choose(self, data: Interactions) -> BlendModel:
        """See ``Chooser``."""
        return self.held(self.queries(data))

    def refit(self, data: Interactions, chosen: BlendModel) -> BlendModel:
        """See ``Chooser``. The settings of the models and the ranker stay."""
        some = {name: chosen.as_chosen(name, one) for name, one in members(len(data.items)).items()}
        return replace(chosen, voices=Voices.over(fitted(some, data), data, self.nominees))

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> BlendModel:
        """See ``Recommender``."""
        count = arrays["count"]
        stack = Stack(arrays["begin"], arrays["item"], arrays["value"], len(count))
        decays = {name: float(value[0]) for name, value in _under("decay/", arrays).items()}
        ranker = _under("ranker/", arrays)
        nominees, again = arrays["flags"].tolist()
        voices = Voices(tuple(decays), tuple(decays.values()), stack, count, arrays["late"], nominees)
        found, wanted = (
            {key: float(value[0]) for key, value in _under(prefix, arrays).items()} for prefix in ("found/", "wanted/")
        )
        return BlendModel(voices, Ranker.load(ranker) if ranker else None, bool(again), found, wanted)

    def queries(self, data: Interactions) -> Queries:
        """What it learns from, of all there is."""
        if self.holdout == "people":
            return _of_people(data)
        return _of_last(data, self.seed)

    def held(self, queries: Queries) -> BlendModel:
        """The model whose parts were told no more than ``queries.told``."""
        again = bool(_repeated(queries).mean() > 0.01) if len(queries.target) else False
        chosen, links, found = tuned(
            members(len(queries.told.items)), queries.told, queries.asked, queries.target, again
        )
        voices = Voices.over(links, queries.told, self.nominees)
        wanted = {name: one.wanted for name, one in chosen.items() if isinstance(one, Followed)}
        bare = BlendModel(voices, None, again, found, wanted)
        lists = self._lists(bare, queries)
        count = len(lists.chosen)
        if count < _FEWEST:
            return bare
        cut = int(count * _CHECKED)  # people are in a random order here
        check = lists.between(0, cut)
        ranker = Training(seed=self.seed).learn(lists.between(cut, count), check)
        plain, learnt = voices.plain(check.features), ranker.scores(check.features)
        reached = {"sum": gain(check.places(plain)), "ranker": gain(check.places(learnt))}
        better = ranker if reached["ranker"] >= reached["sum"] else None
        return replace(bare, ranker=better, found={**found, **reached})

    def _lists(self, model: BlendModel, queries: Queries) -> Lists:
        """Lists of people in which what they touched next is a candidate."""
        features: list[Floats] = []
        ends, chosen = [0], list[int]()
        order = np.random.default_rng(self.seed).permutation(queries.asked.people)
        for first in range(0, len(order), _AT_ONCE):
            people = order[first : first + _AT_ONCE]
            told = model.told([queries.asked.of(one).item for one in people.tolist()])
            wanted = queries.target[people].repeat(told.start[1:] - told.start[:-1])
            for at in (told.item == wanted).nonzero()[0][: self.lists - len(chosen)].tolist():
                person = int(told.start.searchsorted(at, side="right")) - 1
                begin, end = told.start[person : person + 2].tolist()
                features.append(told.features[begin:end])
                chosen.append(ends[-1] + at - begin)
                ends.append(ends[-1] + end - begin)
            if len(chosen) == self.lists:
                break
        table = np.concatenate(features) if features else np.zeros((0, 0), np.float32)
        return Lists(table, np.array(ends, np.int64), np.array(chosen, np.int64))


def _repeated(queries: Queries) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """By person: whether what was touched next had been touched before."""
    asked = queries.asked
    same = asked.item == queries.target[asked.person]
    return np.bincount(asked.person[same], minlength=asked.people) > 0


def _of_last(data: Interactions, seed: int) -> Queries:
    """Everybody's last moment, or that of some where there are many people. What has one time, such as the products of
    an order, has no order: all of it is kept from the models, and any one of it is asked for. Where times are unknown
    each touch is a moment."""
    random = np.random.default_rng(seed)
    hidden = np.zeros(len(data.item), np.bool_)
    hidden[data.latest] = True
    if data.time.any():
        last = np.zeros(data.people, np.int64)
        last[data.person[data.latest]] = data.time[data.latest]
        hidden |= data.time == last[data.person]
    able = np.flatnonzero(np.bincount(data.person[~hidden], minlength=data.people))
    if len(able) > _PEOPLE:
        drawn = np.zeros(data.people, np.bool_)
        drawn[random.choice(able, _PEOPLE, replace=False)] = True
        hidden &= drawn[data.person]
    told, hid = _bare(data, ~hidden), _bare(data, hidden)
    asking = np.flatnonzero((told.lengths > 0) & (hid.lengths > 0))
    at = hid.starts[asking] + (random.random(len(asking)) * hid.lengths[asking]).astype(np.int64)
    return Queries(told, told.only(asking), hid.item[at])


def _bare(data: Interactions, kept: np.ndarray[Any, np.dtype[np.bool_]]) -> Interactions:
    """These rows, without what the blend does not look at."""
    return plain(data.person[kept], data.item[kept], data.subjects, data.items)


def _of_people(data: Interactions) -> Queries:
    """The last tenth of the people, each asked at every step; the models are told of the others alone."""
    held = np.arange(data.people - data.people // 10, data.people)
    whole = data.only(held)
    later = np.flatnonzero(np.arange(len(whole.item)) > whole.starts[:-1][whole.person])
    first = whole.starts[:-1][whole.person[later]]
    lengths = later - first
    ends = np.cumsum(lengths)
    rows = np.repeat(first - (ends - lengths), lengths) + np.arange(ends[-1] if len(ends) else 0)
    person = np.repeat(np.arange(len(later), dtype=np.int32), lengths)
    columns = (whole.item[rows], whole.time[rows], whole.weight[rows])
    asked = Interactions(person, *columns, np.arange(len(later), dtype=np.int64), data.items)
    return Queries(data.without(held), asked, whole.item[later])


def _under(prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
