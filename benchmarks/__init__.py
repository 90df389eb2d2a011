"""Measurements that the documents quote: ``make bench``. Ratios against a peer or a limit in the same run."""
