# Sets up, starts and checks Caravan; needs nothing but Python 3.11+ and make.

# The newest Python that is at least 3.11, by its plain name first.
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet --no-input
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --group build \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help up setup test check lint format lock clean
.DELETE_ON_ERROR:

help: ## Show this help
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

up: setup ## Set up what is missing and start Caravan at http://127.0.0.1:8000
	@exec $(BIN)/caravan up

setup: .venv/.ready ## Set up only: the environment in .venv, with .venv/bin/caravan in it
	@:

test: .venv/.ready-dev ## Set up and run every test
	@sh tests/system.sh
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

# CI calls `make check` and then `make test`: there the tests run once, in the second.
check: lint $(if $(filter true,$(CI)),,test) ## Check format, lint, types and arrows, then run every test

lint: .venv/.ready-dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.ready-dev ## Format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# Keeps each version that still satisfies pyproject.toml; `make lock FLAGS=--upgrade` moves them to the newest.
lock: .venv/.ready-dev ## Write the lock files anew from pyproject.toml
	$(LOCK) $(FLAGS) --output-file requirements.lock
	$(LOCK) $(FLAGS) --all-extras --constraint requirements.lock --output-file requirements-dev.lock

clean: ## Remove the environment, the caches and the builds; what Caravan has stored stays
	rm -rf .venv build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find caravan tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Caravan needs Python 3.11 or newer; none was found on the PATH (or name it: make PYTHON=/path/to/python3)." >&2; \
		exit 1; fi
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$(PYTHON) can't make virtual environments; on Debian and Ubuntu install the package python3-venv." >&2; \
		exit 1; fi
	@$(PYTHON) -m venv --clear .venv

# The stamps make a second run instant. The package itself is installed in place, so that a change in it needs no setup.
.venv/.ready: requirements.lock pyproject.toml .venv/bin/python
	@echo "Setting up Caravan (once, about a minute) …"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "Caravan is set up in .venv"

.venv/.ready-dev: requirements-dev.lock .venv/.ready
	@echo "Setting up the tools for the tests (once, about a minute) …"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
