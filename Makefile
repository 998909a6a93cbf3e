# Pledgebook. `make help` lists what can be made; every target does its own set-up.

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint types contracts tamper pyz bench catalogues lock clean setup-run setup-dev

BIN := .venv/bin
DEMO_ARGS ?= demo-ledger
TEST_ARGS ?=
BENCH_ARGS ?=

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup-run ## build a ledger from real data, audit it, serve it (DEMO_ARGS="DIR --no-serve")
	@$(BIN)/pledgebook demo $(DEMO_ARGS)

test: setup-dev ## run the tests that need no root, network or browser (at most 5 minutes)
	@$(BIN)/python -m pytest -n 2 -m "not slow and not interop and not browser" $(TEST_ARGS)

test-all: setup-dev ## run every suite with its budget; a missing tool is a failure
	@$(BIN)/python tools/suites.py

lint: setup-dev ## check style and format (ruff)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup-dev ## check types (mypy --strict)
	@$(BIN)/mypy

contracts: setup-dev ## check who imports whom (import-linter)
	@$(BIN)/lint-imports

tamper: setup-dev ## play attacks on a small log and show the verifier's words for each
	@$(BIN)/python tools/tamper.py

pyz: setup-dev ## build the verifier as one file, build/pledgebook-verify.pyz
	@$(BIN)/python tools/build_pyz.py

bench: setup-dev ## measure speed against limits of this machine (BENCH_ARGS=--large)
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

catalogues: setup-dev ## bring the pages' catalogues of five languages up to date with their words
	@$(BIN)/python tools/catalogues.py

lock: ## write requirements/*.lock anew (UV_ARGS=--upgrade moves to newer versions)
	@tools/lock.sh

clean: ## remove what was made here: environment, caches, builds, the demonstration
	rm -rf .venv build dist demo-ledger .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-run:
	@tools/setup.sh run

setup-dev:
	@tools/setup.sh dev
