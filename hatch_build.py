"""Compiles `src/detak/kernel` while the package is built. ``python hatch_build.py`` does it where the sources lie.

Whoever has no C compiler gets a package of plain Python that answers the same, more slowly.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "src"))
from detak.kernel.library import FILE, FOLDER, sources

# A result must not depend on the machine: `a * b + c` is rounded twice everywhere.
FLAGS = ("-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-ffp-contract=off", "-Wall", "-Wextra")


def build() -> str | None:
    """Compile it in place; None, or why that was not possible."""
    target, fresh = FOLDER / FILE, FOLDER / f"{FILE}.{os.getpid()}"
    target.unlink(missing_ok=True)  # it may be of other sources, or of another machine
    compiler = shlex.split(os.environ.get("CC", "")) or [shutil.which("cc") or "gcc"]
    files = [*map(str, sorted(FOLDER.glob("*.c"))), "-o", str(fresh), "-lm"]
    command = [*compiler, *FLAGS, f'-DDETAK_SOURCES="{sources(FOLDER)}"', *files]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    if done.returncode:
        return f"{compiler[0]} failed {done.stderr[-400:]}".strip()
    fresh.replace(target)  # at once: somebody may be about to load it
    return None


class KernelHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Before a wheel or an editable install is made."""
        missing = build()
        if missing:
            self.app.display_warning(f"The kernel is not compiled, recommendations will take longer: {missing}")
            return
        build_data["artifacts"].append(str((FOLDER / FILE).relative_to(self.root)))
        build_data["pure_python"] = False
        # It knows nothing of Python, so one library does for every version.
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().translate(str.maketrans('-.', '__'))}"


if __name__ == "__main__":
    sys.exit(build())
