"""What a thread marks people's products with while it answers them."""

import threading
from typing import Any

import numpy as np


class Places(threading.local):
    """Numbers of a kind, always back at nothing between two answers."""

    def __init__(self, kind: type[np.integer[Any]]) -> None:
        self.place: np.ndarray[Any, Any] = np.zeros(0, kind)

    def of(self, cells: int) -> Any:
        """So many cells."""
        if len(self.place) < cells:
            self.place = np.zeros(cells, self.place.dtype)
        return self.place
