"""Finds test files that reach into the test runner, and so can affect other tests.

`pytest_plugins` and the plugin manager add hooks and fixtures that affect all tests. New uses of
them therefore block a change; uses of other internals of pytest are only reported.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from theseus_guard._layout import parse_source
from theseus_guard._legibility import quote
from theseus_guard._misleading_code import Sources
from theseus_guard._tests import is_test_file
from theseus_guard.records import Finding
from theseus_guard.unified_diff import FilePatch

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
_REGISTERS = frozenset({"pytest_plugins", "pluginmanager"})
_ASKS = frozenset({"has_plugin", "hasplugin", "get_plugin", "getplugin"})
_INNER = frozenset({"_pytest", "pluggy"})
_OWN = frozenset({"pytester", "_pytest.pytester"})  # pytest's own plugins for tests of plugins


def find_runner_access(patches: Sequence[FilePatch], sources: Sources) -> Iterator[Finding]:
    """Yield new uses of the test runner's plugins and inner parts in test files."""
    for patch in patches:
        source = sources.get(patch.path)
        if source is None or source.after is None or not is_test_file(patch.path):
            continue
        before, after = _count_uses(source.before or ""), _count_uses(source.after)
        new = [use for use in after if use not in before or after[use] > before[use]]
        lines = source.after.split("\n")
        for use in new:
            yield _create_finding(patch.path, use, lines)


def _create_finding(path: str, use: str, lines: Sequence[str]) -> Finding:
    number = next((at for at, line in enumerate(lines, 1) if use in line), 1)
    where = f"Line {number}: uses `{use}`"
    if use in _REGISTERS:
        message = f"{where}, which can change how other tests run"
        blocking = PurePosixPath(path).name != "conftest.py" or use == "pluginmanager"
    else:
        message, blocking = f"{where}, a part of the test runner", False
    return Finding(
        rule="test_weakened",
        path=path,
        message=f"{message}: `{quote(lines[number - 1])}`.",
        blocking=blocking,
    )


def _count_uses(text: str) -> Counter[str]:
    """Count the uses of each name, including those by `getattr` and `globals()`."""
    tree = parse_source(text.removeprefix("\ufeff"))
    found: Counter[str] = Counter()
    if tree is None:
        return found
    harmless = {id(node) for one in ast.walk(tree) for node in _iterate_harmless(one)}
    for node in ast.walk(tree):
        if id(node) not in harmless:
            found.update(name for name in _iterate_names(node) if name in _REGISTERS | _INNER)
            found.update(f"def {name}" for name in _find_hooks(node))
    return found


def _iterate_harmless(node: ast.AST) -> Iterator[ast.AST]:
    """Yield uses that change nothing: queries of the manager, pytest's plugin for plugin tests."""
    if isinstance(node, ast.Attribute) and node.attr in _ASKS:
        yield node.value
    if isinstance(node, ast.Assign):
        values = {part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant)}
        if values <= _OWN:
            yield from node.targets


def _iterate_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.ImportFrom):
        yield (node.module or "").partition(".")[0]
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)


def _find_hooks(node: ast.AST) -> Iterator[str]:
    """Yield a hook that a test file defines."""
    if isinstance(node, _FUNCTION) and node.name.startswith("pytest_"):
        yield node.name
