"""Where prepared checks run: in their folder on this machine, or by a queue of work."""

import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Protocol

from theseus_rehearsal.ports.sandbox import Sandbox

from bot.domain.queued_work import CheckCommand, CommandOutcome, Verdict
from bot.infra.commit_performer import perform_check
from bot.ports.work_queue import WorkQueue

BESIDE = Path("{beside}")
"""The folder that has the tree, in a command's words."""


class CheckRunner(Protocol):
    """Runs commands in `tree` of a folder that no one else uses."""

    async def run(self, folder: Path, command: CheckCommand, verdict: Verdict) -> CommandOutcome:
        """Run a command; only what `verdict` returns of the outcome may decide something."""
        ...


class LocalChecks:
    """Runs commands in the folder itself, on this machine."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def run(self, folder: Path, command: CheckCommand, verdict: Verdict) -> CommandOutcome:
        """Run a command."""
        return await perform_check(folder, command, self._sandbox)


class QueuedChecks:
    """Gives commands to a queue of work, with a copy of the prepared tree.

    The tree has base's machinery already, so a worker needs to know nothing of base. `{python}` is
    the worker's own Python in place of this one.
    """

    def __init__(self, work: WorkQueue) -> None:
        self._work = work

    async def run(self, folder: Path, command: CheckCommand, verdict: Verdict) -> CommandOutcome:
        """Run a command."""
        words = tuple("{python}" if word == sys.executable else word for word in command.words)
        async with self._work.open_files(folder / "tree") as work:
            return await work.check(command.replace(words=words), verdict)


def find_pass(outcome: CommandOutcome) -> Hashable:
    """Return the verdict of a command that passed; a failure may be that of a worker."""
    return "passed" if outcome.returncode == 0 and not outcome.timed_out else None
