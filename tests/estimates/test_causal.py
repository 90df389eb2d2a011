import numpy as np
import pytest

from detak.estimates.causal import Study, evalue, removal, strengths


def _confounded(n: int, seed: int, effect: float) -> tuple[Study, float]:
    """A trait makes exposure likelier and the outcome rarer; exposure takes a part of it. And what is truly lost."""
    random = np.random.default_rng(seed)
    trait = random.integers(0, 4, n)
    other = random.integers(0, 3, n)
    exposed = random.random(n) < 0.1 + 0.2 * trait
    would = random.random(n) < 0.8 - 0.18 * trait + 0.05 * other
    taken = random.random(n) < effect
    outcome = would & ~(exposed & taken)
    study = Study(np.ones(n), np.ones(n, bool), exposed, outcome, np.column_stack([trait, other]), (4, 3))
    return study, float((would & exposed & taken).sum())


@pytest.mark.parametrize("seed", range(3))
def test_finds_what_is_planted_where_plain_comparison_is_misled(seed: int) -> None:
    study, lost = _confounded(20_000, seed, 0.3)
    found = removal(study)
    assert found is not None
    assert abs(found.gained.value / lost - 1) < 0.15
    bare = ~study.exposed
    plain = study.exposed.sum() * (study.outcome[bare].mean() - study.outcome[study.exposed].mean())
    assert plain / lost > 1.5


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(60):
        study, lost = _confounded(1_500, seed, 0.3)
        found = removal(study)
        assert found is not None
        held += found.gained.low <= lost <= found.gained.high
    assert held >= 53


def test_no_effect_is_told_as_none() -> None:
    study, _ = _confounded(6_000, 5, 0.0)
    found = removal(study)
    assert found is not None
    assert found.gained.low < 0 < found.gained.high


def test_alike_cases_may_be_counted_together() -> None:
    study, _ = _confounded(3_000, 1, 0.3)
    keys = np.column_stack([study.levels, study.exposed, study.outcome])
    groups, counts = np.unique(keys, axis=0, return_counts=True)
    one = np.ones(len(groups), bool)
    grouped = Study(counts.astype(float), one, groups[:, 2] == 1, groups[:, 3] == 1, groups[:, :2], study.sizes)
    apart, together = removal(study), removal(grouped)
    assert apart is not None
    assert together is not None
    assert together.gained.value == pytest.approx(apart.gained.value, rel=0.1)


def test_what_is_not_known_weighs_nothing() -> None:
    study, lost = _confounded(8_000, 2, 0.3)
    known = np.random.default_rng(3).random(8_000) < 0.5
    half = Study(study.cases, known, study.exposed & known, study.outcome, study.levels, study.sizes)
    found = removal(half)
    assert found is not None
    assert abs(2 * found.gained.value / lost - 1) < 0.2
    assert not found.per_case[~known].any()


def test_a_handful_tells_nothing() -> None:
    study, _ = _confounded(12, 1, 0.3)
    assert removal(study) is None


def test_evalue_of_the_paper() -> None:
    """VanderWeele and Ding 2017: 3.9 gives 7.26, and its lower limit 1.8 gives 3.0."""
    assert evalue(3.9) == pytest.approx(7.26, abs=0.01)
    assert evalue(1.8) == pytest.approx(3.0, abs=0.01)
    assert evalue(1 / 3.9) == pytest.approx(evalue(3.9))
    assert evalue(1.0) == 1.0


def test_the_trait_that_misleads_is_the_strongest() -> None:
    study, _ = _confounded(6_000, 1, 0.3)
    trait, other = strengths(study)
    assert trait > 1.2 > other >= 1
