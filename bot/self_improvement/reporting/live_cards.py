"""What the cards of working runs show, so that a heartbeat can draw them again."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

from bot.domain.history import History
from bot.domain.progress import Todo
from bot.domain.run import Run, Stage, Status
from bot.infra.current_work import open_work_log
from bot.ports.clock import Clock
from bot.presentation.cards import CurrentWork, LiveActivity

HEARTBEAT_SECONDS = 15.0
_AGED_SECONDS = 300.0  # Discord limits edits of messages older than an hour more strictly
_AGED = timedelta(minutes=55)
_SHOWN = 3  # activities
_NEWS_SECONDS = 5.0  # between two edits, if what the run waits for has changed
_DIGITS = re.compile(r"\d+")


class CardState(NamedTuple):
    """What a run's card shows now."""

    run: Run
    history: History


class _Work(NamedTuple):
    text: str
    begin_time: float


class RunWorkLog:
    """Implements `bot.infra.current_work.WorkLog` for the card of one run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._works: dict[int, _Work] = {}
        self.is_changed = False

    def begin(self, text: str) -> int:
        """Note that this begins; return its number."""
        number = next(self._numbers)
        self._works[number] = _Work(text, self._clock.monotonic())
        self.is_changed = True
        return number

    def end(self, number: int) -> None:
        """Note that it has ended."""
        self._works.pop(number, None)
        self.is_changed = True

    def take_works(self) -> tuple[CurrentWork, ...]:
        """Return what is not finished, for a card that is about to show it."""
        self.is_changed = False
        now = self._clock.monotonic()
        return tuple(
            CurrentWork(text=work.text, seconds=max(now - work.begin_time, 0.0))
            for work in self._works.values()
        )


@dataclass
class _Live:
    """The state of one working run's card. Activities and the list belong to one stage."""

    state: CardState
    stage: Stage
    edit_time: float
    activities: deque[str] = field(default_factory=lambda: deque(maxlen=_SHOWN))
    todos: tuple[Todo, ...] = ()


class LiveCards:
    """Remembers what the cards of working runs show. Runs that wait or have ended have none.

    A heartbeat draws the newest state again. So it can never bring back an older one, as a copy of
    the run in a task of its own could.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cards: dict[str, _Live] = {}
        self._work_logs: dict[str, RunWorkLog] = {}

    def get_time(self) -> datetime:
        """Return the time that cards show as current."""
        return self._clock.now()

    def note(self, run: Run, history: History, activity: str = "") -> LiveActivity:
        """Record what the card is about to show, and return its live part."""
        if run.status is not Status.RUNNING:
            self._cards.pop(run.id, None)
            return LiveActivity()
        now, live = self._clock.monotonic(), self._cards.get(run.id)
        if live is None or live.stage is not run.stage:
            live = self._cards[run.id] = _Live(CardState(run, history), run.stage, now)
        live.state, live.edit_time = CardState(run, history), now
        if activity:
            if live.activities and _get_kind(live.activities[-1]) == _get_kind(activity):
                live.activities.pop()
            live.activities.append(activity)
        log = self._work_logs.get(run.id)
        works = log.take_works() if log is not None else ()
        return LiveActivity(activities=tuple(live.activities), todos=live.todos, works=works)

    @contextmanager
    def log_work(self, run_id: str) -> Iterator[None]:
        """Show what is done in this block on the run's card while it lasts."""
        log = self._work_logs[run_id] = RunWorkLog(self._clock)
        try:
            with open_work_log(log):
                yield
        finally:
            # A stage that lost its lease may end after another worker has begun it.
            if self._work_logs.get(run_id) is log:
                del self._work_logs[run_id]

    def set_todos(self, run_id: str, todos: tuple[Todo, ...]) -> None:
        """Replace the to-do list, which the next edit shows."""
        if live := self._cards.get(run_id):
            live.todos = todos

    def list_due(self) -> Sequence[CardState]:
        """Return the cards that no edit has changed since the last heartbeat."""
        now = self._clock.monotonic()
        return [
            live.state
            for live in self._cards.values()
            if now - live.edit_time >= self._get_interval(live.state.run)
        ]

    def is_current(self, state: CardState) -> bool:
        """Return whether the card still shows this."""
        live = self._cards.get(state.run.id)
        return live is not None and live.state is state

    def _get_interval(self, run: Run) -> float:
        if self._clock.now() - run.created_at > _AGED:
            return _AGED_SECONDS
        log = self._work_logs.get(run.id)
        return _NEWS_SECONDS if log is not None and log.is_changed else HEARTBEAT_SECONDS


def _get_kind(activity: str) -> str:
    """Return what the newest activity replaces: `edit 4 of 80: ...` replaces `edit 3 of 80: ...`.

    Activities without such a beginning replace only themselves.
    """
    head, colon, _ = activity.partition(": ")
    return _DIGITS.sub("#", head) if colon else activity
