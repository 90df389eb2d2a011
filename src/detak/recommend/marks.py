"""What a thread marks people's products with while it answers them."""

import threading

import numpy as np

from detak.recommend.base import Ints32


class Places(threading.local):
    """What a thread marks products with, always back at nothing between two answers."""

    def __init__(self) -> None:
        self.place = np.zeros(0, np.int32)

    def of(self, cells: int) -> Ints32:
        """So many cells."""
        if len(self.place) < cells:
            self.place = np.zeros(cells, np.int32)
        return self.place
