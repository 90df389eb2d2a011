"""The blend: several models name candidates, and a ranker learnt on what people touched next puts them in order.

Everything is chosen on people's own next touches, which the models were not told: the settings of each model, the
weights of the ranker, and whether there is enough to learn one. Nothing is left to be set by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from detak.recommend.base import NOBODY, Floats, History, Interactions, Ints32, Scored, Situation
from detak.recommend.candidates import Candidates, Voices
from detak.recommend.ease import Ease
from detak.recommend.followed import Followed
from detak.recommend.links import Links
from detak.recommend.ranker import Lists, Ranker, Training, gain
from detak.recommend.tuning import Members, tuned

_FEWEST = 200  # lists, to learn a ranker from
_CHECKED = 0.1  # of the lists: they choose the epoch, and whether the ranker is used


class Queries(NamedTuple):
    """What is learnt from: models are fitted on ``told`` and asked with ``asked``; ``target`` was touched next."""

    told: Interactions
    asked: Interactions
    target: Ints32


def members() -> Members:
    """The models that are blended, before they are tuned."""
    return {
        "after": Followed(),
        "shared": Followed(discount=0.9, decay=0.8, sharing=0.5),
        "next": Followed(discount=0.5, decay=0.4, window=1),
        "beside": Followed(discount=1.0, before=1.0, sharing=0.25, window=50),
        "further": Followed(discount=1.0, before=1.0, sharing=0.25, window=50, further=True),
        "earlier": Followed(after=0.0, before=1.0),
        "ease": Ease(),
    }


@dataclass(frozen=True)
class BlendModel:
    """A fitted blend. Without a ranker the models' shares are added up."""

    voices: Voices
    ranker: Ranker | None
    again: bool
    """Whether people touch products again: else those of the history are no candidates."""
    found: Mapping[str, float]
    """NDCG@10 on the touches it was chosen by: of each model, of the sum, of the ranker."""

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """See ``Model``."""
        voices = self.voices
        parts = {f"of/{name}/{key}": value for name, one in voices.links.items() for key, value in one.arrays().items()}
        ranker = {f"ranker/{key}": value for key, value in self.ranker.arrays().items()} if self.ranker else {}
        found = {f"found/{key}": np.array([value]) for key, value in self.found.items()}
        flags = np.array([voices.nominees, int(self.again)])
        return {**parts, **ranker, **found, "count": voices.count, "late": voices.late, "flags": flags}

    def recommend(self, history: History, k: int, exclude: Ints32, situation: Situation) -> Scored:  # noqa: ARG002
        """See ``Model``."""
        alone = _known(history.alone(()), len(self.voices.count))
        shut = exclude[(exclude >= 0) & (exclude < len(self.voices.count))]
        listed = self._listed(alone, [shut])
        score = self._score(listed)
        order = np.lexsort((listed.item, -score))[: max(k, 0)]
        items = listed.item[order]
        return Scored(items, score[order], self._because(alone, items))

    def scores(self, histories: Interactions) -> Floats:
        """See ``Scorer``. Candidates score 1 and more; only scores of one person compare."""
        histories = _known(histories, len(self.voices.count))
        table = np.zeros((histories.people, len(self.voices.count)), np.float32)
        for people in self.voices.chunks(histories.people):
            part = histories.only(people)
            listed = self._listed(part, [np.zeros(0, np.int32)] * len(people))
            if len(listed.item):
                score = self._score(listed)
                table[people[listed.person], listed.item] = score - score.min() + 1
        return table

    def _listed(self, histories: Interactions, shut: list[Ints32]) -> Candidates:
        if self.again:
            return self.voices.candidates(histories, shut)
        seen = [np.union1d(histories.of(at).item, out).astype(np.int32) for at, out in enumerate(shut)]
        return self.voices.candidates(histories, seen)

    def _score(self, listed: Candidates) -> Floats:
        return self.ranker.scores(listed.features) if self.ranker else self.voices.plain(listed.features)

    def _because(self, alone: Interactions, items: Ints32) -> Ints32:
        """The touch that speaks most for each, over all models, each on its own scale."""
        if not len(alone.item) or not len(items):
            return np.full(len(items), NOBODY, np.int32)
        touched = np.unique(alone.item)
        total = np.zeros((len(touched), len(items)), np.float32)
        for one in self.voices.links.values():
            parts = one.parts(alone, touched, items)
            total += parts / max(float(parts.max(initial=0)), 1e-9)
        return np.where(total.max(axis=0) > 0, touched[total.argmax(axis=0)], NOBODY).astype(np.int32)


