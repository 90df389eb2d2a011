"""Uplift: who is moved by a treatment, one learner a file, and how that is judged."""
