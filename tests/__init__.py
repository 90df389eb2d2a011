"""Tests run beside one another, so each computes on one core: threads that wait for a core that is taken cost much."""

import os

for _library in ("OMP", "OPENBLAS"):  # read when numpy and scikit-learn are loaded, here and in processes started here
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
