"""Limits for importing a file of tests, so that one file cannot keep the others from being asked.

Sent as source text to the interpreter of the project under repair, as `_fork_server` is: standard
library and that project's pytest only.
"""

import signal
from collections.abc import Callable, Iterable
from typing import Any


class EndedProgram(Exception):
    """A file asked for the end of the program while it was imported."""


class CollectionLimits:
    """A pytest plugin: a file that ends the program, or never ends, is one that cannot be imported.

    The alarm is the one of the tests, which `_fork_child.prepare` sets up.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        self._seconds = float(request["collect_seconds"])

    def pytest_make_collect_report(self, collector: Any) -> None:
        """Limit what importing this file may do; pytest goes on with it."""
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
