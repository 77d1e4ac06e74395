# Everything a newcomer needs: `make demo` and `make test` set up what is missing by themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SERVE ?= 1
PORT ?= 8501
TORCH ?= 2.13.0
TEST_PROCESSES ?= 2
export CALLQA_HOME ?= $(CURDIR)/data
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test lint types unit samples constraints bench bench-rules bench-recheck bench-dashboard bench-phrases bench-spelling bench-accuracy bench-extra samples-extra clean

help:            ## what can be made
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# torch comes first and by itself: its exact version is pinned, and nothing after it may replace it.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "callqa needs Python 3.11 or newer; $$($(PYTHON) --version) found. Name another: make PYTHON=python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip setuptools wheel
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	@touch $@

setup: $(STAMP)  ## make .venv and install packages and model weights (fast when done)
	@$(BIN)/callqa models install

demo: setup      ## analyse audio_samples/, then serve the dashboard (SERVE=0: stop before serving; PORT=8501)
	$(BIN)/callqa run audio_samples
	@if [ "$(SERVE)" = 0 ]; then \
	  echo "Done. To look at it: $(BIN)/callqa dashboard"; \
	else \
	  $(BIN)/callqa dashboard --port $(PORT); \
	fi

lint: $(STAMP)   ## ruff: errors and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## mypy, strict
	$(BIN)/mypy

test: setup lint types  ## everything that must pass; says what it skipped and why
	$(BIN)/callqa rules check
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

unit: $(STAMP)   ## the quick tests: no model, no browser
	$(BIN)/python -m pytest -m "not models and not browser and not slow"

bench: setup     ## speed, memory and accuracy on the samples beside a naive stack, in one run
	$(BIN)/python -m tests.bench.bench_stack audio_samples

bench-rules: $(STAMP)  ## the whole rulebook over a million utterances beside plain re and polars; judging by stage (a quarter of an hour)
	$(BIN)/python -m tests.bench.bench_rules

bench-recheck: setup  ## judging 10 000, 30 000 and 100 000 stored calls anew: time by stage, memory, publishing
	$(BIN)/python -m tests.bench.bench_recheck

bench-dashboard: $(STAMP)  ## the dashboard over 1 000 000 calls: pages, searches, ten reviewers at once (half an hour, 8 GB of disk)
	$(BIN)/python -m tests.bench.bench_dashboard

bench-phrases: samples-extra  ## forbidden phrases from audio to finding: recall, precision, confusions (half an hour the first time)
	$(BIN)/python -m tests.bench.bench_phrases --write

bench-spelling: samples-extra  ## what mending misspelt terms wins and harms, on speech it was not fitted to (half an hour the first time)
	$(BIN)/python -m tests.bench.bench_spelling

bench-accuracy: samples-extra bench-extra  ## CER, DER, roles, times, levels beside stock stacks on a generated corpus (two hours the first time, then a quarter of one)
	$(BIN)/python -m tests.bench.bench_accuracy

bench-extra: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'

samples-extra: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[samples]'

samples: $(STAMP)  ## make audio_samples/ again from their dialogues (speech synthesis)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[samples]'
	$(BIN)/python audio_samples/make_samples.py

constraints: $(STAMP)  ## resolve every extra anew within pyproject.toml and pin the result in constraints.txt
	mkdir -p build
	$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --report build/resolved.json \
	  torch==$(TORCH) pip setuptools wheel '.[dev,samples,bench,ray]'
	$(BIN)/python -c 'import json; items = json.load(open("build/resolved.json"))["install"]; \
	  pins = {i["metadata"]["name"].lower(): i["metadata"]["version"].split("+")[0] for i in items}; pins.pop("callqa", 0); \
	  print(*(f"{n}=={v}" for n, v in sorted(pins.items())), sep="\n")' > constraints.txt

clean:           ## remove what was built (not the data folder, not the model weights)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
