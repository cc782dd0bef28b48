# Everything lives in the checkout: the environment in .venv, nothing global. `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
# The oldest Python we support: what is pinned for it installs on every newer one.
LOCK_PYTHON ?= python3.11
# More words for pytest: `make test ARGS="tests/core -k share"`.
ARGS ?=
# So many seconds `make fuzz` takes.
FUZZ ?= 600
# Tests wait most of their time, so several run at once; the slow ones take what a core has.
JOBS ?= 4
SLOW_JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
STUBS := core/groundswell/v1
PROTOS := $(wildcard proto/groundswell/v1/*.proto)

INSTALLED := $(VENV)/.installed
PROJECT := $(VENV)/.project

.PHONY: help setup demo test test-slow test-containers test-soak fuzz check format proto lock wheel sbom audit bench bench-quick clean

## help: list these targets
help:
	@sed -n 's/^## \([a-z-]*\): \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

## setup: create the environment in .venv, or bring it up to date
setup: $(PROJECT)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'error: groundswell needs Python 3.11 or newer, and `$(PYTHON)` is not. Name one: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo 'error: `$(PYTHON) -m venv` failed; on Debian and Ubuntu it needs: apt-get install python3-venv' >&2; exit 1; }

$(INSTALLED): requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@touch $@

# The locked hatchling builds it, so setting up twice does the same thing twice.
$(PROJECT): pyproject.toml $(INSTALLED)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

## demo: run examples/demo.yaml against a target of our own, on this machine
demo: setup
	@folder=$$(mktemp -d); \
	$(BIN)/groundswell demo-target --listen 127.0.0.1:0 --port-file "$$folder/port" & target=$$!; \
	trap 'kill $$target 2>/dev/null || true; wait $$target 2>/dev/null || true; rm -rf "$$folder"' EXIT; \
	for _ in {1..150}; do \
		[[ -s $$folder/port ]] && break; \
		kill -0 $$target 2>/dev/null || { echo 'error: the demo target did not start' >&2; exit 1; }; \
		sleep 0.1; \
	done; \
	port=$$(cat "$$folder/port"); \
	$(BIN)/groundswell run examples/demo.yaml --target "http://127.0.0.1:$$port"

## test: all tests that take seconds
test: setup
	$(BIN)/pytest -m "not slow and not containers" -n $(JOBS) --dist worksteal $(ARGS)

## test-slow: the tests that take minutes
test-slow: setup
	$(BIN)/pytest -m "slow and not soak" -n $(SLOW_JOBS) --dist worksteal $(ARGS)

## test-containers: the image and the manifests as real containers; as root, with podman
test-containers: setup
	$(BIN)/pytest -m containers -p no:xdist $(ARGS) tests/containers

## test-soak: more of the same: seeds and moments beyond those of test-slow
test-soak: setup
	$(BIN)/pytest -m soak $(ARGS)

## fuzz: inputs that nobody has thought of, for every decoder of foreign bytes; FUZZ=3600 for an hour
fuzz: setup
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ) $(ARGS)

## check: format, lint, types, the arrows between the packages, stubs in step with the .proto files
check: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/core/test_stubs.py

## format: format the code and mend what the linter can mend
format: setup
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

## proto: write the stubs in core/groundswell/v1 anew from the .proto files
proto: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -Iproto \
		--python_out=core --grpc_python_out=core --mypy_out=core --mypy_grpc_out=core $(PROTOS)
	@# protoc writes gRPC stubs for files without a service, too; they are empty.
	@for proto in $$(grep -L '^service ' $(PROTOS)); do \
		name=$$(basename "$$proto" .proto); \
		rm -f $(STUBS)/"$$name"_pb2_grpc.py $(STUBS)/"$$name"_pb2_grpc.pyi; \
	done

## lock: requirements.lock with what pyproject.toml has come to need; UPGRADE=1 for the newest of all
lock:
	@folder=$$(mktemp -d); \
	trap 'rm -rf "$$folder"' EXIT; \
	$(LOCK_PYTHON) -m venv "$$folder/venv"; \
	"$$folder/venv/bin/python" -m pip install --quiet uv; \
	cp requirements.lock "$$folder/lock"; \
	"$$folder/venv/bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 \
		--group dev --group build --generate-hashes --no-header --no-annotate --no-emit-index-url \
		$(if $(UPGRADE),--upgrade) --output-file "$$folder/lock" > /dev/null; \
	{ sed -n '/^#/p' requirements.lock; sed '/^#/d' "$$folder/lock"; } > "$$folder/whole"; \
	mv "$$folder/whole" requirements.lock

## wheel: the wheel in dist/, the same to the byte wherever and whenever it is made of one commit
wheel: $(INSTALLED)
	@rm -rf dist; mkdir dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation \
		--wheel-dir dist .
	@sha256sum dist/*.whl

# Tools that only these two need, in a place of their own.
TOOLS := $(VENV)/tools
$(TOOLS)/bin/cyclonedx-py $(TOOLS)/bin/pip-audit: | $(BIN)/python
	@$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet 'cyclonedx-bom>=7,<8' 'pip-audit>=2.9,<3'

## sbom: dist/sbom.json, in CycloneDX: all that the wheel runs on, installed at its locked versions and looked at
sbom: wheel $(TOOLS)/bin/cyclonedx-py
	@folder=$$(mktemp -d); \
	trap 'rm -rf "$$folder"' EXIT; \
	$(BIN)/python deploy/docker/locked.py run > "$$folder/run.txt"; \
	$(PYTHON) -m venv --without-pip "$$folder/venv"; \
	install="$(TOOLS)/bin/python -m pip --python $$folder/venv/bin/python install --quiet --no-deps"; \
	$$install --require-hashes --requirement "$$folder/run.txt"; \
	$$install dist/*.whl; \
	$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file dist/sbom.json "$$folder/venv/bin/python"

## audit: known holes in what is locked; asks a database on the network
audit: $(TOOLS)/bin/pip-audit
	$(TOOLS)/bin/pip-audit --requirement requirements.lock --require-hashes --disable-pip

## bench: measure the numbers that benchmarks/README.md publishes
bench: setup
	$(BIN)/python -m benchmarks $(ARGS)

## bench-quick: the same in about a minute, to see a change's direction
bench-quick: setup
	$(BIN)/python -m benchmarks --quick $(ARGS)

## clean: remove all that these targets made, the environment too
clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
