# `make` lists what can be made. Everything happens in .venv, which is made with plain Python.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint types bench fuzz docs clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/' | expand -t 16

demo: .venv/user ## Check, deploy and run an example, without an account
	@sh examples/demo.sh $(CURDIR)/$(BIN)/cyberflow

test: lint types ## Lint, type-check and run every test
	$(BIN)/python -m pytest -n auto

lint: .venv/dev ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev ## Types, strictly
	$(BIN)/mypy

bench: .venv/dev ## Measure, as ratios to a floor in the same run
	@for one in startup check service local deploy run; do echo; echo "== $$one"; $(BIN)/python benchmarks/$$one.py; done

fuzz: .venv/dev ## Try 20,000 broken projects on check and build
	$(BIN)/python tests/fuzz/fuzz.py --inputs 20000 --seed $$(date +%j)

docs: .venv/dev ## Write the pages that are made from the code
	$(BIN)/python docs/generate.py

clean: ## Remove the environment and what was built
	rm -rf .venv dist build .mypy_cache .ruff_cache

.venv/user: pyproject.toml
	@echo "preparing .venv (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/dev: pyproject.toml
	@echo "preparing .venv for development (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ .venv/user
