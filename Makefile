# What can be done with filemill from a checkout; `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
TESTERS ?= 4
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/filemill/bin

# No tags upstream: the module proxy knows this version by its time and commit alone.
MINIO_COMMIT := 7aac2a2c5b7c
MINIO_MODULE := v0.0.0-20260212201848-$(MINIO_COMMIT)
MINIO_TIME := 2026-02-12T20:18:48Z
MINIO_NAMES := Version=$(MINIO_TIME) ReleaseTag=RELEASE.$(subst :,-,$(MINIO_TIME)) CommitID=$(MINIO_COMMIT) \
	ShortCommitID=$(MINIO_COMMIT) CopyrightYear=2026

.PHONY: help
help: ## list every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(INSTALLED) ## .venv with everything in it, and the system packages where that is allowed
	@echo "Installed: $(BIN)/filemill"

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "filemill needs Python 3.11 or newer: make install PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/pip || $(MAKE) $(VENV)/pip
	@echo "Installing the Python packages of pyproject.toml into $(VENV); this takes a minute or two ..."
	@if command -v uv >/dev/null; then uv pip install --python $(BIN)/python -c constraints.txt -e '.[local,dev]'; \
		else $(BIN)/pip install --disable-pip-version-check -c constraints.txt -e '.[local,dev]'; fi
	@echo "Looking for system packages (filemill install) ..."
	@$(BIN)/filemill install
	@$(MAKE) chromium
	@touch $@

# Debian keeps what venv needs in a package of its own.
.PHONY: $(VENV)/pip
$(VENV)/pip:
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
		package=$$($(PYTHON) -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")'); \
		sudo=$$(test "$$(id -u)" = 0 || command -v sudo || true); \
		if ! command -v apt-get >/dev/null || { test "$$(id -u)" != 0 && test -z "$$sudo"; }; then \
			echo "A system package is missing and cannot be installed here: $$package." >&2; exit 1; fi; \
		$$sudo apt-get update -q || true; \
		$$sudo apt-get install -q -y --no-install-recommends $$package \
			|| { echo "A system package is missing and could not be installed: $$package." >&2; exit 1; }; \
	fi
	$(PYTHON) -m venv --clear $(VENV)

.PHONY: chromium
chromium: ## Debian's browser, by apt-get where that is allowed, for the tests of the page
	@if ! command -v chromium >/dev/null; then \
		sudo=$$(test "$$(id -u)" = 0 || command -v sudo || true); \
		{ command -v apt-get && { test "$$(id -u)" = 0 || test -n "$$sudo"; }; } >/dev/null \
			&& { $$sudo apt-get update -q || true; } \
			&& $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium \
			|| echo "Chromium is missing and cannot be installed here, so the tests of the page are skipped."; \
	fi

.PHONY: demo
demo: $(INSTALLED) ## start everything for a moment and walk a real table through it; FILE=... takes yours
	@$(BIN)/filemill demo --out build/demo $(if $(FILE),--file "$(FILE)")

.PHONY: serve
serve: $(INSTALLED) ## run everything, to stay, on http://127.0.0.1:8000 or PORT=...; state is kept in .filemill
	@exec $(BIN)/filemill serve --home .filemill --port $(or $(PORT),8000)

.PHONY: test
test: $(INSTALLED) ## the whole suite, against real servers
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder

.PHONY: test-fast
test-fast: $(INSTALLED) ## the inner loop, about three minutes: rules, rows, APIs and the table engine, without whole stacks
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder -m "not slow and not hostile" \
		--ignore=tests/engines/tables/test_tables_{pipelines,property,computed,wide}.py \
		tests/{house,pipelines,accounts,jobs,apis,migrations} tests/engines/tables

.PHONY: hostile
hostile: $(INSTALLED) ## 236 hostile documents, and thousands of random tables and pipelines, other ones each time (half an hour)
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile -m "" --hypothesis-profile=hostile \
		tests/journeys/test_hostile_documents.py \
		tests/engines/tables/test_tables_{pipelines,property,computed}.py

.PHONY: attack
attack: $(INSTALLED) ## attack a stack of our own on loopback, as docs/security.md tells (ten minutes)
	$(BIN)/python -m tests.attacks

.PHONY: check
check: $(INSTALLED) ## lint, format, types and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: bench
bench: $(INSTALLED) ## the README's figures
	$(BIN)/python -m benchmarks

.PHONY: minio
minio: ## build MinIO at its pinned version into the cache folder, where Go is there (minutes, once)
	@if test -x "$(CACHE)/minio"; then echo "MinIO is there: $(CACHE)/minio"; \
	elif ! command -v go >/dev/null; then \
		echo "Go is missing, so MinIO is not built: SeaweedFS serves instead, and tests on MinIO are skipped."; \
	else \
		echo "Building MinIO $(MINIO_MODULE) into $(CACHE) ..."; \
		mkdir -p "$(CACHE)"; \
		GOBIN="$(CACHE)" GOFLAGS=-mod=mod CGO_ENABLED=0 go install -trimpath \
			-ldflags "-s -w $(foreach name,$(MINIO_NAMES),-X github.com/minio/minio/cmd.$(name))" \
			github.com/minio/minio@$(MINIO_MODULE); \
		"$(CACHE)/minio" --version | head -1; \
	fi

.PHONY: compose-test
compose-test: $(INSTALLED) ## build the image and bring the whole compose file up, in an engine of its own; KEEP=DIR keeps images
	$(BIN)/python -m tests.compose $(if $(KEEP),--keep "$(KEEP)")

.PHONY: clean
clean: ## remove what was built; .filemill, with its data, stays
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
