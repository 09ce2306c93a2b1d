"""Fails the test in which a bot or the local Discord strays from Discord's description.

Every request, every answer and the events that have a schema are looked at, in every test that runs
a local Discord in its own process. Registered by `tests/conftest.py`.
"""

import importlib
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

MARKER = "malformed_requests"
_KEY = "described"
_FINDING_LIMIT = 10


class DescriptionObserver:
    """Implements `local_discord.observers.Observer`; keeps what was wrong until it is taken."""

    def __init__(self, description: Any) -> None:
        self._description = description
        self.counts: Counter[str] = Counter()
        self._request_findings: list[str] = []
        self._findings: list[str] = []

    def on_exchange(self, exchange: Any) -> None:
        """Judge a request and its answer."""
        self.counts.update(("requests", "answers"))
        what = f"{exchange.method} {exchange.path}"
        self._request_findings += [
            f"request {what}: {each}" for each in self._description.check_request(exchange)
        ]
        answer = f"answer {exchange.status} to {what}"
        self._findings += [f"{answer}: {each}" for each in self._description.check_answer(exchange)]

    def on_dispatch(self, event: str, payload: Mapping[str, Any]) -> None:
        """Judge a gateway event."""
        self.counts["events"] += 1
        self._findings += [
            f"event {event}: {e}" for e in self._description.check_event(event, payload)
        ]

    def take(self, *, malformed: bool) -> list[str]:
        """Return the violations since the last call, without those of intended requests."""
        found = [*(() if malformed else self._request_findings), *self._findings]
        self._request_findings.clear()
        self._findings.clear()
        self.counts["violations"] += len(found)
        return found


class DescriptionPlugin:
    """Provides the observer to every test with a local Discord."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._observer: DescriptionObserver | None = None
        self._worker_counts: Counter[str] = Counter()  # what workers of pytest-xdist counted

    def load_description(self) -> Any:
        """Return the description. Raises `OSError` where the file is missing."""
        described = importlib.import_module("tests.support.discord_description")
        return described.load_description(self._file)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin to observe once a test has imported the local Discord."""
        known = sys.modules.get("local_discord.observers")
        if known is not None and self._observer is None:
            described = importlib.import_module("tests.support.discord_description")
            self._observer = DescriptionObserver(described.load_description(self._file))
            known.OBSERVERS.append(self._observer)
        result = yield
        self._judge(item)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge what the test itself exchanged."""
        result = yield
        self._judge(item)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge what was exchanged on the way out."""
        result = yield
        self._judge(item)
        return result

    def _judge(self, item: pytest.Item) -> None:
        if self._observer is None:
            return
        found = self._observer.take(malformed=item.get_closest_marker(MARKER) is not None)
        if found:
            shown = "\n".join(dict.fromkeys(found[:_FINDING_LIMIT]))
            pytest.fail(f"{len(found)} against Discord's description:\n{shown}", pytrace=False)

    # ------------------------------------------------------------------ the sum at the end

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Pass a worker's counts to the controller."""
        if hasattr(session.config, "workeroutput") and self._observer is not None:
            session.config.workeroutput[_KEY] = dict(self._observer.counts)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take a worker's counts."""
        self._worker_counts.update(getattr(node, "workeroutput", {}).get(_KEY, {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how much was looked at."""
        counts = self._worker_counts + (self._observer.counts if self._observer else Counter())
        if counts:
            told = ", ".join(
                f"{counts[each]:,} {each}" for each in ("requests", "answers", "events")
            )
            wrong = counts["violations"]
            terminalreporter.write_line(f"Discord's description: {told}; {wrong} violations")
