# `make demo` and `make test` work on a fresh clone: Python 3.11+ and git are all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
ARGS ?=
export UV_PROJECT_ENVIRONMENT := $(VENV)

.PHONY: demo test quick check format install system bench clean

demo: install
	$(BIN)/theseus demo $(ARGS)

test: system install check
	$(BIN)/pytest -n auto --dist loadfile -m "not slow" $(ARGS)

slow: system install
	$(BIN)/pytest -n 2 --dist loadfile -m slow $(ARGS)

quick: install
	$(BIN)/pytest -n auto -m "not slow" -q $(ARGS)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install
	$(BIN)/theseus bench $(ARGS)

# The environment is complete when this stamp is newer than the lock.
install: $(VENV)/.installed

$(VENV)/.installed: uv.lock pyproject.toml
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --allow-existing $(VENV); \
	else $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv==$(UV_VERSION); fi
	@if command -v uv >/dev/null 2>&1; then uv sync --quiet --frozen --extra local; \
	else $(BIN)/uv sync --quiet --frozen --extra local --inexact; fi
	@touch $@

# System packages, where apt-get is there to install them; tests that need one say so when it is not.
system:
	@sh tests/system_packages.sh

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis
