# Detak. `make` alone lists what there is.
# Another interpreter:     make demo PYTHON=python3.13
# Options for the command: make test ARGS="tests/sources -k shopee"

PYTHON ?= python3
VENV   := .venv
PEERS  := .venv-peers
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ARGS   ?=
ROUNDS ?= 100

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test crash bench peers lint format kernel lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## a shop that beats, on a page in your browser
	@$(BIN)/detak demo $(ARGS)

# Compiled beforehand, for every process that a test starts reads the package, also where Python is told to write no bytecode.
test: $(VENV)/.dev ## every test; one of them: make test ARGS="tests/test_house.py"
	@$(BIN)/python -m compileall -q src
	@$(BIN)/python -m pytest -n 2 $(ARGS)

crash: $(VENV)/.dev ## kill a loaded server again and again, and count: make crash ROUNDS=20 ARGS="--seed 7"
	@$(BIN)/python -m tests.crash --rounds $(ROUNDS) --json $(ARGS)

bench: $(VENV)/.dev $(PEERS)/.done ## the measurements that the documents quote
	@$(BIN)/python -m benchmarks $(ARGS)

peers: $(PEERS)/.done ## the packages that benchmarks compare with, in an environment of their own (2.3 GB)

lint: $(VENV)/.dev ## style, types, and the floors of the house
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## put the code in its usual form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

kernel: $(VENV)/.runtime ## compile it anew, where its sources lie (the install does it, too)
	@$(BIN)/python hatch_build.py

lock: $(VENV)/.python ## renew the requirements*.lock files from pyproject.toml
	@$(PIP) 'uv>=0.9'
	@$(BIN)/python tools/lock.py

clean: ## remove the environments and every cache
	rm -rf $(VENV) $(PEERS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f src/detak/kernel/*.so
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer, or name yours: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Detak needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name a newer one: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# What the package is built with is in the locks as well, so nothing is fetched that they do not name.
$(VENV)/.runtime: $(VENV)/.python requirements.lock pyproject.toml hatch_build.py $(wildcard src/detak/kernel/*.[ch])
	@echo "Installing what Detak runs on into $(VENV) (once, about a minute) ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "Installing what the checks need into $(VENV) (once) ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(PEERS)/.done: $(VENV)/.python requirements-peers.lock
	@echo "Installing what benchmarks compare with into $(PEERS) (once, minutes) ..."
	@$(PYTHON) -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-peers.lock
	@touch $@
