"""Limits the import of a test file, so that one bad file does not stop the collection of others.

Sent as source text to the interpreter of the project under repair, as `_fork_server` is: standard
library and that project's pytest only.
"""

import signal
from collections.abc import Callable, Iterable
from typing import Any


class EndedProgram(Exception):
    """Raised if a file ends the program while it is imported."""


class CollectionLimits:
    """A pytest plugin that reports a file that exits, or never ends, as an import error.

    It uses the alarm of the tests, which `_fork_child.prepare` sets up.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        self._seconds = float(request["collect_seconds"])

    def pytest_make_collect_report(self, collector: Any) -> None:
        """Limit the import of this file; pytest continues with the next one."""
        if collector.nodeid.endswith(".py"):
            collector.collect = self._limit(collector.collect)

    def _limit(self, collect: Callable[[], Iterable[Any]]) -> Callable[[], list[Any]]:
        def collect_limited() -> list[Any]:
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
            try:
                return list(collect())
            except SystemExit as error:
                raise EndedProgram(str(error)) from error
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)

        return collect_limited
