# One way to run everything. Each target is one line of help: `make help`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
ORACLES := $(VENV)/oracles
DATA := ../shared/data/binance_raw_l2
# Three on 2 cores: a third of their time tests wait for sockets and processes. Compiled test files are kept for the next
# run, also where PYTHONDONTWRITEBYTECODE is set: compiling them is two thirds of collecting.
TESTS := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 -m "not long"
MEASURED := messages config actors supervisors

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long lint types coverage mutation oracles bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

$(BIN)/raydesk: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11, or set PYTHON"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(BIN)/raydesk

setup: $(BIN)/raydesk ## make .venv with everything in the versions of constraints.txt
	@$(BIN)/python -m compileall -q actors cluster config messages supervisors # else each process does, where PYTHONDONTWRITEBYTECODE is set

demo: setup ## run a desk on a local exchange for a minute, with a live view and a summary
	$(BIN)/raydesk demo

test: setup ## the default tests, in at most 8 minutes on 2 cores
	$(TESTS)

test-long: setup ## everything: the kill campaign, recorded data, the benchmarks
	$(BIN)/python -m pytest

lint: setup ## ruff, and its formatter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy --strict on messages, config, actors, supervisors
	$(BIN)/mypy

# Tracing slows the simulator's tests four times and says nothing about what they are for: each measured package by
# the tests of its own folder, everything else as it is.
coverage: setup ## the default tests; those of messages, config, actors, supervisors cover 90 % of these packages
	$(TESTS) $(MEASURED:%=tests/%) $(MEASURED:%=--cov=%) --cov-report=
	$(TESTS) $(MEASURED:%=--ignore=tests/%)
	$(BIN)/coverage report --fail-under=90 --skip-covered

mutation: setup ## do the tests notice small faults in the critical code? MUTANTS='*ledger*' takes a part; docs/mutation.md
	rm -rf mutants
	$(BIN)/mutmut run --max-children 1 $(if $(MUTANTS),'$(MUTANTS)')
	$(BIN)/mutmut results | sed '/not checked/d'

$(ORACLES)/bin/python: tests/oracles/requirements.txt | setup
	$(PYTHON) -m venv $(ORACLES)
	$(ORACLES)/bin/pip install --quiet --disable-pip-version-check --requirement tests/oracles/requirements.txt
	@touch $(ORACLES)/bin/python

oracles: setup $(ORACLES)/bin/python ## do ccxt and the venue's own SDK trade with the local exchange as we do?
	RAYDESK_ORACLES=$(CURDIR)/$(ORACLES)/bin/python $(BIN)/python -m pytest -m oracle tests/oracles

bench: setup ## durable hops, risk, recovery, memory: beside their raw floors
	$(BIN)/raydesk bench

clean: ## remove .venv and caches
	rm -rf $(VENV) mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
