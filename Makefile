# The project's verbs. Each brings up what it needs: a clone needs Python 3.11+, make and Go, nothing else.

PYTHON ?= python3
UV_VERSION := 0.13.9
# Packages are installed again when the lock or the project's own metadata change.
KEY := $(shell cat requirements-dev.lock pyproject.toml | cksum | cut -d' ' -f1)
READY := .venv/ready-$(KEY)
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
  --custom-compile-command 'make lock'
MAKEFLAGS += --no-builtin-rules
# Tests start hundreds of processes: without bytecode on disk each would compile every module that it imports.
export PYTHONDONTWRITEBYTECODE :=
.DEFAULT_GOAL := help

.PHONY: help try demo test check fix generate bench mutants lock clean

help: ## Show the verbs
	@sed -nE 's/^([a-z]+):.*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r verb text; do printf 'make %-9s %s\n' "$$verb" "$$text"; done

try: $(READY) ## Run the samples on this machine, without a cluster, for 20 seconds (TRY_SECONDS)
	@$(BIN)/python -m tests.dev.trial

demo: $(READY) ## See it work: a local control plane, a site, the operator, the samples (KEEP=1: leave it running)
	@$(BIN)/python -m tests.dev.demo

test: $(READY) ## Run all tests (ARGS='-k name' to choose)
	@$(BIN)/python -m tests.dev.controlplane build
	@$(BIN)/pytest --numprocesses 3 $(ARGS)

check: check-format check-lint check-types check-imports check-generated check-repository ## Run what a change must pass before it is tested

.PHONY: check-format check-lint check-types check-imports check-generated check-repository
check-format: $(READY)
	$(BIN)/ruff format --check .
check-lint: $(READY)
	$(BIN)/ruff check .
check-types: $(READY)
	$(BIN)/mypy operator tests
check-imports: $(READY)
	$(BIN)/lint-imports
check-generated: $(READY)
	$(BIN)/python -m scrape_operator.api.schema.generate --check
	$(BIN)/python -m scrape_operator.cli.reference --check
	$(BIN)/python -m tests.dev.locale_tables --check
check-repository: $(READY) # the repository rules, the README's commands, the chart and its rendered objects
	$(BIN)/pytest --quiet -m 'not cluster and not postgres' tests/repository tests/manifests

fix: $(READY) ## Format, and correct what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(READY) ## Write the generated files: CRDs, values schema, RBAC, reference pages
	$(BIN)/python -m scrape_operator.api.schema.generate
	$(BIN)/python -m scrape_operator.cli.reference
	$(BIN)/python -m tests.dev.locale_tables

bench: $(READY) ## Measure (ARGS=herd to choose)
	@$(BIN)/python -m tests.dev.bench $(ARGS)

mutants: $(READY) ## Change core at random and count the changes that its tests find (ARGS='100 SEED')
	@$(BIN)/python -m tests.dev.mutants $(ARGS)

lock: $(BIN)/uv ## Resolve the dependencies anew; pins that still fit are kept
	$(LOCK) pyproject.toml --extra tracing --group dev --output-file requirements-dev.lock
	$(LOCK) pyproject.toml --extra tracing --constraints requirements-dev.lock --output-file requirements.lock
	$(LOCK) --group build --constraints requirements-dev.lock --output-file requirements-build.lock
	$(LOCK) --group bench --constraints requirements-dev.lock --output-file requirements-bench.lock

clean: ## Remove what was made in this folder; the built control plane in the cache folder stays
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .demo bench-results
	find operator tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed: name it, such as `make PYTHON=python3.13`.' >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(READY): | $(BIN)/uv
	@echo 'Installing the locked packages into .venv'
	@$(BIN)/uv pip install --quiet --require-hashes --requirements requirements-dev.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f .venv/ready-*
	@touch $@
