"""Estimates against published numbers, independent computations and planted truth."""

import numpy as np
import pytest
from numpy.typing import NDArray

from detak.estimates.inference import Grouped, Logistic, discoveries, fit, standardised_ratios, wilson

Floats = NDArray[np.float64]

# Admissions to Berkeley's six largest departments in 1973 (Bickel, Hammel and O'Connell 1975, Science 187:398):
# department, woman, admitted, refused. Women were refused more often because they chose harder departments.
BERKELEY = np.array(
    [
        (0, 0, 512, 313),
        (0, 1, 89, 19),
        (1, 0, 353, 207),
        (1, 1, 17, 8),
        (2, 0, 120, 205),
        (2, 1, 202, 391),
        (3, 0, 138, 279),
        (3, 1, 131, 244),
        (4, 0, 53, 138),
        (4, 1, 94, 299),
        (5, 0, 22, 351),
        (5, 1, 24, 317),
    ]
)
ADMISSIONS = Grouped(
    levels=BERKELEY[:, :2].astype(np.int64),
    trials=BERKELEY[:, 2:].sum(axis=1).astype(float),
    successes=BERKELEY[:, 2].astype(float),
    sizes=(6, 2),
)


def _log_posterior(grouped: Grouped, beta: Floats, free: list[int]) -> float:
    """Written out row by row, another way than the code under test."""
    total = 0.0
    for levels, trials, successes in zip(grouped.levels, grouped.trials, grouped.successes, strict=True):
        logit = beta[0] + sum(beta[1 + sum(grouped.sizes[:at]) + level] for at, level in enumerate(levels))
        risk = 1 / (1 + np.exp(-logit))
        total += successes * np.log(risk) + (trials - successes) * np.log(1 - risk)
    return total + sum(np.log(np.exp(beta[at] / 2) / (1 + np.exp(beta[at]))) for at in free if at)


def _free(grouped: Grouped) -> list[int]:
    references = {1 + sum(grouped.sizes[:at]) for at in range(len(grouped.sizes))}
    return [at for at in range(1 + sum(grouped.sizes)) if at not in references]


def test_coefficients_are_those_that_textbooks_print() -> None:
    """R: glm(cbind(Admit, Reject) ~ Dept + Gender, binomial, UCBAdmissions). The prior moves them by less than 0.02."""
    model = fit(ADMISSIONS)
    published = [0.58205, 0, -0.04340, -1.26260, -1.29461, -1.73931, -3.30648, 0, 0.09987]
    errors = [0.06899, 0, 0.10984, 0.10663, 0.10582, 0.12611, 0.16998, 0, 0.08085]
    assert model.coefficients == pytest.approx(published, abs=0.02)
    assert np.sqrt(np.diag(model.covariance)) == pytest.approx(errors, abs=0.002)


def test_the_fit_is_the_top_of_the_posterior_and_its_covariance_the_curvature_there() -> None:
    model, free, step = fit(ADMISSIONS), _free(ADMISSIONS), 1e-3
    unit = np.eye(len(model.coefficients)) * step

    def at(change: Floats) -> float:
        return _log_posterior(ADMISSIONS, model.coefficients + change, free)

    slopes = [(at(unit[one]) - at(-unit[one])) / (2 * step) for one in free]
    assert slopes == pytest.approx([0] * len(free), abs=1e-3)
    curvature = [
        [
            (at(unit[a] + unit[b]) - at(unit[a] - unit[b]) - at(unit[b] - unit[a]) + at(-unit[a] - unit[b]))
            / (4 * step**2)
            for b in free
        ]
        for a in free
    ]
    expected = np.linalg.inv(-np.array(curvature))
    assert model.covariance[np.ix_(free, free)] == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_the_paradox_of_berkeley_is_undone() -> None:
    admitted = [sum(row[2] for row in BERKELEY if row[1] == woman) for woman in (0, 1)]
    applied = [sum(row[2] + row[3] for row in BERKELEY if row[1] == woman) for woman in (0, 1)]
    assert (admitted[1] / applied[1]) / (admitted[0] / applied[0]) == pytest.approx(0.68, abs=0.01)
    man, woman = standardised_ratios(fit(ADMISSIONS), 1)
    assert woman.low < 1 < woman.high
    assert woman.value == pytest.approx(1.04, abs=0.02)
    assert man.value * woman.value == pytest.approx(1, abs=1e-9)
    assert man.p_value == pytest.approx(woman.p_value) == pytest.approx(0.22, abs=0.03)


def _log_ratio(model: Logistic, beta: Floats, factor: int, level: int) -> float:
    """Standardisation one applicant group at a time."""
    grouped = model.grouped
    means = []
    for swapped in range(grouped.sizes[factor]):
        total = 0.0
        for levels, trials in zip(grouped.levels, grouped.trials, strict=True):
            seen = [swapped if at == factor else one for at, one in enumerate(levels)]
            logit = beta[0] + sum(beta[1 + sum(grouped.sizes[:at]) + one] for at, one in enumerate(seen))
            total += trials / (1 + np.exp(-logit))
        means.append(total / grouped.trials.sum())
    weights = [
        0.0 if one == level else float(grouped.trials[grouped.levels[:, factor] == one].sum())
        for one in range(len(means))
    ]
    return float(np.log(means[level]) - np.log(np.average(means, weights=weights)))


