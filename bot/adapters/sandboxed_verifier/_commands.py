"""Builds command lines from configured checks."""

import re
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Literal

from bot.domain.checks import Check
from bot.ports.verifier import CheckKind

Tool = Literal["pytest", "mypy", "ruff", "other"]
AFFECTED = "{affected_tests}"
REPORT = "report.xml"
"""The file for pytest's report, next to the tree it runs in."""
CHANGED = "{changed}"
_TYPE_CHECKERS = frozenset(
    {"mypy", "dmypy", "pyright", "basedpyright", "pyre", "pytype", "ty", "tsc"}
)
_WORKERS = frozenset({"-n", "--numprocesses", "--maxprocesses", "--dist"})
_WORKERS_IN_ONE = re.compile(r"-n\w+|--(numprocesses|maxprocesses|dist)=.*")
_TOOLS: dict[str, Tool] = {"pytest": "pytest", "py.test": "pytest", "mypy": "mypy", "ruff": "ruff"}


def _get_program(command: Sequence[str]) -> str:
    """Return the name of the program that a command runs, also for `python -m program`."""
    name = PurePosixPath(command[0]).name
    if name.startswith("python") or command[0] == "{python}" or command[0] == sys.executable:
        name = command[2] if len(command) > 2 and command[1] == "-m" else ""
    return name


def find_tool(command: Sequence[str]) -> Tool:
    """Return the known tool that a command runs, or "other"."""
    return _TOOLS.get(_get_program(command), "other")


def find_kind(check: Check) -> CheckKind:
    """Return what a check is about; what nobody knows counts as a linter."""
    if AFFECTED in check.command or find_tool(check.command) == "pytest":
        return "tests"
    if _get_program(check.command) in _TYPE_CHECKERS:
        return "types"
    return "format" if _find_formatter(check.command) else "lint"


def _find_formatter(command: Sequence[str]) -> int:
    """Return the number of words that call a formatter which can write, or 0."""
    program = 3 if command[1:2] == ("-m",) else 1
    name = _get_program(command)
    if name == "ruff" and command[program : program + 1] == ("format",):
        return program + 1
    return program if name == "black" else 0


def build_format_command(check: Check) -> Check | None:
    """Return the check as one that writes instead of complaining; `None` for other checks."""
    if not _find_formatter(check.command):
        return None
    words = tuple(word for word in check.command if word not in ("--check", "--diff"))
    return check.replace(command=words)


def _as_arguments(files: Sequence[str]) -> list[str]:
    # A file named like an option must not become one.
    return [f"./{file}" if file.startswith("-") else file for file in files]


def expand(
    check: Check,
    changed: Sequence[str],
    affected: Sequence[str],
    *,
    workers: bool | None = None,
    python: str = sys.executable,
) -> list[str] | None:
    """Return the command with its placeholders filled in; `None` if one expands to nothing.

    Without `workers`, options for pytest-xdist are removed, because pytest would refuse to start.
    By default this depends on whether pytest-xdist, a development dependency, is installed here;
    another `python` is not asked, and gets none.
    """
    if workers is None:
        workers = python == sys.executable and find_spec("xdist") is not None
    fills = {CHANGED: _as_arguments(changed), AFFECTED: _as_arguments(affected)}
    command: list[str] = []
    for argument in check.command:
        if argument not in fills:
            command.append(argument.replace("{python}", python))
        elif fills[argument]:
            command += fills[argument]
        else:
            return None
    return command if workers or find_tool(command) != "pytest" else _strip_workers(command)


def _strip_workers(command: Sequence[str]) -> list[str]:
    remaining: list[str] = []
    arguments = iter(command)
    for argument in arguments:
        if argument in _WORKERS:
            next(arguments, None)
        elif not _WORKERS_IN_ONE.fullmatch(argument):
            remaining.append(argument)
    return remaining


def test_options(command: Sequence[str]) -> tuple[str, ...]:
    """Return the options of a configured pytest command, without program, files and workers."""
    if find_tool(command) != "pytest":
        return ()
    program = 3 if command[1:2] == ("-m",) and len(command) > 2 and "pytest" in command[2] else 1
    return tuple(argument for argument in _strip_workers(command[program:]) if argument != AFFECTED)


def add_report(command: Sequence[str], report: Path) -> list[str]:
    """Return a pytest command that also writes a report to `report`, and does not use the cache."""
    return [*command, "-p", "no:cacheprovider", f"--junitxml={report}"]


def present_python(root: Path, changed: Sequence[str]) -> list[str]:
    """Return the changed Python files that exist as regular files."""
    return [
        file
        for file in changed
        if file.endswith(".py") and (root / file).is_file() and not (root / file).is_symlink()
    ]
