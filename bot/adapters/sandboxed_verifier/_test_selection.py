"""Which tests reach a changed file: the import graph, read and never run.

Edges are imports, a test's `conftest.py`s, and dotted names or paths in strings ("cogs.dice" for a
cog loaded by name). Strings may be mere data and count as far. The path of a Python file is data
nearly always: tests that nothing else leads to are taken only where there are no others. Nearest
tests come first, so that a cap drops the least likely.
"""

import ast
import heapq
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from bot.guards import is_test_file
from bot.infra.syntax import parse

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_TEST = re.compile(r"test_.+\.py|.+_test\.py")
_IMPORTED, _NAMED, _PATH = 1, 100, 10_000  # steps of distance
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "build", "dist"})


def is_test(file: str) -> bool:
    """Whether pytest would collect this file by its name."""
    return bool(_TEST.fullmatch(PurePosixPath(file).name))


def iterate_python_files(root: Path) -> Iterator[str]:
    """Yield the Python files under a root; hidden folders, builds and links are passed over."""
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
    """Yield (level, dotted name) of what an import statement may load."""
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
    """Return what a source imports, and its short strings. Source that won't parse has neither."""
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
    """Yield the names a file may be imported by; `src/` may be a root of its own."""
    path = PurePosixPath(file)
    parts = path.parts[:-1] if path.name == "__init__.py" else (*path.parts[:-1], path.stem)
    if parts:
        yield ".".join(parts)
    if len(parts) > 1 and parts[0] == "src":
        yield ".".join(parts[1:])


class _Graph:
    """Who needs whom. Built for one tree and one set of changed files."""

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
        """Yield the file of a module and of the packages around it, or of a neighbour."""
        parts = name.split(".")
        here = PurePosixPath(file).parts[:-1]
        for end in range(len(parts), 0, -1):
            for prefix in ((), here):
                wanted = self._modules.get(".".join((*prefix, *parts[:end])))
                if wanted is not None and wanted != file:
                    yield wanted


def _measure_distances(
    needed_by: Mapping[str, Mapping[str, int]], changed: Iterable[str]
) -> dict[str, int]:
    found: dict[str, int] = {}
    edge = [(0, file) for file in changed]
    heapq.heapify(edge)
    while edge:
        far, file = heapq.heappop(edge)
        if file in found:
            continue
        found[file] = far
        for user, steps in needed_by.get(file, {}).items():
            heapq.heappush(edge, (far + steps, user))
    return found


def _find_mirroring_tests(tests: Sequence[str], changed: Sequence[str]) -> list[str]:
    """Return the tests in the folders that mirror the changed files' folders under tests/."""
    folders = {PurePosixPath("tests", *PurePosixPath(file).parts[:-1]) for file in changed}
    return [test for test in tests if not folders.isdisjoint(PurePosixPath(test).parents)]


def select_affected_tests(
    root: Path, changed: Sequence[str], *, cap: int, nearest: bool = False
) -> tuple[str, ...]:
    """Return at most `cap` test files under `root` that reach a changed file, nearest first.

    When Python changed and nothing reaches it: the tests in the mirroring folder, or all tests.
    With `nearest`, those that only a string leads to are left out where imports lead to others.
    """
    graph = _Graph(root, changed)
    stems = {f"test_{PurePosixPath(file).stem}" for file in changed}
    far = _measure_distances(graph.needed_by, changed)
    reached = sorted(
        (test for test in graph.tests if test in far and (root / test).is_file()),
        key=lambda test: (far[test], PurePosixPath(test).stem not in stems, test),
    )
    for bound in (_NAMED, _PATH) if nearest else (_PATH,):
        certain = [test for test in reached if far[test] < bound]
        if certain:
            reached = certain
            break
    if not reached and any(file.endswith(".py") for file in changed):
        reached = _find_mirroring_tests(graph.tests, changed) or graph.tests
    return tuple(reached[:cap])


def list_program_files(root: Path) -> tuple[str, ...]:
    """Return the Python files of what runs: nothing among the tests, nor what imports those."""
    graph = _Graph(root, ())
    far = _measure_distances(graph.needed_by, filter(is_test_file, graph.files))
    needing = {file for file in graph.files if far.get(file, _NAMED) < _NAMED}
    # Whoever imports a module imports the packages around it.
    folders = {PurePosixPath(file).parent for file in needing if file.endswith("/__init__.py")}
    return tuple(
        file
        for file in graph.files
        if file not in needing and folders.isdisjoint(PurePosixPath(file).parents)
    )
