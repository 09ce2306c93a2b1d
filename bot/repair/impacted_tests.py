"""Which passing tests an edit does not concern: those that call no function it edits.

They end as before, and need not be run each time. Who was not seen to call it may do so all
the same: in another process, through what a fixture or an import keeps. So what is proposed has
passed them all, in `confirmation`; here is only said what is worth running before.
"""

import ast
from collections.abc import Callable, Iterator

from bot.infra.syntax import parse
from bot.repair.model import Problem, Texts
from bot.repair.mutants import find_changed_lines
from bot.repair.source import FunctionNode

Unconcerned = Callable[[Texts], frozenset[str]]
"""The tests that new texts do not concern."""


def skip_none(files: Texts) -> frozenset[str]:
    """Tell of no test that these texts do not concern it."""
    return frozenset()


class ImpactedTests:
    """Tells for a problem which of its passing tests an edit does not concern."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._functions: dict[str, list[FunctionNode]] = {}

    def find_unaffected(self, files: Texts) -> frozenset[str]:
        """Return these tests for the new texts; none where any may be concerned.

        That is so for what modules and classes say themselves, for defaults and decorators, and for
        functions that no failing test was seen to call: of those nobody has asked who calls them.
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
        first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
        lines = frozenset(range(first, (function.end_lineno or first) + 1))
        coverage = self._problem.coverage
        return {test for test, by in coverage.items() if by.get(path, frozenset()) & lines}

    def _find_edited_functions(self, path: str, text: str) -> Iterator[FunctionNode | None]:
        """Yield the innermost function around each line of before that is edited."""
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
    """Return the functions of a source, the outer ones first; none where it does not parse."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, FunctionNode)]
