# Needs make and Python 3.11 or newer, nothing else. Everything is installed into .venv, from
# hash-pinned packages. A second run installs nothing; a changed lock file or pyproject.toml does.

PYTHON ?=
ARGS ?=
WORKERS ?= 2
UV ?= uv

VENV := .venv
BIN := $(VENV)/bin
# Twice quiet: errors only.
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-slow test-all lint types imports migrations-check docs docs-check bench campaigns dist lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-24s %s\n", $$1, $$2 }'
	@echo '  ARGS="…" goes to the program that is run: make test ARGS="-k routing -n0"'

demo: $(RUNTIME) ## installs petmsg and plays the demo in a database of its own
	@$(BIN)/petmsg demo $(ARGS)

test: $(DEV) ## the tests of every rule and command, also on PostgreSQL where there is one: five minutes
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow" $(ARGS)

test-slow: $(DEV) ## the rest of test-all: what tests/support/selection.py leaves out of `make test`
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow $(ARGS)

test-all: $(DEV) ## all tests: `make test` and `make test-slow` in one
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: $(DEV) ## ruff: rules and format
	@$(BIN)/ruff check $(ARGS) .
	@$(BIN)/ruff format --check .

types: $(DEV) ## mypy
	@$(BIN)/python -m mypy $(ARGS)

imports: $(DEV) ## import-linter: which package may import which
	@$(BIN)/lint-imports $(ARGS)

migrations-check: $(DEV) ## fresh databases, upgraded, must equal the models
	@.ci/migrations-check

docs: $(DEV) ## writes the documentation that is made from the program: reference, tour, man pages, schemas
	@$(BIN)/python -m tests.support.documentation

docs-check: $(DEV) ## the documentation against the program
	@$(BIN)/python -m pytest tests/project/test_docs.py $(ARGS)

bench: $(DEV) ## each figure of docs/performance.md, with its peer in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

campaigns: $(DEV) ## a million steps, ten thousand kills on each database: hours; ARGS="--seed 7" repeats
	@$(BIN)/python -m tests.campaigns.replying $(ARGS)
	@$(BIN)/python -m tests.campaigns.tampering $(ARGS)
	@$(BIN)/python -m tests.campaigns.fuzzing $(ARGS)
	@$(BIN)/python -m tests.campaigns.zones $(ARGS)
	@$(BIN)/python -m tests.campaigns.backups $(ARGS)
	@$(BIN)/python -m tests.campaigns.upgrading $(ARGS)
	@$(BIN)/python -m tests.campaigns.upgrading --database postgresql $(ARGS)
	@$(BIN)/python -m tests.campaigns.racing confirms $(ARGS)
	@$(BIN)/python -m tests.campaigns.racing confirms --database postgresql $(ARGS)
	@$(BIN)/python -m tests.campaigns.racing mixed $(ARGS)
	@$(BIN)/python -m tests.campaigns.racing mixed --database postgresql $(ARGS)
	@$(BIN)/python -m tests.campaigns.racing mixed --database postgresql --storm $(ARGS)
	@$(BIN)/python -m tests.campaigns.racing overrides $(ARGS)
	@$(BIN)/python -m tests.campaigns.racing overrides --database postgresql $(ARGS)
	@$(BIN)/python -m tests.campaigns.racing absences $(ARGS)
	@$(BIN)/python -m tests.campaigns.racing absences --database postgresql $(ARGS)
	@PETMSG_STORMS=1 $(BIN)/python -m pytest -q -n0 tests/campaigns/test_racing.py
	@$(BIN)/python -m tests.campaigns.planted $(ARGS)
	@$(BIN)/python -m tests.campaigns.syscalls $(ARGS)
	@$(BIN)/python -m tests.campaigns.receiving --kills 3 $(ARGS)
	@$(BIN)/python -m tests.campaigns.receiving --kills 3 --database postgresql $(ARGS)
	@$(BIN)/python -m tests.campaigns.calling --kills 3 $(ARGS)
	@$(BIN)/python -m tests.campaigns.calling --kills 3 --database postgresql $(ARGS)
	@$(BIN)/python -m tests.campaigns.sending --kills 10000 $(ARGS)
	@$(BIN)/python -m tests.campaigns.sending --kills 10000 --database postgresql $(ARGS)
	@$(BIN)/python -m tests.campaigns.pictures --kills 2000 $(ARGS)
	@$(BIN)/python -m tests.campaigns.pictures --kills 2000 --database postgresql $(ARGS)
	@$(BIN)/python -m tests.campaigns.soak --days 365 $(ARGS)
	@$(BIN)/python -m tests.campaigns.soak --days 365 --database postgresql $(ARGS)

dist: $(DEV) ## sdist and wheel, built twice and compared; ARGS="folder"
	@.ci/build $(ARGS)

lock: ## resolves the lock files anew (needs uv; ARGS=--upgrade for newer versions)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: python3 -m pip install uv" >&2; exit 1; }
	@UV="$(UV)" .ci/lock $(ARGS)

clean: ## removes everything that was made here, .venv too
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@PYTHON="$(PYTHON)" .ci/make-venv $(VENV)

# Dependencies first and only with matching hashes; then petmsg itself, built with the pinned
# backend. Compiled at once and on every core: pip would do it one file after another, and left to
# the first start it would make that four times slower.
define install
	@echo "Installing $(1) into $(VENV)" >&2
	@$(PIP) install --no-compile --require-hashes -r $(1)
	@$(PIP) install --no-compile --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib petmsg
endef

# .venv/bin/python leads to the machine's Python, so an upgrade of that installs anew as well.
$(RUNTIME): requirements.lock pyproject.toml $(BIN)/python
	$(call install,requirements.lock)
	@touch $@

# Holds everything the runtime has, in the same versions.
$(DEV): requirements-dev.lock requirements.lock pyproject.toml $(BIN)/python
	$(call install,requirements-dev.lock)
	@touch $(RUNTIME) $@
