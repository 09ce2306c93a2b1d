"""Finds the files that an opaque shell command may be about, by the file names in its output.

The output names files in tracebacks and in lines such as pytest's `test_cart.py:5:`. If it names
none, the files that the repository's own tests import are used.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from theseus_repair.guidance import is_test
from theseus_repair.neighbours import TESTS_AT_MOST, find_imported_files, list_python_files
from theseus_repair.runner import RunResult

_PYTHON_FILE = re.compile(r"[\w./-]+\.py\b")


class CommandFiles(NamedTuple):
    """`suspected` files may hold the fault; `judging` files say what is right and never change."""

    suspected: tuple[str, ...]
    judging: frozenset[str]


def find_command_files(root: Path, command: str, first: RunResult) -> CommandFiles:
    """Return the files of a failed command, as paths below the root. Blocks: reads files.

    The judging files are those that the command names and the one that it runs first (the outermost
    frame of the traceback), unless no other files are left.
    """
    frames = [frame for record in first.failures if record.crash for frame in record.crash.frames]
    named = {Path(word).as_posix() for word in _PYTHON_FILE.findall(command)}
    run = {frame.path for frame in frames[:1] if frame.function == "<module>"}
    judging = frozenset(named | run)
    printed = _find_named_files(root, _PYTHON_FILE.findall(first.output))
    suspected = find_imported_files(root, [*(frame.path for frame in frames), *named, *printed])
    if not set(suspected) - judging:
        suspected += find_imported_files(root, _list_tests(root))
    suspected = list(dict.fromkeys(suspected))
    return CommandFiles(tuple(suspected), judging if set(suspected) - judging else frozenset())


def _find_named_files(root: Path, names: Iterable[str]) -> list[str]:
    """Return the files that an output names, also relative to a folder the command changed to."""
    project_files = [file.relative_to(root).as_posix() for file in list_python_files(root)]
    ends = {Path(word).as_posix() for word in names if not Path(word).is_absolute()}
    return [
        path
        for path in project_files
        if any(path == end or path.endswith(f"/{end}") for end in ends)
    ]


def _list_tests(root: Path) -> list[str]:
    project_files = (file.relative_to(root).as_posix() for file in list_python_files(root))
    return [path for path in project_files if is_test(path)][:TESTS_AT_MOST]
