"""The terminal's commands, one a file: a module's ``command`` is found by itself."""
