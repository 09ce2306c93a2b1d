"""Finds the tests that reach a changed file, by the static import graph.

Edges are imports, a test's `conftest.py` files, and dotted names or paths in strings ("cogs.dice"
for a cog loaded by name). Strings may be unrelated data, so they have a large distance. The path of
a Python file is almost always data: tests reached only this way are used only if there are no
others. The nearest tests come first, so that a limit drops the least likely ones.
"""

import ast
import heapq
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from theseus_guard import is_test_file
from theseus_guard.source_folders import find_source_folder
from theseus_guard.syntax import parse

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_TEST = re.compile(r"test_.+\.py|.+_test\.py")
_IMPORTED, _NAMED, _PATH = 1, 100, 10_000  # distances; an import outweighs any chain of strings
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "build", "dist"})


def is_test(file: str) -> bool:
    """Return whether pytest would collect this file by its name."""
    return bool(_TEST.fullmatch(PurePosixPath(file).name))


def iterate_python_files(root: Path) -> Iterator[str]:
    """Yield the Python files under a root, without hidden folders, builds and links."""
    folders = [root]
    while folders:
        for entry in sorted(folders.pop().iterdir()):
            if entry.is_symlink() or entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            if entry.is_dir():
                folders.append(entry)
            elif entry.suffix == ".py":
                yield entry.relative_to(root).as_posix()


def _iterate_imports(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (level, dotted name) for the modules that an import statement may load."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield 0, alias.name
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        yield node.level, base
        for alias in node.names:
            yield node.level, f"{base}.{alias.name}".lstrip(".")


@lru_cache(maxsize=4096)
def _parse_references(text: str) -> tuple[frozenset[tuple[int, str]], frozenset[str]]:
    """Return a source's imports and its short strings; both are empty if it cannot be parsed."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset(), frozenset()
    names: set[tuple[int, str]] = set()
    strings: set[str] = set()
    for node in ast.walk(tree):
        names.update(_iterate_imports(node))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            strings.add(node.value)
    return frozenset(names), frozenset(strings)


def _iterate_module_names(file: str) -> Iterator[str]:
    """Yield the names by which a file may be imported: below the tree or a source folder."""
    path = PurePosixPath(file)
    parts = path.parts[:-1] if path.name == "__init__.py" else (*path.parts[:-1], path.stem)
    if parts:
        yield ".".join(parts)
    if folder := len(find_source_folder(path).parts):
        yield ".".join(parts[folder:])


class _Graph:
    """The dependencies of one tree, with a set of changed files."""

    def __init__(self, root: Path, changed: Collection[str]) -> None:
        self.files = dict.fromkeys([*iterate_python_files(root), *changed])
        self._modules = {name: file for file in self.files for name in _iterate_module_names(file)}
        self._loose = {PurePosixPath(file).name: file for file in changed if file[-3:] != ".py"}
        self.needed_by: Mapping[str, dict[str, int]] = defaultdict(dict)
        for file in self.files:
            path = root / file
            if file.endswith(".py") and path.is_file() and not path.is_symlink():
                text = path.read_text(encoding="utf-8", errors="replace")
                for needed, steps in self._iterate_needs(file, text):
                    users = self.needed_by[needed]
                    users[file] = min(steps, users.get(file, steps))

    @property
    def tests(self) -> list[str]:
        """Every test file of the tree."""
        return sorted(file for file in self.files if is_test(file))

    def _iterate_needs(self, file: str, text: str) -> Iterator[tuple[str, int]]:
        names, strings = _parse_references(text)
        for level, name in names:
            for needed in self._iterate_found(self._resolve_name(file, level, name), file):
                yield needed, _IMPORTED
        for string in strings:
            yield from self._iterate_named(string, file)
        if is_test(file):
            for folder in PurePosixPath(file).parents:
                if (conftest := (folder / "conftest.py").as_posix()) in self.files:
                    yield conftest, _IMPORTED

    def _iterate_named(self, string: str, file: str) -> Iterator[tuple[str, int]]:
        if _DOTTED.fullmatch(string):
            for needed in self._iterate_found(string, file):
                yield needed, _NAMED
        elif string in self.files:
            yield string, _PATH if string.endswith(".py") else _NAMED
        for name, loose in self._loose.items():
            if name in string:
                yield loose, _NAMED

    @staticmethod
    def _resolve_name(file: str, level: int, name: str) -> str:
        if not level:
            return name
        package = PurePosixPath(file).parts[:-level]
        return ".".join((*package, name)).strip(".")

    def _iterate_found(self, name: str, file: str) -> Iterator[str]:
        """Yield the file of a module and of its parent packages, or of a neighbouring module."""
        parts = name.split(".")
        package = PurePosixPath(file).parts[:-1]
        for end in range(len(parts), 0, -1):
            for prefix in ((), package):
                file_found = self._modules.get(".".join((*prefix, *parts[:end])))
                if file_found is not None and file_found != file:
                    yield file_found


def _measure_distances(
    needed_by: Mapping[str, Mapping[str, int]], changed: Iterable[str]
) -> dict[str, int]:
    distances: dict[str, int] = {}
    queue = [(0, file) for file in changed]
    heapq.heapify(queue)
    while queue:
        distance, file = heapq.heappop(queue)
        if file in distances:
            continue
        distances[file] = distance
        for user, steps in needed_by.get(file, {}).items():
            heapq.heappush(queue, (distance + steps, user))
    return distances


def _find_mirroring_tests(tests: Sequence[str], changed: Sequence[str]) -> list[str]:
    """Return the tests in the folders under tests/ that mirror the changed files' folders.

    The tests of a package in `packages/` are in its own folder.
    """
    parts = [PurePosixPath(file).parts[:-1] for file in changed]
    folders = {PurePosixPath("tests", *each) for each in parts}
    folders |= {PurePosixPath(*each[:2], "tests") for each in parts if each[:1] == ("packages",)}
    return [test for test in tests if not folders.isdisjoint(PurePosixPath(test).parents)]


def select_affected_tests(
    root: Path, changed: Sequence[str], *, cap: int, nearest: bool = False
) -> tuple[str, ...]:
    """Return at most `cap` test files under `root` that reach a changed file, nearest first.

    If changed Python files are not reached, return the tests in the mirroring folder, or all tests.
    With `nearest`, tests reached only by strings are left out if imports lead to others.
    """
    graph = _Graph(root, changed)
    stems = {f"test_{PurePosixPath(file).stem}" for file in changed}
    distances = _measure_distances(graph.needed_by, changed)
    reached = sorted(
        (test for test in graph.tests if test in distances and (root / test).is_file()),
        key=lambda test: (distances[test], PurePosixPath(test).stem not in stems, test),
    )
    for bound in (_NAMED, _PATH) if nearest else (_PATH,):
        nearer = [test for test in reached if distances[test] < bound]
        if nearer:
            reached = nearer
            break
    if not reached and any(file.endswith(".py") for file in changed):
        reached = _find_mirroring_tests(graph.tests, changed) or graph.tests
    return tuple(reached[:cap])


def list_program_files(root: Path) -> tuple[str, ...]:
    """Return the Python files of the program: no tests, and no modules that import tests."""
    graph = _Graph(root, ())
    distances = _measure_distances(graph.needed_by, filter(is_test_file, graph.files))
    using_tests = {file for file in graph.files if distances.get(file, _NAMED) < _NAMED}
    # An import of a module also imports its parent packages.
    folders = {PurePosixPath(file).parent for file in using_tests if file.endswith("/__init__.py")}
    return tuple(
        file
        for file in graph.files
        if file not in using_tests and folders.isdisjoint(PurePosixPath(file).parents)
    )
