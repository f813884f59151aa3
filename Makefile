# `make demo` and `make test` set up everything they need; see README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo replica test test-fast lint format lock bench bench-tokenize docs clean

help:
	@echo "make demo       ingest, build and export the bundled sample"
	@echo "make replica    the four published datasets, at the counts of their cards"
	@echo "make test       every test, fast and slow"
	@echo "make test-fast  the fast tier alone"
	@echo "make lint       Python lint and types, SQL style"
	@echo "make format     let the formatters mend what they can"
	@echo "make docs       the dbt documentation site"
	@echo "make bench      benchmarks; prints ratios"
	@echo "make bench-tokenize  tokens beside datasets.map and gigatoken, and memory"
	@echo "make lock       resolve pyproject.toml into requirements.txt again"

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

DEMO := out/demo
TRAJHOUSE := $(BIN)/trajhouse --warehouse $(DEMO)/warehouse

demo: $(READY)
	rm -rf $(DEMO)
	$(TRAJHOUSE) ingest openai tests/sample/support.jsonl --dataset support
	$(TRAJHOUSE) ingest swe_agent tests/sample/repairs --dataset repairs
	$(TRAJHOUSE) sample ipw --rows 40 --out $(DEMO)/ipw
	$(TRAJHOUSE) ingest ipw $(DEMO)/ipw/runs --dataset ipw
	$(TRAJHOUSE) ingest ipw_regrades $(DEMO)/ipw/regrades --dataset ipw
	$(TRAJHOUSE) build
	$(TRAJHOUSE) marts
	$(TRAJHOUSE) query "select mart, reason, count(*) as trajectories from selections group by all order by all"
	$(TRAJHOUSE) query "select stage, reason, count(*) as records from rejections group by all order by all"
	$(TRAJHOUSE) export sft_messages --out $(DEMO)/sft_messages --split train=0.8,validation=0.2
	$(TRAJHOUSE) export sft_tokenized --out $(DEMO)/sft_tokenized --split train=0.8,validation=0.2
	$(BIN)/python tests/sample/load_back.py $(DEMO)/sft_messages $(DEMO)/sft_tokenized
	$(TRAJHOUSE) show support/support-001 --mask

replica: $(READY)
	$(BIN)/python tests/replica/run.py --out out/replica

test: $(READY)
	$(BIN)/python -m pytest -m serial
	$(BIN)/python -m pytest -m "not serial" --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-fast: $(READY)
	$(BIN)/python -m pytest -m "not slow"

TYPES := .build/types/trajhouse

lint: $(READY)
	mkdir -p $(TYPES)
	ln -sfn $(CURDIR)/cli $(TYPES)/cli
	ln -sfn $(CURDIR)/udfs $(TYPES)/udfs
	$(BIN)/ruff format --check cli udfs tests
	$(BIN)/ruff check cli udfs tests
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --quiet models tests/models

format: $(READY)
	$(BIN)/ruff format cli udfs tests
	$(BIN)/ruff check --fix cli udfs tests
	$(BIN)/sqlfluff fix --quiet models tests/models

docs: $(READY)
	$(BIN)/dbt --warn-error docs generate

bench: $(READY)
	for benchmark in tests/benchmarks/bench_*.py; do $(BIN)/python $$benchmark || exit 1; done

bench-tokenize: $(READY)
	$(BIN)/python tests/benchmarks/bench_tokenize.py

lock: $(READY)
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-index-url --no-emit-find-links --extra dev --extra qwen3 pyproject.toml -o requirements.txt

clean:
	rm -rf $(VENV) .build out target logs *.egg-info
