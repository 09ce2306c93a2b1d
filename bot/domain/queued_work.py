"""Work that a queue gives to this machine or to others: records and errors."""

from collections.abc import Callable, Hashable, Mapping
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field
from theseus_guard.record import Record
from theseus_rehearsal.ports.sandbox import Completed
from theseus_repair.model import Judgement
from theseus_repair.search_slices import SearchSlice

from bot.domain.errors import PortError

ATTEMPTS = 3
"""How often work is tried that a lost worker or a temporary error has ended."""


def _check_name(name: str) -> str:
    """Return the path of a file beside the tree. Raises `ValueError` if it is elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.parts[:1] in ((), ("tree",)):
        raise ValueError(f"{name!r} is no path beside the tree")
    return name


SideFile = Annotated[str, AfterValidator(_check_name)]
"""The path of a file or folder beside the tree in which a command runs."""


class CheckCommand(Record):
    """A command that checks the files of a tree. `{python}` is the worker's own Python.

    In its words, `{beside}` is the folder that has the tree. `inputs` are texts that are written
    there first, `outputs` files there whose texts are part of the outcome. Modules in its folders
    `python_path` come before those of the tree.

    The command is repeated after a lost worker or a temporary error, unless `is_repeatable` is
    false: a measurement, for example, must not be taken twice.
    """

    words: tuple[str, ...] = Field(min_length=1)
    seconds: float = Field(default=600.0, gt=0, le=7_200)
    is_repeatable: bool = True
    inputs: Mapping[SideFile, str] = {}
    outputs: tuple[SideFile, ...] = ()
    python_path: tuple[SideFile, ...] = ()

    @property
    def attempts(self) -> int:
        """How often the command may be tried."""
        return ATTEMPTS if self.is_repeatable else 1


class SearchOrder(Record):
    """Candidates of a search, as they travel."""

    part: SearchSlice


class SearchAnswer(Record):
    """What a worker says about them, in the same order."""

    judgements: tuple[Judgement, ...]


class CommandOutcome(Completed):
    """How a command ended, and the texts of its `outputs` that are regular files."""

    files: Mapping[str, str] = {}


Verdict = Callable[[CommandOutcome], Hashable | None]
"""Returns what decides in an outcome, or `None` if a worker cannot be the one who says so."""


def find_end(outcome: CommandOutcome) -> Hashable:
    """Return whether a command passed: its exit status, and whether it was too late."""
    return outcome.returncode, outcome.timed_out


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
