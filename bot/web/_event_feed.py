"""The feed of live events: runs, incidents and reloads, numbered and stored for a while.

One loop polls the store, the incidents and the journal, however many readers there are. A reader
that falls behind the stored events is disconnected; the feed never waits for a reader.
"""

import asyncio
import json
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from theseus_observe.redaction import redact_value

from bot.domain.incident import Incident
from bot.domain.run import Run
from bot.domain.samples import Sample
from bot.periodic import log_warnings, run_periodically
from bot.web._collaborators import WebServices
from bot.web._counters import ActionCounter

MAX_EVENTS = 500
BUSY_SECONDS = 1.0
QUIET_SECONDS = 5.0
_RUNS = 50
_MAX_TEXT = 500
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class FeedEvent:
    """One event as it is sent."""

    number: int
    name: str
    text: str


class EventFeed:
    """The newest events, and a signal for readers that wait for more.

    Numbers start again at 1 with each start, so an id contains the start as well: `18c2f0-42`.
    """

    def __init__(self, services: WebServices, counter: ActionCounter) -> None:
        self._services = services
        self._counter = counter
        self._start = f"{int(services.clock.now().timestamp() * 1000):x}"
        self._events: deque[FeedEvent] = deque(maxlen=MAX_EVENTS)
        self._last = 0
        self._news = asyncio.Event()
        self._seen: dict[str, str] = {}
        self._cursor: str | None = None
        self._began = False
        self.readers = 0
        self.tails = 0
        self.closed = False

    @contextmanager
    def count_reader(self) -> Iterator[None]:
        """Count a reader until the block ends."""
        self.readers += 1
        try:
            yield
        finally:
            self.readers -= 1

    @contextmanager
    def count_tail(self, wanted: bool) -> Iterator[None]:
        """Count a reader that follows the journal, if `wanted`, until the block ends."""
        self.tails += wanted
        try:
            yield
        finally:
            self.tails -= wanted

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._last

    def format_id(self, number: int) -> str:
        """Return the id of an event, which is unique across restarts."""
        return f"{self._start}-{number}"

    def parse_id(self, event_id: str) -> int | None:
        """Return the number of an event id.

        Return `None` if the id is invalid, is from another start, or if later events were dropped.
        """
        start, _, number = event_id.partition("-")
        if start != self._start or not (number.isascii() and number.isdecimal()):
            return None
        return int(number) if len(number) < 12 and self.has(int(number)) else None

    def has(self, after: int) -> bool:
        """Return whether every event after this number is still stored."""
        oldest = self._events[0].number if self._events else self._last + 1
        return oldest - 1 <= after <= self._last

    def list_after(self, number: int) -> tuple[FeedEvent, ...]:
        """Return the events after this number."""
        behind = self._last - number
        return tuple(self._events)[len(self._events) - behind :] if behind else ()

    async def wait_for_more(self, seconds: float) -> None:
        """Wait until there may be new events, at most this many seconds."""
        news = self._news
        try:
            async with asyncio.timeout(seconds):
                await news.wait()
        except TimeoutError:
            return

    def add(self, name: str, data: Mapping[str, object]) -> None:
        """Number, redact and store one event, and wake the readers."""
        self._last += 1
        text = json.dumps(redact_value(dict(data)), default=str)
        self._events.append(FeedEvent(self._last, name, text))
        self._wake_readers()

    def close(self) -> None:
        """Disconnect every reader."""
        self.closed = True
        self._wake_readers()

    def _wake_readers(self) -> None:
        """Wake the readers; the next wait needs an event of its own, so the old one is replaced."""
        self._news.set()
        self._news = asyncio.Event()

    async def run_forever(self) -> None:
        """Poll for new events until cancelled; less often while there are no readers."""
        await run_periodically(
            self.look,
            self._services.clock,
            lambda: BUSY_SECONDS if self.readers else QUIET_SECONDS,
            failed=log_warnings(_log, "the events of the dashboard"),
        )

    async def look(self) -> None:
        """Add the new events. Raises `StoreError`, `JournalError`."""
        followed = await self._services.journal.follow(self._cursor)
        self._cursor = followed.cursor
        for sample in followed.samples:
            self._counter.count(sample)
            if sample.kind == "reload":
                self.add("reload", _build_reload(sample))
        if self.tails and followed.samples:  # else these would push out the other events
            self.add("journal", {"records": len(followed.samples)})
        runs = await self._services.store.find(limit=_RUNS)
        known = (
            self._services.incidents.list_incidents()
            if self._services.incidents is not None
            else ()
        )
        now = {f"run:{run.id}": _build_run(run) for run in reversed(runs)}
        now |= {f"incident:{each.id}": _build_incident(each) for each in reversed(known)}
        transcripts = self._services.transcripts
        lengths = transcripts.get_lengths() if transcripts is not None else {}
        now |= {f"transcript:{each}": {"id": each, "line": last} for each, last in lengths.items()}
        self._compare(now)

    def _compare(self, now: Mapping[str, Mapping[str, object]]) -> None:
        """Add an event for each record that differs from the last poll.

        The first poll adds no events: it only sets the state to compare with.
        """
        marks = {key: json.dumps(data, default=str, sort_keys=True) for key, data in now.items()}
        for key, mark in marks.items():
            if self._began and self._seen.get(key) != mark:
                self.add(key.partition(":")[0], now[key])
        self._seen, self._began = marks, True


def _build_run(run: Run) -> dict[str, object]:
    return {
        "id": run.id,
        "goal": run.goal,
        "stage": str(run.stage),
        "status": str(run.status),
        "subject": run.trigger.subject[:_MAX_TEXT],
        "reason": run.reason[:_MAX_TEXT],
        "cost_usd": round(run.cost_usd, 4),
    }


def _build_incident(incident: Incident) -> dict[str, object]:
    return {
        "id": incident.id,
        "status": incident.status,
        "severity": str(incident.severity),
        "title": incident.full_title[:_MAX_TEXT],
        "count": incident.count,
        "since": incident.since.isoformat(),
        "run_id": incident.run_id,
    }


def _build_reload(sample: Sample) -> dict[str, object]:
    return {
        "module": sample.event.removeprefix("reload."),
        "outcome": sample.outcome,
        "at": sample.when.isoformat(),
    }
