"""Recommenders, one a file: from interactions to a fitted, immutable model; from a history to scored products."""
