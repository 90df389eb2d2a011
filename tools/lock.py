"""Renews ``requirements.lock`` (what Detak runs on), ``requirements-dev.lock`` (that, and what its checks need) and
``requirements-peers.lock`` (what benchmarks compare with, which is never in the same environment).

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


def compile_lock(name: str, python: str, asked: list[str], *options: str) -> None:
    """Writes the lock called ``name``: versions that fit ``asked``, and each other, for ``python`` and later.

    Raises:
        subprocess.CalledProcessError: no versions fit together, or the package index cannot be reached.
    """
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", f"--output-file={name}"]
    command += [f"--python-version={python}", *OPTIONS, *options]
    subprocess.run(command, cwd=ROOT, input="\n".join(asked), text=True, check=True, stdout=subprocess.DEVNULL)
    lock = ROOT / name
    lock.write_text(HEADER.format(name=name) + lock.read_text(encoding="utf-8"), encoding="utf-8")


def main() -> None:
    """The three of them; the runtime's a subset of the checks'."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    python = pyproject["project"]["requires-python"].removeprefix(">=")
    # What builds the package is pinned too: `pip install --no-build-isolation` then fetches nothing unpinned.
    runtime = pyproject["project"]["dependencies"] + pyproject["build-system"]["requires"]
    checks = pyproject["project"]["optional-dependencies"]["dev"]
    compile_lock("requirements-dev.lock", python, runtime + checks, "--upgrade")
    # uv keeps the versions it finds in the file it is about to write: so both locks agree.
    shutil.copy(ROOT / "requirements-dev.lock", ROOT / "requirements.lock")
    compile_lock("requirements.lock", python, runtime)
    compile_lock("requirements-peers.lock", python, pyproject["dependency-groups"]["peers"], "--upgrade")


if __name__ == "__main__":
    main()
