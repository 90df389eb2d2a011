"""Alternating least squares, and cosine neighbours of items, of the package ``implicit``."""

import time
from importlib.metadata import version
from typing import Any

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender
from scipy import sparse


def answer(question: dict[str, Any], arrays: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The best ``k`` for each history that is asked with, nothing of it among them."""
    fit, ask = (_matrix(arrays, part, question["items"]) for part in ("fit", "ask"))
    als = question["model"] == "als"
    model = AlternatingLeastSquares(random_state=1, num_threads=2) if als else CosineRecommender(K=100, num_threads=2)
    began, worked = time.perf_counter(), time.process_time()
    model.fit(fit, show_progress=False)
    told: dict[str, Any] = {"fit_seconds": time.perf_counter() - began, "fit_cpu_seconds": time.process_time() - worked}
    people = np.arange(ask.shape[0])

    def recommend(some: Any) -> Any:
        best, _ = model.recommend(
            some, ask[some], N=question["k"], filter_already_liked_items=True, recalculate_user=als
        )
        return best

    best, told["answers"] = question["paced"](recommend, people)
    return {**told, "version": version("implicit")}, {"best": best.astype(np.int32)}


def _matrix(arrays: dict[str, Any], part: str, items: int) -> Any:
    """People x items: 1 where touched."""
    starts, item = arrays[f"{part}_starts"], arrays[f"{part}_item"]
    matrix = sparse.csr_matrix((np.ones(len(item), np.float32), item, starts), shape=(len(starts) - 1, items))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
