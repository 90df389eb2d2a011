"""``detak evaluate intent``."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import numpy as np
import pyarrow as pa
from pyarrow import csv
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from detak.commands.evaluate._told import text
from detak.errors import CannotComputeError, SourceError
from detak.terminal import explained, json_option, print_

_FOLDS, _INNER, _BINS, _LEAST = 5, 3, 10, 50
_YES: Final = frozenset({"true", "1", "yes", "ya"})

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


class _Visits(NamedTuple):
    features: Floats
    words: list[bool]
    bought: Ints


@click.command("intent")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--outcome", default="Revenue", show_default=True, help="The column that says whether a visit bought.")
@click.option("--leave-out", default="", help="Columns that are not to be used, with commas.")
@click.option("--repeats", type=click.IntRange(1, 20), default=2, show_default=True, help="Of the cross-validation.")
@json_option
@explained
def command(file: Path, outcome: str, leave_out: str, repeats: int, as_json: bool) -> None:
    """Tell from a table of visits which of them end in a purchase. FILE: a CSV with a row a visit.

    Stratified 5-fold cross-validation, repeated. Boosted trees; calibration (isotonic) and threshold (the best F1) are
    chosen by predictions out of 3 folds within the training folds, so no visit is judged by what it taught.
    """
    left = {name.strip() for name in leave_out.split(",") if name.strip()}
    visits = _read(file, outcome, left)
    folds = [one for repeat in range(repeats) for one in _judged(visits, repeat)]
    figures = {
        name: {"mean": round(float(np.mean(values)), 4), "deviation": round(float(np.std(values)), 4)}
        for name in folds[0]
        if (values := [fold[name] for fold in folds])
    }
    answer = {
        "visits": len(visits.bought),
        "bought": round(float(visits.bought.mean()), 4),
        "left_out": sorted(left),
        "folds": len(folds),
        **figures,
    }
    print_(answer, text(answer), as_json)


def _read(file: Path, outcome: str, left_out: set[str]) -> _Visits:
    """The table as numbers; words are coded.

    Raises:
        SourceError: it cannot be read, or has no such column.
        CannotComputeError: too few visits bought, or did not.
    """
    try:
        table = csv.read_csv(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise SourceError(f"{file}: {error}") from None
    if missing := ({outcome} | left_out) - set(table.column_names):
        raise SourceError(
            f"{file}: has no column {', '.join(sorted(missing))}; it has: {', '.join(table.column_names)}"
        )
    bought = np.array([str(one).lower() in _YES for one in table[outcome].to_pylist()], np.int64)
    if min(bought.sum(), len(bought) - bought.sum()) < _LEAST:
        raise CannotComputeError(f"fewer than {_LEAST} visits that bought, or that did not: nothing can be told")
    columns, words = [], []
    for name in table.column_names:
        if name == outcome or name in left_out:
            continue
        numeric = pa.types.is_integer(table[name].type) or pa.types.is_floating(table[name].type)
        words.append(not numeric)
        coded = table[name] if numeric else table[name].cast(pa.string()).combine_chunks().dictionary_encode().indices
        columns.append(
            np.asarray(coded.to_numpy(zero_copy_only=False) if not numeric else coded.to_numpy(), np.float64)
        )
    return _Visits(np.column_stack(columns), words, bought)


def _judged(visits: _Visits, repeat: int) -> list[dict[str, float]]:
    splits = StratifiedKFold(_FOLDS, shuffle=True, random_state=repeat).split(visits.features, visits.bought)
    return [_fold(visits, train, test, repeat) for train, test in splits]


def _fold(visits: _Visits, train: Ints, test: Ints, seed: int) -> dict[str, float]:
    x, y = visits.features[train], visits.bought[train]
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=120, max_leaf_nodes=15, l2_regularization=1.0,
        categorical_features=visits.words, random_state=seed,
    )  # fmt: skip
    inner = StratifiedKFold(_INNER, shuffle=True, random_state=seed)
    held = cross_val_predict(model, x, y, cv=inner, method="predict_proba")[:, 1]
    calibrated = IsotonicRegression(out_of_bounds="clip").fit(held, y)
    chance = model.fit(x, y).predict_proba(visits.features[test])[:, 1]
    return _figures(
        visits.bought[test], chance, calibrated.predict(chance), (_best(held, y), _best(held, y, alike=True))
    )


def _figures(true: Ints, raw: Floats, chance: Floats, thresholds: tuple[float, float]) -> dict[str, float]:
    told, alike = (raw >= threshold for threshold in thresholds)
    weight = _alike(true)
    return {
        "auc": roc_auc_score(true, raw),
        "f1": f1_score(true, told),
        "accuracy": accuracy_score(true, told),
        "accuracy_of_nobody_buys": 1 - float(true.mean()),
        "f1_classes_weighted_alike": f1_score(true, alike, sample_weight=weight),
        "accuracy_classes_weighted_alike": accuracy_score(true, alike, sample_weight=weight),
        "log_loss": log_loss(true, np.clip(chance, 1e-6, 1 - 1e-6)),
        "calibration_error": _calibration(true, chance),
    }


def _best(chance: Floats, true: Ints, *, alike: bool = False) -> float:
    """The threshold with the best F1."""
    weight = _alike(true) if alike else np.ones(len(true))
    order = np.argsort(-chance, kind="stable")
    hits = np.cumsum((true * weight)[order])
    named = np.cumsum(weight[order])
    return float(chance[order][np.argmax(2 * hits / (named + hits[-1]))])


def _alike(true: Ints) -> Floats:
    """Weights under which as many bought as did not: what duplicating those who did comes to."""
    return np.where(true == 1, (len(true) - true.sum()) / true.sum(), 1.0)


def _calibration(true: Ints, chance: Floats) -> float:
    """Mean distance of chance and share over ten groups of as many visits."""
    groups = np.array_split(np.argsort(chance, kind="stable"), _BINS)
    return float(sum(len(one) * abs(chance[one].mean() - true[one].mean()) for one in groups) / len(true))
