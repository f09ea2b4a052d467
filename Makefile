# Everything runs in .venv, which the first target that needs it makes. PYTHON=python3.12 make … takes another Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
VARIANT ?= cpu
REVISION = $(shell git describe --always --dirty)

.PHONY: run demo check test test-tools test-long test-ui test-gpu test-compose image format clean
.DEFAULT_GOAL := help

help:
	@echo "make demo       set up, then register and inspect the sample product over HTTP"
	@echo "make run        serve on 127.0.0.1:8000"
	@echo "make check      lint, types, architecture"
	@echo "make test       check, then the tests"
	@echo "make test-tools install what some tests start: Redis, HAProxy, strace, Prometheus, PostgreSQL, Chromium"
	@echo "make test-long  the tests that take minutes"
	@echo "make test-ui    the console in a browser, in all looks and sizes"
	@echo "make test-gpu   the tests that need a CUDA device"
	@echo "make test-compose  build the image and run the deployment, where a Docker engine is"
	@echo "make image      build the image; VARIANT=gpu for the one with faiss-gpu"

# Installed once; again only when the dependencies change. --progress-bar shows how far the long download is.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(VENV)/installed
	$(BIN)/inspector serve

demo: $(VENV)/installed
	$(BIN)/inspector demo

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) -q tests/test_architecture.py

# By file, so that a server which the tests of a file share is started once.
test: check
	$(PYTEST) --numprocesses auto --maxprocesses 4 --dist loadfile -m "not long and not gpu and not compose and not ui"

# Without these programs the tests that start them are skipped; with CI set, they fail instead.
test-tools:
	command -v redis-server && command -v haproxy && command -v strace && command -v curl && command -v promtool && command -v chromium && \
	ls /usr/lib/postgresql/*/bin/initdb && exit; apt-get update -q && \
	RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends redis-server haproxy \
	strace curl prometheus postgresql chromium

test-long: $(VENV)/installed
	$(PYTEST) -m "long and not gpu and not compose" --timeout 3600

test-ui: $(VENV)/installed
	$(PYTEST) -m ui tests/ui

test-gpu: $(VENV)/installed
	$(PYTEST) -m gpu

test-compose: $(VENV)/installed
	$(PYTEST) -m compose --timeout 1800 tests/compose

image:
	docker build --build-arg VARIANT=$(VARIANT) --build-arg REVISION=$(REVISION) --tag anomalydino-inspector:$(VARIANT) .

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
