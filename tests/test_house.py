"""Facts about the repository that must stay true, whatever is built in it."""

import ast
import importlib.metadata
import re
import string
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-dev.lock")
PEERS_LOCK = "requirements-peers.lock"
PEER_SCRIPTS = ROOT / "src" / "detak" / "bench" / "peer_scripts"
MOST_LINES = 400

# Where packages come from is each machine's own affair, and so is where its folders lie.
FOREIGN = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com|deb\.debian\.org|unpkg\.com|jsdelivr\.net"
    r"|--(?:extra-)?index-url|--(?:find-links|trusted-host)"
    r"|(?<![\w.~*<-])/(?:work|root|tmp|Users)(?![\w-])"
)

PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; [^\\]+?)?(?: --hash=sha256:[0-9a-f]{64})+")


def kept_files() -> list[Path]:
    """The files that are in the repository, or would be after the next ``git add``."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def foreign(path: Path) -> list[str]:
    """Each line of the file that names a machine's folder or a package registry."""
    lines = path.read_text(encoding="utf-8", errors="ignore").splitlines()
    hits = ((number, FOREIGN.search(line)) for number, line in enumerate(lines, 1))
    return [f"{path.relative_to(ROOT)}:{number}: {hit[0]}" for number, hit in hits if hit]


def pins(name: str) -> dict[str, str]:
    """Package -> version of a lock whose every entry is pinned and hashed; anything else in it fails the test."""
    text = (ROOT / name).read_text(encoding="utf-8").replace(" \\\n    ", " ")
    found = {}
    for line in text.splitlines():
        if line.startswith("#") or not line:
            continue
        entry = PIN.fullmatch(line)
        assert entry, f"{name}: not a pinned and hashed release: {line[:80]!r}; run `make lock`"
        found[canonicalize_name(entry["name"])] = entry["version"]
    return found


def wanted(name: str) -> list[Requirement]:
    """What pyproject.toml asks of the lock called ``name``."""
    if "peers" in name:
        return [Requirement(one) for one in PYPROJECT["dependency-groups"]["peers"]]
    project = PYPROJECT["project"]
    asked = project["dependencies"] + PYPROJECT["build-system"]["requires"]
    if "dev" in name:
        asked = asked + project["optional-dependencies"]["dev"]
    return [Requirement(one) for one in asked]


def bare(path: Path) -> Iterator[str]:
    """What is public in the module and says nothing of what it is for. A contract speaks for those who keep it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if tree.body and not ast.get_docstring(tree):
        yield f"{path.relative_to(ROOT)}: the module"
    for node in tree.body:
        yield from _bare(node, f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}")


def _bare(node: ast.stmt, where: str) -> Iterator[str]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
        return
    if not ast.get_docstring(node):
        yield f"{where}: {node.name}"
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            if getattr(inner, "name", "") not in contract_methods():
                yield from _bare(inner, f"{where}: {node.name}")


@cache
def contract_methods() -> set[str]:
    """The methods that the protocols in ``src`` describe, once, for all who implement them."""
    nodes = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    protocols = [node for node in classes if any(getattr(base, "id", "") == "Protocol" for base in node.bases)]
    methods = [inner for node in protocols for inner in node.body if isinstance(inner, ast.FunctionDef)]
    return {method.name for method in methods if ast.get_docstring(method)}


def imported(path: Path) -> set[str]:
    """The top-level names of what the module imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | named}


def texts(language: str) -> dict[str, str]:
    """``section.key`` -> text of one language."""
    rooms = sorted((ROOT / "src" / "detak" / "words" / language).glob("*.toml"))
    trees = [tomllib.loads(room.read_text(encoding="utf-8")) for room in rooms]
    return {
        f"{section}.{key}": text for tree in trees for section, inner in tree.items() for key, text in inner.items()
    }


def test_nothing_names_a_registry_or_a_machine() -> None:
    assert [hit for path in kept_files() for hit in foreign(path)] == []


@pytest.mark.parametrize("parts", [("pypi", ".org/x"), ("cd /", "work/x'"), ("--index", "-url=x"), ("in /", "tmp.")])
def test_a_registry_or_a_machine_would_be_seen(parts: tuple[str, str]) -> None:
    assert FOREIGN.search("".join(parts))


@pytest.mark.parametrize("line", ["a/tmp/b", "--no-emit-index-url", "<p>x</root>", "/tmpfs", "https://shop.test/work"])
def test_what_only_looks_like_one_is_let_be(line: str) -> None:
    assert not FOREIGN.search(line)


@pytest.mark.parametrize("name", [*LOCKS, PEERS_LOCK])
def test_the_lock_fits_pyproject(name: str) -> None:
    locked = pins(name)
    unfit = [
        f"{asked}: locked at {locked.get(canonicalize_name(asked.name))}"
        for asked in wanted(name)
        if not asked.specifier.contains(locked.get(canonicalize_name(asked.name), ""), prereleases=True)
    ]
    assert unfit == [], f"{name} is behind pyproject.toml; run `make lock`"


def test_the_locks_agree() -> None:
    runtime, everything = (pins(name) for name in LOCKS)
    assert runtime.items() <= everything.items()


def test_the_runtime_lock_is_free_of_the_checks() -> None:
    checks = {canonicalize_name(Requirement(one).name) for one in PYPROJECT["project"]["optional-dependencies"]["dev"]}
    assert not checks & set(pins("requirements.lock"))


def test_no_peer_is_installed_beside_detak() -> None:
    """What Detak is compared with must not be what it runs on."""
    peers = {canonicalize_name(asked.name) for asked in wanted(PEERS_LOCK)}
    assert not peers & set(pins("requirements-dev.lock"))


def test_programs_of_peers_import_peers_alone() -> None:
    """They run where neither Detak nor its packages are."""
    allowed = sys.stdlib_module_names | {canonicalize_name(asked.name) for asked in wanted(PEERS_LOCK)}
    # What the peers themselves take and give.
    allowed |= {"numpy", "scipy", "pandas", "sklearn", "sklift"}
    found = [f"{path.name}: {name}" for path in PEER_SCRIPTS.glob("*.py") for name in sorted(imported(path) - allowed)]
    assert found == []


def test_what_is_imported_is_declared() -> None:
    """A package that another one happens to bring along may be gone with its next release."""
    declared = {canonicalize_name(Requirement(one).name) for one in PYPROJECT["project"]["dependencies"]}
    owners = importlib.metadata.packages_distributions()
    undeclared = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        if path.parent != PEER_SCRIPTS
        for name in sorted(imported(path) - sys.stdlib_module_names - {"detak"})
        if not declared & {canonicalize_name(owner) for owner in owners.get(name, [])}
    ]
    assert undeclared == [], "add it to the dependencies in pyproject.toml and run `make lock`"


def test_everything_public_says_what_it_is_for() -> None:
    assert [one for path in SOURCES for one in bare(path)] == []


def test_no_file_outgrows_its_concept() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MOST_LINES} == {}


def test_both_languages_say_the_same_things() -> None:
    assert texts("id").keys() == texts("en").keys()


def test_both_languages_fill_in_the_same_values() -> None:
    def values(text: str) -> set[str]:
        return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}

    indonesian, english = texts("id"), texts("en")
    assert [key for key in indonesian if values(indonesian[key]) != values(english.get(key, ""))] == []
