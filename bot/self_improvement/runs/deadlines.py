"""How long a run waits: for people's answers and agreements, and for the forge."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.run import Run
from bot.ports.clock import Clock
from bot.self_improvement.runs.run_settings import RunSettings


@dataclass(frozen=True, eq=False)
class Deadlines:
    """Computes the ends of waits that begin now."""

    clock: Clock
    limits: RunSettings

    def get_question_times(self) -> tuple[datetime, datetime]:
        """Return the current time, and when a question asked now gets its default answer."""
        now = self.clock.now()
        return now, now + self.limits.question

    def get_automatic_start(self) -> datetime | None:
        """Return when a low-risk change starts without an agreement; `None` if it never does."""
        return self.clock.now() + self.limits.confirm if self.limits.confirm else None

    def get_merge_end(self, run: Run) -> datetime | None:
        """Return until when the run's merge is retried; `None` if that is over.

        The limit is stored with the run while the poller retries.
        """
        until = run.parked_until or self.clock.now() + self.limits.forge_checks
        return until if self.clock.now() < until else None

    @property
    def merge_limit(self) -> timedelta:
        """The longest time for which a merge is retried."""
        return self.limits.forge_checks
