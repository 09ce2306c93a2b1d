# `make demo` and `make test` work on a fresh clone: Python 3.11+ and git are all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
ARGS ?=
export UV_PROJECT_ENVIRONMENT := $(VENV)
# What Python and pytest compiled once is there for whatever starts next, as in `make slow`.
unexport PYTHONDONTWRITEBYTECODE

# The demo asks a model when there is a key or an address for one, or when it is told to.
CLAUDE := $(if $(findstring offline,$(ARGS)),,$(findstring claude,$(ARGS))$(ANTHROPIC_API_KEY)$(ANTHROPIC_BASE_URL))

.PHONY: demo test slow exhaustive quick check format install claude system bench clean

demo: $(if $(CLAUDE),claude,install)
	$(BIN)/theseus demo $(ARGS)

test: system claude check
	$(BIN)/pytest -n auto --dist loadfile -m "not slow" $(ARGS)

slow: system claude
	$(BIN)/pytest -n 2 --dist worksteal -m "slow and not exhaustive" $(ARGS)

# The slow tests with every fault, moment and cast: most of an hour.
exhaustive: system claude
	$(BIN)/pytest -n 2 --dist worksteal -m slow $(ARGS)

quick: claude
	$(BIN)/pytest -n auto -m "not slow" -q $(ARGS)

check: claude
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/theseus dependencies --no-files

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: claude
	$(BIN)/theseus bench $(ARGS)

# The environment is complete when this stamp is newer than the lock. A uv on PATH is used, and may
# bring its own Python; otherwise one is put into the environment itself. Packages are compiled once,
# here: what runs in the sandbox may not write, and would compile them again each time.
install: $(VENV)/.installed

$(VENV)/.installed: uv.lock pyproject.toml
	@echo "Installing what Theseus needs into $(VENV) (once; a minute or so)"
	@if command -v uv >/dev/null 2>&1; then \
	    uv venv --quiet --allow-existing $(VENV) && uv sync --quiet --frozen --compile-bytecode --extra local --extra charts; \
	else \
	    $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$NO_PYTHON" >&2; exit 1; }; \
	    $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || \
	        { $(PYTHON) -m venv --without-pip $(VENV) >/dev/null 2>&1 && $(PYTHON) -m pip --version >/dev/null 2>&1; } || \
	        { echo "$$NO_VENV" >&2; exit 1; }; \
	    if $(BIN)/python -m pip --version >/dev/null 2>&1; then pip="$(BIN)/python -m pip"; \
	    else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	    $$pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) && \
	    $(BIN)/uv sync --quiet --frozen --compile-bytecode --extra local --extra charts --inexact; \
	fi
	@touch $@

# With the claude engine: its package carries the Claude Code program (a download of 160 MB). The
# tests run the real program too, against a model that follows a script.
claude: $(VENV)/.claude

$(VENV)/.claude: $(VENV)/.installed
	@echo "Installing the claude engine into $(VENV) (once; a minute or so)"
	@PATH="$(BIN):$$PATH" uv sync --quiet --frozen --compile-bytecode --extra local --extra charts --extra claude --inexact
	@touch $@

define NO_PYTHON
Theseus needs Python 3.11 or newer, and `$(PYTHON)` is not one. Name another (make demo PYTHON=python3.12),
or install uv (https://docs.astral.sh/uv/), which brings its own.
endef
define NO_VENV
$(PYTHON) cannot make a virtual environment here. Install the missing part (Debian, Ubuntu:
apt-get install python3-venv), or install uv (https://docs.astral.sh/uv/), then try again.
endef
export NO_PYTHON NO_VENV

# System packages, where apt-get is there to install them; tests that need one say so when it is not.
system:
	@sh tests/system_packages.sh

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis
