# Everything runs from .venv, which each target makes when it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NODE := tests/clients/node

.DEFAULT_GOAL := help
.PHONY: help install demo test prove lint format bench screenshots clean

help:  ## list these targets
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "ARGS=... goes to what it runs: make test ARGS='-n 0 -k logout', make demo ARGS='--port-base 9400'"

install: $(STAMP)  ## make .venv with the center, the SDK and all tools

$(STAMP): setup.cfg pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || \
	  { echo "Python is missing. On Debian: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, and $$($(PYTHON) --version) was found; name another: make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || test -x $(BIN)/pip || \
	  { echo "Python's venv is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/pip || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); }
	@echo "Installing into $(VENV): about a minute the first time."
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# A client written for Node and the rules of axe-core are part of the tests where npm is there; elsewhere they are
# skipped and say so.
$(NODE)/node_modules/.package-lock.json: $(NODE)/package.json $(NODE)/package-lock.json
	@if ! command -v npm >/dev/null; then echo "npm is missing: the tests with openid-client and axe-core will be skipped."; \
	else echo "Installing openid-client and axe-core for the tests."; \
	  cd $(NODE) && npm ci --no-audit --no-fund && touch node_modules/.package-lock.json; fi

demo: $(STAMP)  ## the center and three sites on this machine; Ctrl-C stops them
	@$(BIN)/sso-center demo $(ARGS)

test: $(STAMP) $(NODE)/node_modules/.package-lock.json  ## run all tests (a few minutes)
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# What tests try a few times, this tries hundreds of times: what is rare has a chance to happen.
prove: $(STAMP)  ## run the proofs that take many rounds, all of them (some minutes)
	@SSO_TESTS_ROUNDS=full $(BIN)/python -m pytest -n 2 --dist load -m prove -v $(ARGS)

lint: $(STAMP)  ## ruff, mypy strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(STAMP)  ## let ruff tidy the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP)  ## measure, as ratios against oidc-provider in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(STAMP) $(NODE)/node_modules/.package-lock.json  ## pictures of every page at phone and desktop width, into ./screenshots
	@SCREENSHOTS=$(CURDIR)/screenshots $(BIN)/python -m pytest -q tests/journeys/test_pictures.py tests/journeys/test_console.py $(ARGS)

clean:  ## remove .venv and what builds leave behind
	rm -rf $(VENV) build dist *.egg-info $(NODE)/node_modules screenshots
