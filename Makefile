# Every verb of this repository. `make demo` and `make test` each set up a bare machine by themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The checkout, and nothing else, is where app, agents, tables and transports come from.
export PYTHONPATH := $(CURDIR)
export PYTHONSAFEPATH := 1
# Faust's pure-Python path: the one that our overrides see.
export NO_CYTHON := 1

PYTHON_RUN := .venv/bin/python
ONCE_FLAG := $(if $(filter 1 y yes true,$(ONCE)),--once)

.PHONY: help setup demo test lint fmt type kafka bench chaos chaos-checks lock clean runtime

help: ## print these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with everything, and fetch Apache Kafka
	@scripts/setup.sh dev

runtime:
	@scripts/setup.sh runtime

demo: runtime ## show a campaign at work: broker, worker, push service; ONCE=1 stops after the summary
	@$(PYTHON_RUN) -m app demo $(ONCE_FLAG)

test: lint type ## check everything: linters, types, tests on a real broker; ARGS= goes to pytest
	@echo "carillon: tests" >&2
	@scripts/test.sh $(ARGS)

lint: setup ## check style, formatting and the import contracts
	@echo "carillon: linters" >&2
	@$(PYTHON_RUN) -m ruff check .
	@$(PYTHON_RUN) -m ruff format --check .
	@.venv/bin/lint-imports

fmt: setup ## format, and repair what can be repaired
	@$(PYTHON_RUN) -m ruff check --fix .
	@$(PYTHON_RUN) -m ruff format .

type: setup ## check the types
	@echo "carillon: types" >&2
	@$(PYTHON_RUN) -m mypy .

kafka: runtime ## fetch the embedded broker's jars
	@$(PYTHON_RUN) -m app.kafka.jars

bench: runtime ## measure; ARGS= names the benchmarks
	@$(PYTHON_RUN) -m app bench $(ARGS)

chaos-checks: setup ## the checks of faults that `make test` has no time for
	@$(PYTHON_RUN) -m pytest -m soak tests/chaos

chaos: setup ## faults at soak size, minutes each; ARGS= names them (C1, C2 ...), none lists them
	@$(PYTHON_RUN) -m tests.chaos.soak $(ARGS)

lock: setup ## pin requirements*.txt again from requirements*.in
	@scripts/lock.sh

clean: ## stop the embedded broker and remove all that make has made, its data too
	@if [ -f .carillon/kafka/data/broker.pid ] && [ -x $(PYTHON_RUN) ]; then $(PYTHON_RUN) -m app kafka stop; fi
	rm -rf .venv .carillon .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
