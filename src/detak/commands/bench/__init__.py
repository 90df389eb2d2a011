"""``detak bench``: a module a measurement."""

import sys

from detak.command_folder import CommandFolder

command = CommandFolder(sys.modules[__name__], "bench", "Measure this engine on this machine.")
