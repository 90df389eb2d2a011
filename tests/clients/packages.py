"""The Node packages under test, in the versions that ``node/package.json`` names: installed once, outside git."""

import fcntl
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "node"
_LEAST_NODE = 20  # what @segment/analytics-node wants
_NPM = ("npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def installed() -> Path:
    """The folder of the packages; skips, with the reason, where they cannot be had."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node.js and npm are not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    found = re.match(r"v(\d+)", version)
    if not found or int(found[1]) < _LEAST_NODE:
        pytest.skip(f"Node.js is {version}: the clients want {_LEAST_NODE} or newer")
    with (Path(tempfile.gettempdir()) / "detak-clients.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several workers of a test run one installs
        if _missing():
            done = subprocess.run(_NPM, cwd=FOLDER, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                pytest.skip("the Node packages could not be installed: " + done.stderr.strip()[-300:])
    return FOLDER


def run(script: str, told: dict[str, object]) -> str:
    """Run a script of the folder with what it is told, as JSON; what it printed."""
    command = ["node", script, json.dumps(told)]
    done = subprocess.run(command, cwd=installed(), capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _missing() -> list[str]:
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    return [name for name, version in wanted.items() if _version(name) != version]


def _version(name: str) -> str | None:
    path = FOLDER / "node_modules" / name / "package.json"
    return json.loads(path.read_text())["version"] if path.exists() else None
