"""Remembers which tests passed with which texts, so that they are not run from the start twice."""

from collections import OrderedDict

from theseus_repair.model import Texts
from theseus_repair.runner import RunResult
from theseus_repair.source_text import compute_digest

REMEMBERED = 64  # texts: only those that pass are confirmed, soon after they were judged


class PassedTests:
    """The tests that passed in runs from the start, for the latest texts."""

    def __init__(self) -> None:
        self._passed: OrderedDict[str, frozenset[str]] = OrderedDict()

    def add(self, overlay: Texts, result: RunResult) -> None:
        """Remember the tests of a run in which nothing failed."""
        if not overlay or not result.is_passing:
            return
        mark = compute_digest(overlay)
        self._passed[mark] = self._passed.pop(mark, frozenset()).union(result.passed_tests)
        if len(self._passed) > REMEMBERED:
            self._passed.popitem(last=False)

    def find(self, overlay: Texts) -> frozenset[str]:
        """Return the tests that passed with these texts."""
        return self._passed.get(compute_digest(overlay), frozenset())
