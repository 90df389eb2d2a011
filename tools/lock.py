"""Renews ``requirements.lock`` (what Detak runs on) and ``requirements-dev.lock`` (that, and what its checks need).

Run by ``make lock``. Every release is pinned and every file of it named by its SHA-256, for all platforms at once, so
that ``pip install --require-hashes`` takes the same bytes everywhere. No index or host is written down: the files come
from wherever pip is set up to look.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = "# Renewed by `make lock`, never by hand. Install with: pip install --require-hashes -r {name}\n"
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--fork-strategy=fewest",  # one version of a package for every Python, where there is one
    "--no-annotate",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)


def compile_lock(name: str, python: str, build: list[str], *options: str) -> None:
    """Writes the lock called ``name``: pyproject's requirements for ``python`` and later, those of the build with them.

    Raises:
        subprocess.CalledProcessError: no versions fit together, or the package index cannot be reached.
    """
    # What builds the package is pinned too: `pip install --no-build-isolation` then fetches nothing unpinned.
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "-", f"--output-file={name}"]
    command += [f"--python-version={python}", *OPTIONS, *options]
    subprocess.run(command, cwd=ROOT, input="\n".join(build), text=True, check=True, stdout=subprocess.DEVNULL)
    lock = ROOT / name
    lock.write_text(HEADER.format(name=name) + lock.read_text(encoding="utf-8"), encoding="utf-8")


def main() -> None:
    """Both locks, the one a subset of the other."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    python = pyproject["project"]["requires-python"].removeprefix(">=")
    build = pyproject["build-system"]["requires"]
    compile_lock("requirements-dev.lock", python, build, "--extra=dev", "--upgrade")
    # uv keeps the versions it finds in the file it is about to write: so both locks agree.
    shutil.copy(ROOT / "requirements-dev.lock", ROOT / "requirements.lock")
    compile_lock("requirements.lock", python, build)


if __name__ == "__main__":
    main()
