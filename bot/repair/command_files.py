"""Which files a shell command may be about that is not taken apart: what its output names.

What it runs is not seen. Its output tells of files (tracebacks, pytest's `test_cart.py:5:`); where
that names none, the repository's own tests do, by what they import.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from bot.repair.guidance import is_test
from bot.repair.neighbours import TESTS_AT_MOST, find_imported_files, list_python_files
from bot.repair.runner import RunResult

_PYTHON_FILE = re.compile(r"[\w./-]+\.py\b")


class CommandFiles(NamedTuple):
    """`suspected` may hold the fault; `judging` say what is right and are never changed."""

    suspected: tuple[str, ...]
    judging: frozenset[str]


def find_command_files(root: Path, command: str, first: RunResult) -> CommandFiles:
    """Return the files of a command that failed so, as paths below the root. Blocks: reads files.

    What judges is what the command names and what it runs first (the outermost frame of the
    traceback), unless there is nothing else.
    """
    frames = [frame for record in first.failures if record.crash for frame in record.crash.frames]
    named = {Path(word).as_posix() for word in _PYTHON_FILE.findall(command)}
    run = {frame.path for frame in frames[:1] if frame.function == "<module>"}
    judging = frozenset(named | run)
    told = _find_named_files(root, _PYTHON_FILE.findall(first.output))
    suspected = find_imported_files(root, [*(frame.path for frame in frames), *named, *told])
    if not set(suspected) - judging:
        suspected += find_imported_files(root, _list_tests(root))
    suspected = list(dict.fromkeys(suspected))
    return CommandFiles(tuple(suspected), judging if set(suspected) - judging else frozenset())


def _find_named_files(root: Path, names: Iterable[str]) -> list[str]:
    """Return the files an output names; a command may have gone into a folder before."""
    ours = [file.relative_to(root).as_posix() for file in list_python_files(root)]
    ends = {Path(word).as_posix() for word in names if not Path(word).is_absolute()}
    return [path for path in ours if any(path == end or path.endswith(f"/{end}") for end in ends)]


def _list_tests(root: Path) -> list[str]:
    ours = (file.relative_to(root).as_posix() for file in list_python_files(root))
    return [path for path in ours if is_test(path)][:TESTS_AT_MOST]
