# `make` lists what can be made. Everything happens in .venv, which is made with plain Python.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo unit test coverage lint types bench fuzz lock docs man site clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/' | expand -t 16

demo: .venv/user ## Check, deploy and run an example, without an account
	@sh examples/demo.sh $(CURDIR)/$(BIN)/cyberflow

unit: .venv/dev ## Every test that needs no process, server or search
	$(BIN)/python -m pytest -m "not slow"

test: lint types ## Lint, type-check and run every test
	$(BIN)/python -m pytest -n auto --instafail

coverage: .venv/dev ## Every test, with what they reach, below build/coverage
	$(BIN)/python -m pytest -n auto --cov=cyberflow --cov-branch --cov-report=term:skip-covered --cov-report=html:build/coverage

lint: .venv/dev ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev ## Types, strictly
	$(BIN)/mypy

bench: .venv/dev ## Measure, as ratios to a floor in the same run
	@for one in startup check flow_tests service local growth deploy replay run ledger pipeline lsp page; do echo; echo "== $$one"; PYTHONPATH=. $(BIN)/python benchmarks/$$one.py; done

fuzz: .venv/dev ## Try 20,000 broken projects on check and build
	$(BIN)/python -m tests.fuzz.fuzz --inputs 20000 --seed $$(date +%j)

lock: ## Write constraints.txt anew, for every Python that is supported (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --extra keyring --no-annotate --no-header pyproject.toml --output-file constraints.txt --upgrade

docs: .venv/dev ## Write the pages that are made from the code
	$(BIN)/python docs/generate.py

man: docs ## Write the manual page, and see that man takes it
	MANWIDTH=100 man --warnings --local-file docs/cyberflow.1 > build/cyberflow.txt

site: .venv/dev ## The manual as a site with a search, in build/site
	@$(BIN)/python -m pip install --quiet --editable '.[site]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

clean: ## Remove the environment and what was built
	rm -rf .venv dist build .mypy_cache .ruff_cache

.venv/user: pyproject.toml constraints.txt
	@echo "preparing .venv (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/dev: pyproject.toml constraints.txt
	@echo "preparing .venv for development (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ .venv/user
