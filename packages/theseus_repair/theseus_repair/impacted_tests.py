"""Finds the passing tests that an edit does not affect: those that call no function it edits.

They need not be run for each candidate. Coverage can miss a call: in another process, or through a
cached fixture or import. So `confirmation` runs all tests for the proposed fix; this module only
saves time before that.
"""

import ast
from collections.abc import Callable, Iterator

from theseus_guard.syntax import parse

from theseus_repair.model import Problem, Texts
from theseus_repair.mutants import find_changed_lines
from theseus_repair.source import FunctionNode

Unconcerned = Callable[[Texts], frozenset[str]]
"""Returns the tests that new texts do not affect."""


def skip_none(files: Texts) -> frozenset[str]:
    """Return no tests to skip."""
    return frozenset()


class ImpactedTests:
    """Finds which of a problem's passing tests an edit does not affect."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._functions: dict[str, list[FunctionNode]] = {}

    def find_unaffected(self, files: Texts) -> frozenset[str]:
        """Return the unaffected tests for the new texts; empty if any test may be affected.

        Any test may be affected by an edit of module or class level code, of defaults or
        decorators, or of functions that no failing test was seen to call, because coverage has only
        lines of those.
        """
        found: set[str] = set()
        for path, text in files.items():
            for function in self._find_edited_functions(path, text):
                tests = self._find_calling_tests(path, function) if function is not None else set()
                if not tests & self._problem.failing:
                    return frozenset()
                found |= tests
        return self._problem.passing - found

    def _find_calling_tests(self, path: str, function: FunctionNode) -> set[str]:
        first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
        lines = frozenset(range(first, (function.end_lineno or first) + 1))
        coverage = self._problem.coverage
        return {test for test, by in coverage.items() if by.get(path, frozenset()) & lines}

    def _find_edited_functions(self, path: str, text: str) -> Iterator[FunctionNode | None]:
        """Yield the innermost function around each edited line of the old text."""
        before = self._problem.texts[path]
        if path not in self._functions:
            self._functions[path] = _list_functions(before)
        for line in find_changed_lines(text, before):
            around = [
                function
                for function in self._functions[path]
                if function.lineno < function.body[0].lineno <= line <= (function.end_lineno or 0)
            ]
            yield around[-1] if around else None


def _list_functions(text: str) -> list[FunctionNode]:
    """Return the functions of a source, outer ones first; empty if it does not parse."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, FunctionNode)]
