"""Finds the tests that reach a changed file, by the static import graph.

Edges are imports, a test's `conftest.py` files, and dotted names or paths in strings ("cogs.dice"
for a cog loaded by name). Strings may be unrelated data, so they have a large distance. The path of
a Python file is almost always data: tests reached only this way are used only if there are no
others. The nearest tests come first, so that a limit drops the least likely ones.
"""

import ast
import heapq
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Self

from theseus_guard import is_test_file
from theseus_guard.source_folders import find_source_folder
from theseus_guard.syntax import parse

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_TEST = re.compile(r"test_.+\.py|.+_test\.py")
_TEST_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t].*test", re.MULTILINE)
_IMPORTED, _NAMED, _PATH = 1, 100, 10_000  # distances; an import outweighs any chain of strings
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "build", "dist"})


def is_test(file: str) -> bool:
    """Return whether pytest would collect this file by its name."""
    return bool(_TEST.fullmatch(PurePosixPath(file).name))


def iterate_python_files(root: Path) -> Iterator[str]:
    """Yield the Python files under a root, without hidden folders, builds and links."""
    folders = [""]
    while folders:
        folder = folders.pop()
        with os.scandir(root / folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            if entry.is_symlink() or entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            if entry.is_dir():
                folders.append(f"{folder}{entry.name}/")
            elif entry.name.endswith(".py"):
                yield f"{folder}{entry.name}"


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


class _Clue(NamedTuple):
    """What every file that needs a certain one has: a word in its text, or a place in a folder."""

    word: str
    pattern: re.Pattern[str]
    folders: tuple[str, ...] = ()

    @classmethod
    def build(cls, file: str) -> Self:
        """Return the clue to the users of a file."""
        path = PurePosixPath(file)
        if path.suffix != ".py":
            return cls(path.name, re.compile(re.escape(path.name)))
        word = path.parent.name if path.name == "__init__.py" else path.stem
        pattern = re.compile(rf"\b{re.escape(word)}\b")
        if path.name not in ("__init__.py", "conftest.py"):
            return cls(word, pattern)
        # A relative import reaches a package without its name, and a test needs its conftest.py.
        folder = "" if path.parent == PurePosixPath() else f"{path.parent}/"
        return cls(word, pattern, (folder,))

    def is_in(self, file: str, text: str) -> bool:
        """Return whether a file may need the file of this clue."""
        # A plain search is faster than a pattern, and nearly always fails.
        return file.startswith(self.folders) or (
            self.word in text and self.pattern.search(text) is not None
        )


class _Graph:
    """The dependencies of one tree, with a set of changed files.

    Parsing a whole repository takes seconds, so only files that may need a given file are parsed.
    """

    def __init__(self, root: Path, changed: Collection[str]) -> None:
        self.files = dict.fromkeys([*iterate_python_files(root), *changed])
        self._modules = {name: file for file in self.files for name in _iterate_module_names(file)}
        self._loose = {PurePosixPath(file).name: file for file in changed if file[-3:] != ".py"}
        self._texts = {
            file: path.read_text(encoding="utf-8", errors="replace")
            for file in self.files
            if file.endswith(".py") and (path := root / file).is_file() and not path.is_symlink()
        }
        self._needs: dict[str, dict[str, int]] = {}

    @property
    def tests(self) -> list[str]:
        """Every test file of the tree."""
        return sorted(file for file in self.files if is_test(file))

    def find_users(self, needed: Collection[str]) -> Iterator[tuple[int, str]]:
        """Yield the files that need one of these directly, with their distances."""
        clues = [_Clue.build(file) for file in needed]
        for file, text in self._texts.items():
            if any(clue.is_in(file, text) for clue in clues):
                needs = self._find_needs(file)
                if steps := [needs[each] for each in needed if each in needs]:
                    yield min(steps), file

    def has_test_import(self, file: str) -> bool:
        """Return whether a line of the file that looks like an import is one of a test."""
        return bool(_TEST_IMPORT.search(self._texts.get(file, ""))) and any(
            steps == _IMPORTED and is_test_file(needed)
            for needed, steps in self._find_needs(file).items()
        )

    def _find_needs(self, file: str) -> dict[str, int]:
        if file not in self._needs:
            needs = self._needs[file] = {}
            for needed, steps in self._iterate_needs(file, self._texts[file]):
                needs[needed] = min(steps, needs.get(needed, steps))
        return self._needs[file]

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


def _iterate_distances(graph: _Graph, changed: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the files that reach a changed one, all with the same distance at once, nearest first.

    The users of the last ones are only looked for when the next ones are wanted.
    """
    reached: set[str] = set()
    queue = [(0, file) for file in changed]
    while queue:
        distance, found = queue[0][0], set[str]()
        while queue and queue[0][0] == distance:
            found.add(heapq.heappop(queue)[1])
        found -= reached
        reached |= found
        yield distance, sorted(found)
        for steps, user in graph.find_users(found) if found else ():
            if user not in reached:
                heapq.heappush(queue, (distance + steps, user))


def _find_reached_tests(
    root: Path, graph: _Graph, changed: Sequence[str], cap: int, bound: int
) -> list[tuple[int, str]]:
    """Return the nearest tests with their distances; none at `bound` or over if others are nearer.

    All at the distance of the last one of `cap` tests are included.
    """
    reached: list[tuple[int, str]] = []
    for distance, files in _iterate_distances(graph, changed):
        if reached and distance >= bound:
            break
        tests = [file for file in files if is_test(file) and (root / file).is_file()]
        reached += [(distance, test) for test in tests]
        if len(reached) >= cap:
            break
    return reached


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
    found = _find_reached_tests(root, graph, changed, cap, _NAMED if nearest else _PATH)
    found.sort(key=lambda each: (each[0], PurePosixPath(each[1]).stem not in stems, each[1]))
    reached = [test for _, test in found]
    if not reached and any(file.endswith(".py") for file in changed):
        reached = _find_mirroring_tests(graph.tests, changed) or graph.tests
    return tuple(reached[:cap])


def list_program_files(root: Path) -> tuple[str, ...]:
    """Return the Python files of the program: no tests, and no folders that import tests."""
    graph = _Graph(root, ())
    using_tests = {
        file for file in graph.files if is_test_file(file) or graph.has_test_import(file)
    }
    # A neighbour of such a module often imports it, and an import also imports parent packages.
    folders = {PurePosixPath(file).parent for file in using_tests} - {PurePosixPath()}
    return tuple(
        file
        for file in graph.files
        if file not in using_tests and folders.isdisjoint(PurePosixPath(file).parents)
    )


def group_by_folder(files: Iterable[str]) -> list[list[str]]:
    """Return the files by their outermost folder, the smallest group first."""
    groups: dict[str, list[str]] = defaultdict(list)
    for file in files:
        groups[PurePosixPath(file).parts[0]].append(file)
    return sorted(groups.values(), key=len)
