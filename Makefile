# `make demo` and `make test` set up everything they need; see README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint format lock bench docs clean

help:
	@echo "make demo       ingest, build and export the bundled sample"
	@echo "make test       every test, fast and slow"
	@echo "make test-fast  the fast tier alone"
	@echo "make lint       Python lint and types, SQL style"
	@echo "make format     let the formatters mend what they can"
	@echo "make docs       the dbt documentation site"
	@echo "make bench      benchmarks; prints ratios"
	@echo "make lock       resolve pyproject.toml into requirements.txt again"

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

