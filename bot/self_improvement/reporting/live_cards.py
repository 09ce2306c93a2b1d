"""What the cards of working runs show, so that a heartbeat can draw them again."""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.history import History
from bot.domain.progress import Todo
from bot.domain.run import Run, Stage, Status
from bot.ports.clock import Clock
from bot.presentation.cards import LiveActivity

HEARTBEAT_SECONDS = 15.0
_AGED_SECONDS = 300.0  # Discord limits edits of messages older than an hour more strictly
_AGED = timedelta(minutes=55)
_SHOWN = 3  # activities
_DIGITS = re.compile(r"\d+")


class CardState(NamedTuple):
    """What a run's card shows now."""

    run: Run
    history: History


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
        return LiveActivity(activities=tuple(live.activities), todos=live.todos)

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
        is_aged = self._clock.now() - run.created_at > _AGED
        return _AGED_SECONDS if is_aged else HEARTBEAT_SECONDS


def _get_kind(activity: str) -> str:
    """Return what the newest activity replaces: `edit 4 of 80: ...` replaces `edit 3 of 80: ...`.

    Activities without such a beginning replace only themselves.
    """
    head, colon, _ = activity.partition(": ")
    return _DIGITS.sub("#", head) if colon else activity
