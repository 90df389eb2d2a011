"""scikit-uplift's and causalml's learners on the folds of somebody else: effects of people they did not see."""

from typing import Any

import numpy as np
from causalml.inference.meta import BaseDRLearner, BaseSClassifier, BaseTClassifier, BaseXClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklift.metrics import qini_auc_score
from sklift.models import ClassTransformation, SoloModel, TwoModels

Arrays = dict[str, np.ndarray[Any, Any]]


def answer(question: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Qini AUC of each learner in each fold, as scikit-uplift counts it; of given effects too."""
    features, treated, outcome = arrays["features"], arrays["treated"], arrays["outcome"].astype(int)
    aucs: dict[str, list[float]] = {}
    for repeat in range(question["repeats"]):
        number = arrays[f"fold_{repeat}"]
        for fold in range(int(number.max()) + 1):
            learnt, these = number != fold, number == fold
            told = features[learnt], treated[learnt], outcome[learnt], features[these]
            found = {**_sklift(*told), **_causalml(*told), "detak": arrays[f"effect_{repeat}"][these]}
            for name, effect in found.items():
                auc = qini_auc_score(outcome[these], np.ravel(effect), treated[these])
                aucs.setdefault(name, []).append(float(auc))
    return {"aucs": aucs}, {}


def _logistic() -> Any:
    return LogisticRegression(max_iter=1000)


def _trees() -> Any:
    return HistGradientBoostingClassifier(max_depth=3, max_iter=80, learning_rate=0.05, random_state=0)


def _sklift(x: Any, w: Any, y: Any, z: Any) -> Arrays:
    models = {
        "sklift solo": SoloModel(_logistic()),
        "sklift solo interaction": SoloModel(_logistic(), method="treatment_interaction"),
        "sklift two": TwoModels(_logistic(), _logistic(), method="vanilla"),
        "sklift two ddr": TwoModels(_logistic(), _logistic(), method="ddr_control"),
        "sklift two trees": TwoModels(_trees(), _trees(), method="vanilla"),
        "sklift class transformation": ClassTransformation(_logistic()),
    }
    return {name: model.fit(x, y, w).predict(z) for name, model in models.items()}


def _causalml(x: Any, w: Any, y: Any, z: Any) -> Arrays:
    share = float(w.mean())
    known, asked = np.full(len(x), share), np.full(len(z), share)
    classifiers = {
        "causalml s": BaseSClassifier(_logistic()),
        "causalml t": BaseTClassifier(_logistic()),
        "causalml t trees": BaseTClassifier(_trees()),
    }
    found = {name: model.fit(X=x, treatment=w, y=y) for name, model in classifiers.items()}
    effects = {name: classifiers[name].predict(X=z) for name in found}
    crossed = BaseXClassifier(outcome_learner=_logistic(), effect_learner=LinearRegression())
    crossed.fit(X=x, treatment=w, y=y, p=known)
    robust = BaseDRLearner(learner=LinearRegression(), treatment_effect_learner=LinearRegression())
    robust.fit(X=x, treatment=w, y=y, p=known)
    bent = BaseDRLearner(
        learner=HistGradientBoostingRegressor(max_depth=3, max_iter=80, learning_rate=0.05, random_state=0),
        treatment_effect_learner=HistGradientBoostingRegressor(max_depth=2, max_iter=60, learning_rate=0.03),
    )
    bent.fit(X=x, treatment=w, y=y, p=known)
    effects["causalml x"] = crossed.predict(X=z, p=asked)
    effects["causalml dr"] = robust.predict(X=z, p=asked)
    effects["causalml dr trees"] = bent.predict(X=z, p=asked)
    return effects
