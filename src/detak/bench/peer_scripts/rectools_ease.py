"""EASE of the package ``rectools``."""

import time
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from rectools.dataset import Dataset, IdMap, Interactions
from rectools.models import EASEModel


def answer(question: dict[str, Any], arrays: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The best ``k`` for each history that is asked with, nothing of it among them."""
    fit, ask = (_dataset(arrays, part, question["items"]) for part in ("fit", "ask"))
    model = EASEModel(recommend_use_gpu_ranking=False)
    began, worked = time.perf_counter(), time.process_time()
    model.fit(fit)
    told: dict[str, Any] = {"fit_seconds": time.perf_counter() - began, "fit_cpu_seconds": time.process_time() - worked}
    k = question["k"]
    people = np.arange(len(arrays["ask_starts"]) - 1)
    rows, told["answers"] = question["paced"](lambda some: model.recommend(some, ask, k=k, filter_viewed=True), people)
    best = np.full((len(people), k), -1, np.int32)
    best[rows["user_id"].to_numpy(), rows["rank"].to_numpy() - 1] = rows["item_id"].to_numpy()
    return {**told, "version": version("rectools")}, {"best": best}


def _dataset(arrays: dict[str, Any], part: str, items: int) -> Any:
    starts, item = arrays[f"{part}_starts"], arrays[f"{part}_item"]
    person = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rows = pd.DataFrame({"user_id": person, "item_id": item, "weight": 1.0, "datetime": pd.Timestamp(2026, 1, 1)})
    rows = rows.drop_duplicates(["user_id", "item_id"])
    users, goods = IdMap.from_values(np.arange(len(starts) - 1)), IdMap.from_values(np.arange(items))
    return Dataset(users, goods, Interactions.from_raw(rows, users, goods))
