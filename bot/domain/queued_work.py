"""Work that a queue gives to this machine or to others: records and errors."""

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.errors import PortError

ATTEMPTS = 3
"""How often work is tried that a lost worker or a temporary error has ended."""


class CheckCommand(Record):
    """A command that checks the files of a commit. `{python}` is the worker's own Python.

    The command is repeated after a lost worker or a temporary error, unless `is_repeatable` is
    false: a measurement, for example, must not be taken twice.
    """

    words: tuple[str, ...] = Field(min_length=1)
    seconds: float = Field(default=600.0, gt=0, le=7_200)
    is_repeatable: bool = True

    @property
    def attempts(self) -> int:
        """How often the command may be tried."""
        return ATTEMPTS if self.is_repeatable else 1


class WorkError(PortError):
    """Queued work has no result: it was refused, or its result is not acceptable."""

    code = "work"


class WorkUnavailable(WorkError):
    """No worker takes the work at present, or the queue cannot be reached."""

    code = "work.unavailable"
    retryable = True


class WorkLost(WorkError):
    """The worker ended or fell silent, and the work may not be repeated (again)."""

    code = "work.lost"
    retryable = True