@pytest.mark.parametrize(("factor", "level"), [(0, 0), (0, 5), (1, 1)])
def test_ratio_and_interval_agree_with_a_numeric_derivative(factor: int, level: int) -> None:
    model, step = fit(ADMISSIONS), 1e-5
    centre = _log_ratio(model, model.coefficients, factor, level)
    unit = np.eye(len(model.coefficients)) * step
    slope = np.array(
        [
            (
                _log_ratio(model, model.coefficients + one, factor, level)
                - _log_ratio(model, model.coefficients - one, factor, level)
            )
            / (2 * step)
            for one in unit
        ]
    )
    error = np.sqrt(slope @ model.covariance @ slope)
    ratio = standardised_ratios(model, factor)[level]
    assert np.log([ratio.value, ratio.low, ratio.high]) == pytest.approx(
        [centre, centre - 1.96 * error, centre + 1.96 * error], abs=1e-4
    )


def _shop(seed: int, orders: int) -> tuple[Grouped, list[float]]:
    """Orders by payment (0, 1) and province (0, 1, 2): far provinces cancel more and pay by 1 more. The true ratios."""
    random = np.random.default_rng(seed)
    province = random.choice(3, orders, p=[0.5, 0.3, 0.2])
    payment = (random.random(orders) < np.array([0.2, 0.5, 0.8])[province]).astype(np.int64)
    logit = -2.2 + 0.3 * payment + np.array([0, 0.6, 1.2])[province]
    cancelled = random.random(orders) < 1 / (1 + np.exp(-logit))
    cells = payment * 3 + province
    grouped = Grouped(
        levels=np.array([(cell // 3, cell % 3) for cell in range(6)], np.int64),
        trials=np.bincount(cells, minlength=6).astype(float),
        successes=np.bincount(cells, weights=cancelled, minlength=6),
        sizes=(2, 3),
    )
    base = -2.2 + np.array([0, 0.6, 1.2])[province]
    risks = [(1 / (1 + np.exp(-(base + 0.3 * paid)))).mean() for paid in (0, 1)]
    return grouped, [risks[0] / risks[1], risks[1] / risks[0]]


def test_a_planted_ratio_is_found_where_the_raw_one_misleads() -> None:
    grouped, truth = _shop(seed=1, orders=40_000)
    by_payment = [grouped.levels[:, 0] == paid for paid in (0, 1)]
    raw = [grouped.successes[one].sum() / grouped.trials[one].sum() for one in by_payment]
    ratio = standardised_ratios(fit(grouped), 0)[1]
    assert raw[1] / raw[0] > 1.6
    assert truth[1] < 1.3
    assert ratio.low < truth[1] < ratio.high
    assert ratio.value == pytest.approx(truth[1], rel=0.05)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    covered = 0
    runs = 400
    for seed in range(runs):
        grouped, truth = _shop(seed=seed, orders=800)
        ratio = standardised_ratios(fit(grouped), 0)[1]
        covered += ratio.low <= truth[1] <= ratio.high
    assert 0.925 <= covered / runs <= 0.975


@pytest.mark.parametrize("successes", [[0, 20], [40, 20], [0, 0], [40, 40]])
def test_a_level_that_is_never_or_always_cancelled_stays_finite(successes: list[int]) -> None:
    grouped = Grouped(np.array([[0], [1]], np.int64), np.array([40.0, 40.0]), np.array(successes, float), (2,))
    for ratio in standardised_ratios(fit(grouped), 0):
        assert np.isfinite(ratio).all()
        assert 0 < ratio.low < ratio.value < ratio.high


def test_two_factors_that_say_the_same_stay_finite() -> None:
    levels = np.array([[0, 0], [1, 1]], np.int64)
    grouped = Grouped(levels, np.array([400.0, 400.0]), np.array([40.0, 80.0]), (2, 2))
    assert all(np.isfinite(ratio).all() for factor in (0, 1) for ratio in standardised_ratios(fit(grouped), factor))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_newcombe(successes: int, trials: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17:857, table I, method 3."""
    estimate = wilson(successes, trials)
    assert estimate == pytest.approx((successes / trials, low, high), abs=5e-5)


def test_a_share_of_nothing_has_no_value() -> None:
    with pytest.raises(ValueError, match="at least one trial"):
        wilson(0, 0)


def test_discoveries_are_those_of_benjamini_and_hochberg() -> None:
    """The fifteen comparisons of their paper, section 3.2: four are believed."""
    values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    values += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert discoveries(values) == [True] * 4 + [False] * 11
    assert discoveries(values[::-1]) == [False] * 11 + [True] * 4
    assert discoveries([]) == []
