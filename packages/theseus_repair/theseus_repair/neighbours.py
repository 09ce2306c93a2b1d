"""Finds other tests and files that belong to a failure, by their imports, without running them."""

import ast
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from theseus_guard.syntax import parse

from theseus_repair.files import SKIPPED
from theseus_repair.guidance import is_test
from theseus_repair.invocation import Invocation
from theseus_repair.runner import RunResult
from theseus_repair.source_text import decode_source

FILES_AT_MOST = 3000
TESTS_AT_MOST = 12
BYTES_AT_MOST = 300_000
# Other files in a folder of tests contain helpers.
COLLECTED = re.compile(r"test_.*\.py|.*_test\.py|tests?\.py")


def find_neighbours(
    root: Path, tests: Sequence[str], failing: Sequence[str], folder: str = ""
) -> list[str]:
    """Return the files of these tests, and test files that import the same modules.

    The tests run in `folder`, relative to the root.
    """
    own = [test.partition("::")[0] for test in (*failing, *tests)]
    files = [path for path in dict.fromkeys(own) if (root / path).is_file()]
    wanted: set[str] = set()
    for path in files:
        wanted |= {stem for stem in list_imports(root / path) if _is_ours(root / folder, stem)}
    others = [
        path
        for file in list_python_files(root)
        if COLLECTED.fullmatch(file.name)
        and (path := file.relative_to(root).as_posix()) not in files
        and wanted & list_imports(file)
    ]
    return [*files, *others[:TESTS_AT_MOST]]


def select_guards(
    files: Sequence[str], invocation: Invocation, first: RunResult
) -> tuple[str, ...]:
    """Return the tests that have to stay passing; `first` is the command's result.

    For a file that ran completely these are its passed tests. Any other file is named itself and
    run first; so is every file if time was up or tests were selected by name.
    """
    known = not (invocation.named or first.failed_late)
    places = invocation.places if known else ()
    complete = {
        file for file in files if any(PurePath(file).is_relative_to(place) for place in places)
    }
    passed = [test for test in first.passed_tests if test.partition("::")[0] in complete]
    return (*passed, *(file for file in files if file not in complete))


def find_imported_files(root: Path, paths: Iterable[str]) -> list[str]:
    """Return these files and the files of the tree they import, in two steps."""
    found: dict[str, None] = {}
    wave = [path for path in dict.fromkeys(paths) if (root / path).is_file()]
    for _ in range(3):
        found.update(dict.fromkeys(wave))
        names = {(parent, name) for path in wave for name in list_imports(root / path)
                 for parent in ("", "src/", _get_folder(path))}  # fmt: skip
        files = [file for parent, name in sorted(names) for file in _find_files(root, name, parent)]
        wave = [path for path in dict.fromkeys(files) if path not in found]
    return [path for path in found if not is_test(path)]


def list_imports(file: Path) -> set[str]:
    """Return the dotted names of the modules that a file imports, and of the names from them."""
    if file.stat().st_size > BYTES_AT_MOST:
        return set()
    try:
        tree = parse(decode_source(file.read_bytes()))
    except (SyntaxError, ValueError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def list_python_files(root: Path) -> list[Path]:
    """Return the Python files below a root, without environments and caches."""
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        found += [Path(folder, name) for name in sorted(names) if name.endswith(".py")]
        if len(found) > FILES_AT_MOST:
            break
    return found[:FILES_AT_MOST]


def _get_folder(path: str) -> str:
    """Return the folder of a file as a path prefix, because files next to it are importable."""
    return path[: path.rfind("/") + 1]


def _find_files(root: Path, name: str, parent: str) -> list[str]:
    base = parent + name.replace(".", "/")
    return [path for path in (f"{base}.py", f"{base}/__init__.py") if (root / path).is_file()]


def _is_ours(root: Path, name: str) -> bool:
    return any(_find_files(root, name, parent) for parent in ("", "src/"))
