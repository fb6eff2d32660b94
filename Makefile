# Two commands for everybody: `make chat` and `make test`. Both set up whatever is missing, inside this folder.
.DEFAULT_GOAL := help
SHELL := /bin/sh

UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
BIN := .venv/bin
PORT := 2024
SYNC := UV_PYTHON_PREFERENCE=system $(UV) sync --frozen --inexact --quiet

.PHONY: help chat serve test test-peers lint format types docs clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/	/' | expand -t 12

chat: .venv/.ready ## open the conversation (piped input is answered line by line)
	@$(BIN)/passfel chat

serve: .venv/.ready-dev ## LangGraph server with our own chat route, on 127.0.0.1:2024 (PORT=...)
	@$(BIN)/passfel serve --port $(PORT)

test: .venv/.ready-dev ## the whole test suite
	@$(BIN)/pytest -n 3 --dist loadfile

test-peers: .venv/.ready-dev ## tests against real servers, installed into ~/.cache/passfel-peers at first use (PASSFEL_PEERS=...)
	@$(BIN)/pytest -m peer tests/peers

lint: .venv/.ready-dev ## linters, import floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: .venv/.ready-dev ## the strict type checker over everything
	@$(BIN)/mypy

format: .venv/.ready-dev ## rewrite the code in the house style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: .venv/.ready-dev ## rewrite the generated parts of the documentation
	@$(BIN)/python scripts/generated_docs.py --write

clean: ## remove what the set-up made
	rm -rf .venv .tools .types build *.egg-info

.venv/.ready: pyproject.toml setup.py uv.lock | $(UV)
	@echo "Setting up PASSFEL in .venv ..." >&2
	@$(SYNC) --no-dev
	@touch $@

.venv/.ready-dev: pyproject.toml setup.py uv.lock | $(UV)
	@echo "Setting up PASSFEL with its tests in .venv ..." >&2
	@$(SYNC) --all-groups --extra server --extra groundnews
	@mkdir -p .types && ln -sfn .. .types/passfel
	@touch .venv/.ready $@

# Where there is no uv, pip puts it into this folder (works without the venv module, and beside Debian's own Python).
.tools/bin/uv:
	@echo "Getting uv into .tools ..." >&2
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "PASSFEL needs uv, or Python 3.11 or newer with pip." >&2; exit 1; }
	@python3 -m pip install --quiet --disable-pip-version-check --no-warn-script-location --target .tools uv
