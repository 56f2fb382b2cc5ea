# Everything a contributor needs. Each target sets up what it uses; nothing has to be installed but Python 3.11+, and
# Node.js for the tests that run real coding agents.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ENGINE ?= replay
# One more than cores: while some tests wait, others work.
WORKERS ?= 3
MINUTES ?= 10
PYTEST_ARGS ?=
BENCH_ARGS ?=
CHAOS_ARGS ?=

# Relative, so that the checkout may lie in a path with spaces.
BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(UPGRADE)

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r target text; do \
		printf '  make %-9s %s\n' "$$target" "$$text"; done

.PHONY: setup
setup: ## Create .venv with the locked packages (every target does so by itself)
	@requirements/install.sh requirements/dev.lock

.PHONY: demo
demo: setup ## Three agents change a clone of this repository (ENGINE=claude: real ones)
	@git rev-parse --verify --quiet HEAD >/dev/null || { \
		echo "error: the demo works on a clone of this repository: get it with git clone, not as an archive" >&2; exit 2; }
	@[ -d .mycelium/demo/.git ] || { rm -rf .mycelium/demo && git clone --quiet --no-checkout . .mycelium/demo; }
	@git -C .mycelium/demo fetch --quiet origin HEAD && git -C .mycelium/demo checkout --quiet -B demo FETCH_HEAD
	@PATH="$$PWD/$(BIN):$$PATH"; export PATH; unset MYCELIUM_HOME_DIR; cd .mycelium/demo; \
		"$(CURDIR)/requirements/demo.sh" "$(ENGINE)" "$(CURDIR)/$(BIN)"

.PHONY: agents
agents: setup ## Install the coding agents that tests run, and bubblewrap (`make test` does so by itself)
	@requirements/system.sh
	@requirements/agents.sh

.PHONY: github
github: setup
	@requirements/github.sh

.PHONY: linters
linters: setup
	@requirements/linters.sh

.PHONY: test
test: agents github linters ## Run all tests
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

.PHONY: coverage
coverage: agents github linters ## Run all tests with the coverage gate (in the web pages of htmlcov/, line by line)
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal --cov --cov-report=term --cov-report=html $(PYTEST_ARGS)

.PHONY: lint
lint: setup linters ## Check style, types, imports, installed packages, and workflow files of both kinds
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >.venv/imports.log || { cat .venv/imports.log; exit 1; }
	@$(BIN)/pip --disable-pip-version-check check >.venv/packages.log || { cat .venv/packages.log; exit 1; }
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/unit/test_locks.py
	@$(BIN)/mycelium validate
	@$(BIN)/python -m tests.linting

.PHONY: format
format: setup ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

.PHONY: docs
docs: setup ## Check that links lead somewhere and that settings, verbs and keys are documented
	@$(BIN)/python -m pytest -q tests/unit/test_docs.py

.PHONY: bench
bench: agents ## Measure what Mycelium costs (BENCH_ARGS='--shape chain --database sqlite')
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

.PHONY: fuzz
fuzz: setup ## Feed every parser with what no one would write (MINUTES=10: for each)
	@FUZZ_SECONDS=$$(($(MINUTES) * 60)) $(BIN)/python -m pytest -q -n $(WORKERS) -p no:cacheprovider $(FUZZ_ARGS) tests/fuzz

.PHONY: faults
faults: setup ## Let a process die at every point of an execution, on every database
	@FAULT_POINTS=all $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -p no:cacheprovider tests/faults

.PHONY: engines
engines: agents ## Run the tests of real coding agents with each of them
	@ALL_ENGINES=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -p no:cacheprovider tests/integration/agents \
		tests/acceptance/test_demo_with_claude.py

.PHONY: chaos
chaos: setup ## Kill processes at random under load, for 30 minutes (CHAOS_ARGS='--minutes 5 --database sqlite')
	@$(BIN)/python -m tests.chaos $(CHAOS_ARGS)

.PHONY: pictures
pictures: setup ## Take the pictures of docs/images anew, with Chromium
	@$(BIN)/python -m tests.pictures

.PHONY: site
site: setup ## Build the static site of this repository's executions
	@$(BIN)/mycelium site build

.PHONY: tools
tools: setup
	@$(BIN)/pip --disable-pip-version-check install --quiet --no-deps --require-hashes --requirement requirements/tools.lock

.PHONY: lock
lock: tools ## Resolve requirements/*.lock again (UPGRADE=--upgrade: to newer versions)
	@$(COMPILE) --output-file requirements/runtime.lock pyproject.toml
	@$(COMPILE) --output-file requirements/dev.lock --constraint requirements/runtime.lock --group dev pyproject.toml
	@$(COMPILE) --output-file requirements/image.lock --constraint requirements/dev.lock --extra postgres \
		--extra blackboard pyproject.toml
	@$(COMPILE) --output-file requirements/tools.lock --constraint requirements/dev.lock --group tools
	@$(COMPILE) --output-file requirements/linters.lock --constraint requirements/dev.lock --group linters
	@if command -v npm >/dev/null; then for part in agents github linters; do (cd requirements/$$part && \
		npm install --package-lock-only --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null) \
		|| exit; done; else echo "what comes from npm is left as it is: npm is not on PATH" >&2; fi

.PHONY: wheel
wheel: setup ## Build sdist and wheel into dist/, and try the wheel in an environment of its own
	@requirements/build.sh
	@for wheel in dist/*.whl; do PYTHON="$${PYTHON:-$(BIN)/python}" requirements/try-wheel.sh "$$wheel" || exit; done

.PHONY: sbom
sbom: tools ## Write what a release is made of (CycloneDX) into dist/
	@requirements/sbom.sh

.PHONY: hooks
hooks: tools ## Run the quick checks before every commit
	@$(BIN)/pre-commit install

.PHONY: clean
clean: ## Remove what the other targets made, .venv and .mycelium included
	@rm -rf .venv .mycelium dist htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
