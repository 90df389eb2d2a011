"""Estimates: arrays of counts in, estimates and how firm they are out. Pure."""
