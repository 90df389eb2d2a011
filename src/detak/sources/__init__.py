"""Importers, one file a source. ``base.py`` holds their contract; a new file here is a new ``--source``."""
