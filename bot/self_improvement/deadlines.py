"""How long a run waits: for people's answers and agreements, and for the forge."""

from datetime import datetime, timedelta

from bot.domain.run import Run
from bot.ports.clock import Clock
from bot.self_improvement.run_settings import RunSettings


class Deadlines:
    """Computes the ends of waits that begin now."""

    def __init__(self, clock: Clock, limits: RunSettings) -> None:
        self._clock = clock
        self._limits = limits

    def get_question_times(self) -> tuple[datetime, datetime]:
        """Return the current time, and when a question asked now gets its default answer."""
        now = self._clock.now()
        return now, now + self._limits.question

    def get_automatic_start(self) -> datetime | None:
        """Return when a low-risk change starts without an agreement; `None` if it never does."""
        return self._clock.now() + self._limits.confirm if self._limits.confirm else None

    def get_merge_end(self, run: Run) -> datetime | None:
        """Return until when the run's merge is retried; `None` if that is over.

        The limit is stored with the run while the poller retries.
        """
        until = run.parked_until or self._clock.now() + self._limits.forge_checks
        return until if self._clock.now() < until else None

    @property
    def merge_limit(self) -> timedelta:
        """The longest time for which a merge is retried."""
        return self._limits.forge_checks
