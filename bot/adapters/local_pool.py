"""The queue of work for this machine alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.records import Script, Transcript
from theseus_repair.model import Judgement
from theseus_repair.search_slices import SearchSlice

from bot.domain.errors import PortError
from bot.domain.queued_work import ATTEMPTS, CheckCommand, CommandOutcome, Verdict, find_end
from bot.infra.commit_performer import CommitPerformer, perform_with
from bot.ports.trees import CommitTrees

T = TypeVar("T")


class LocalPool:
    """Implements `bot.ports.work_queue.WorkQueue` with processes of this machine.

    At most `side_by_side` pieces of work run at once, those that came first before the others.
    """

    def __init__(
        self,
        trees: CommitTrees,
        rehearsal: Rehearsal,
        sandbox: Sandbox,
        *,
        side_by_side: int = 1,
    ) -> None:
        self._trees = trees
        self._rehearsal, self._sandbox = rehearsal, sandbox
        self._slots = asyncio.Semaphore(side_by_side)

    @asynccontextmanager
    async def open(self, commit: str) -> AsyncIterator["PooledWork"]:
        """Open work with the files of a commit, in a temporary folder."""
        async with self._trees.open_tree(commit) as tree, self.open_files(tree) as work:
            yield work

    @asynccontextmanager
    async def open_files(self, tree: Path) -> AsyncIterator["PooledWork"]:
        """Open work with the files of a folder."""
        async with perform_with(tree, self._rehearsal, self._sandbox) as performer:
            yield PooledWork(performer, self._slots)


class PooledWork:
    """Implements `bot.ports.work_queue.CommitWork`; it waits for a free slot."""

    def __init__(self, performer: CommitPerformer, slots: asyncio.Semaphore) -> None:
        self._performer = performer
        self._slots = slots

    async def replay(self, script: Script) -> Transcript:
        """Run a script."""
        return await self._repeat(lambda: self._performer.replay(script), ATTEMPTS)

    async def check(self, command: CheckCommand, verdict: Verdict = find_end) -> CommandOutcome:
        """Run a command."""
        return await self._repeat(lambda: self._performer.check(command), command.attempts)

    async def search(self, part: SearchSlice) -> Sequence[Judgement]:
        """Judge candidates."""
        return await self._repeat(lambda: self._performer.search(part), ATTEMPTS)

    async def _repeat(self, perform: Callable[[], Awaitable[T]], attempts: int) -> T:
        """Return the result of the first attempt that raises no retryable error."""
        for left in reversed(range(attempts)):
            try:
                async with self._slots:
                    return await perform()
            except PortError as error:
                if not (error.retryable and left):
                    raise
        raise AssertionError("the last attempt returns or raises")
