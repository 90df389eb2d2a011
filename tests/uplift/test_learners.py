"""What every learner of uplift keeps to."""

import numpy as np
import pytest
from tests.uplift.trials import planted, spent

from detak.plugins import members
from detak.uplift.base import Effects, Learner, Trial

LEARNERS = members("detak.uplift", "learner")
BLIND = {"response", "s"}  # they cannot see an effect that has nothing to do with who acts anyway
every_learner = pytest.mark.parametrize("learner", [kind() for kind in LEARNERS.values()], ids=list(LEARNERS))


@every_learner
@pytest.mark.parametrize("make", [planted, spent])
def test_it_finds_who_is_moved(learner: Learner, make: type) -> None:
    trial, truth = make()
    found = learner.fit(trial, 0).effect(trial.features)
    likeness = np.corrcoef(found, truth)[0, 1]
    assert (likeness < 0.5) if learner.learner in BLIND else (likeness > 0.85)


@every_learner
def test_the_average_of_its_effects_is_the_average_effect(learner: Learner) -> None:
    trial, truth = planted()
    found = learner.fit(trial, 0).effect(trial.features)
    assert abs(found.mean() - truth.mean()) < 0.03


@every_learner
def test_the_same_trial_gives_the_same_effects(learner: Learner) -> None:
    trial, _ = planted(800)
    first, second = (learner.fit(trial, 5).effect(trial.features) for _ in range(2))
    assert (first == second).all()


@every_learner
def test_it_comes_back_from_its_arrays(learner: Learner) -> None:
    trial, _ = planted(800)
    effects = learner.fit(trial, 0)
    again = Effects.load(effects.arrays())
    assert (again.effect(trial.features) == effects.effect(trial.features)).all()


@every_learner
def test_one_side_may_be_all_alike(learner: Learner) -> None:
    trial, _ = planted(800)
    nobody = np.where(trial.treated, trial.outcome, 0.0)
    effects = learner.fit(Trial(trial.features, trial.treated, nobody, trial.propensity), 0)
    assert np.isfinite(effects.effect(trial.features)).all()


@every_learner
def test_people_without_features_all_have_one_effect(learner: Learner) -> None:
    trial, truth = planted(2000)
    effect = learner.fit(Trial(trial.features * 0, trial.treated, trial.outcome, trial.propensity), 0)
    found = effect.effect(np.zeros((3, 5)))
    assert np.ptp(found) == 0
    assert abs(found[0] - truth.mean()) < 0.06


def test_names_and_simplicities_are_each_ones_own() -> None:
    assert len({kind.simplicity for kind in LEARNERS.values()}) == len(LEARNERS) >= 7