@dataclass(frozen=True)
class Blend:
    """``holdout`` says what it learns from: the ``last`` touch of everybody, for people who come back, or whole
    ``people``, for sessions of strangers."""

    recommender: ClassVar[str] = "blend"
    holdout: Literal["last", "people"] = "last"
    nominees: int = 40
    """How many candidates each model names."""
    lists: int = 20_000
    """How many lists the ranker learns from at most."""
    seed: int = 0

    def fit(self, data: Interactions) -> BlendModel:
        """See ``Recommender``."""
        queries = self.queries(data)
        chosen, model = self._learn(queries)
        links = {name: one.fit(data) for name, one in chosen.items()}
        return BlendModel(Voices.over(links, data, self.nominees), model.ranker, model.again, model.found)

    def held(self, queries: Queries) -> BlendModel:
        """The model whose parts were told no more than ``queries.told``."""
        return self._learn(queries)[1]

    def load(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> BlendModel:
        """See ``Recommender``."""
        links = {name: Links.load(part) for name in members() if (part := _under(f"of/{name}/", arrays))}
        ranker = _under("ranker/", arrays)
        nominees, again = arrays["flags"].tolist()
        voices = Voices(links, arrays["count"], arrays["late"], nominees)
        found = {key: float(value[0]) for key, value in _under("found/", arrays).items()}
        return BlendModel(voices, Ranker.load(ranker) if ranker else None, bool(again), found)

    def queries(self, data: Interactions) -> Queries:
        """What it learns from, of all there is."""
        if self.holdout == "people":
            return _of_people(data)
        return _of_last(data, self.seed)

    def _learn(self, queries: Queries) -> tuple[Members, BlendModel]:
        again = bool(_repeated(queries).mean() > 0.01) if len(queries.target) else False
        chosen, links, found = tuned(members(), queries.told, queries.asked, queries.target, again)
        voices = Voices.over(links, queries.told, self.nominees)
        bare = BlendModel(voices, None, again, found)
        lists = self._lists(bare, queries)
        count = len(lists.chosen)
        if count < _FEWEST:
            return chosen, bare
        order = np.random.default_rng(self.seed).permutation(count)
        cut = int(count * _CHECKED)
        check = lists.part(np.sort(order[:cut]))
        ranker = Training(seed=self.seed).learn(lists.part(np.sort(order[cut:])), check)
        plain, learnt = voices.plain(check.features), ranker.scores(check.features)
        reached = {"sum": gain(check.places(plain)), "ranker": gain(check.places(learnt))}
        better = ranker if reached["ranker"] >= reached["sum"] else None
        return chosen, BlendModel(voices, better, again, {**found, **reached})

    def _lists(self, model: BlendModel, queries: Queries) -> Lists:
        """Lists of people in which what they touched next is a candidate."""
        mixed = np.random.default_rng(self.seed).permutation(queries.asked.people)
        features, lengths, chosen = [], [0], []
        for part in model.voices.chunks(len(mixed)):
            people = mixed[part]
            listed = model._listed(queries.asked.only(people), [np.zeros(0, np.int32)] * len(people))
            hit = np.flatnonzero(listed.item == queries.target[people][listed.person])
            with_hit = listed.person[hit]
            kept = np.isin(listed.person, with_hit)
            begin = np.cumsum([0, *np.diff(listed.start)[with_hit]])[:-1]
            chosen.append(sum(lengths) + begin + hit - listed.start[with_hit])
            features.append(listed.features[kept])
            lengths += np.diff(listed.start)[with_hit].tolist()
            if len(lengths) > self.lists:
                break
        if not features:
            return Lists(np.zeros((0, 0), np.float32), np.zeros(1, np.int64), np.zeros(0, np.int64))
        return Lists(np.concatenate(features), np.cumsum(lengths), np.concatenate(chosen))


def _known(histories: Interactions, size: int) -> Interactions:
    """Without products that came in after the fit."""
    return histories.rows((histories.item >= 0) & (histories.item < size))


def _repeated(queries: Queries) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """By person: whether what was touched next had been touched before."""
    asked = queries.asked
    same = asked.item == queries.target[asked.person]
    return np.bincount(asked.person[same], minlength=asked.people) > 0


def _of_last(data: Interactions, seed: int) -> Queries:
    """Everybody's last moment. What has one time, such as the products of an order, has no order: all of it is kept
    from the models, and any one of it is asked for. Where times are unknown each touch is a moment."""
    last = data.time[np.maximum(data.starts[1:] - 1, 0)] if len(data.item) else np.zeros(0, np.int64)
    hidden = data.back == 0
    if data.time.any():
        hidden |= data.time == last[data.person]
    told, hid = data.rows(~hidden), data.rows(hidden)
    asking = np.flatnonzero((told.lengths > 0) & (hid.lengths > 0))
    some = np.random.default_rng(seed).random(len(asking))
    at = hid.starts[asking] + (some * hid.lengths[asking]).astype(np.int64)
    return Queries(told, told.only(asking), hid.item[at])


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
