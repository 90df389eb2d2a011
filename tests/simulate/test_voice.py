import random
from collections import Counter

import pytest

from detak.simulate.voice import ASPECTS, ENGLISH, Text, post, review


def texts(praise: float, count: int = 6_000) -> list[Text]:
    rng = random.Random(11)
    return [review(rng, dict.fromkeys(ASPECTS, praise)) for _ in range(count)]


def test_aspects_are_praised_as_often_as_planted() -> None:
    said = [good for text in texts(0.7) for _, good in text.opinion.polarity]
    assert sum(said) / len(said) == pytest.approx(0.7, abs=0.015)


def test_every_aspect_is_spoken_of() -> None:
    counts = Counter(aspect for text in texts(0.7) for aspect, _ in text.opinion.polarity)
    assert set(counts) == set(ASPECTS)
    assert counts["kualitas"] > counts["keaslian"] > 200


def test_stars_follow_from_what_is_praised() -> None:
    for text in texts(0.5):
        good = sum(praised for _, praised in text.opinion.polarity)
        if good == len(text.opinion.polarity):
            assert text.opinion.stars >= 4
        if not good:
            assert text.opinion.stars <= 2


def test_hardly_two_texts_are_the_same() -> None:
    written = [text.text for text in texts(0.7)]
    assert len(set(written)) > 0.98 * len(written)
    words = Counter(word for text in written for word in text.lower().split())
    assert len(words) > 600


def test_english_and_sarcasm_have_their_share() -> None:
    made = texts(0.5)
    assert sum(text.opinion.english for text in made) / len(made) == pytest.approx(ENGLISH, abs=0.012)
    sarcastic = [text for text in made if text.opinion.sarcastic]
    assert len(sarcastic) > 50
    assert not any(good for text in sarcastic for _, good in text.opinion.polarity)


def test_a_post_names_the_product_or_hails_someone() -> None:
    rng = random.Random(3)
    written = [post(rng, dict.fromkeys(ASPECTS, 0.8), "Serum Wardani").text.lower() for _ in range(200)]
    assert 20 < sum("serum" in one for one in written) < 200
