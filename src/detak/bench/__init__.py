"""Measurements that a shop can repeat on its own machine, beside a limit or a peer in the same run."""
