"""``python -m detak``: the same as the ``detak`` command."""

from detak.cli import main

main()
