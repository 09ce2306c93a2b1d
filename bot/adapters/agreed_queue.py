"""Results that decide: two groups of workers must agree, or this machine does the work.

A worker may lie about what it has done, fail on purpose, or pretend to work. So no group is
believed alone, and an error of a group is none of the result: it says that this machine has to do
the work. Whoever runs workers of two groups can agree on anything; different people should.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import structlog
from theseus_rehearsal.records import Script, Transcript
from theseus_repair.model import Judgement
from theseus_repair.search_slices import SearchSlice

from bot.domain.errors import PortError
from bot.domain.queued_work import (
    CheckCommand,
    CommandOutcome,
    Verdict,
    WorkError,
    WorkUnavailable,
    find_end,
)
from bot.ports.clock import Clock
from bot.ports.work_queue import CommitWork, WorkQueue

T = TypeVar("T")
log = structlog.get_logger(__name__)
REST_SECONDS = 600.0
"""The time for which a group that did not deliver, or was wrong too often, gets no work."""

ABSENCE_SECONDS = 30.0
"""The time after which a group without workers is asked again; it doubles each time."""

_MAX_WRONG = 3  # a result that depends on chance may differ once or twice without any lie


class GroupStatus:
    """A group of workers, and whether it may have work at present."""

    def __init__(self, name: str, queue: WorkQueue) -> None:
        self.name, self.queue = name, queue
        self.rests_until = 0.0
        self.wrong = 0
        self.absences = 0
        self.orders = 0


class AgreedQueue:
    """Implements `bot.ports.work_queue.WorkQueue` with groups of workers and this machine.

    Each piece of work is done by two groups at once. `leader` does it where they disagree, where
    one of them fails, or where fewer than two have workers.

    At most `side_by_side` pieces of work are with the groups. The others wait here: they are not
    lost with groups that only pretend to work, which would hold everything up.
    """

    def __init__(
        self,
        leader: WorkQueue,
        groups: Sequence[tuple[str, WorkQueue]],
        clock: Clock,
        side_by_side: int = 16,
    ) -> None:
        self._leader, self._clock = leader, clock
        self.slots = asyncio.Semaphore(side_by_side)
        self._groups = [GroupStatus(name, queue) for name, queue in groups]

    @asynccontextmanager
    async def open(self, commit: str) -> AsyncIterator["AgreedWork"]:
        """Open work with a commit; each group gets its files when it is first asked."""
        async with self._open_with(lambda queue: queue.open(commit)) as work:
            yield work

    @asynccontextmanager
    async def open_files(self, tree: Path) -> AsyncIterator["AgreedWork"]:
        """Open work with the files of a folder, in the same way."""
        async with self._open_with(lambda queue: queue.open_files(tree)) as work:
            yield work

    @asynccontextmanager
    async def _open_with(
        self, open_work: Callable[[WorkQueue], AbstractAsyncContextManager[CommitWork]]
    ) -> AsyncIterator["AgreedWork"]:
        async with AsyncExitStack() as stack:
            opened: dict[WorkQueue, CommitWork] = {}
            locks: defaultdict[WorkQueue, asyncio.Lock] = defaultdict(asyncio.Lock)

            async def open_at(queue: WorkQueue) -> CommitWork:
                async with locks[queue]:
                    if queue not in opened:
                        opened[queue] = await stack.enter_async_context(open_work(queue))
                    return opened[queue]

            yield AgreedWork(self, open_at, self._leader)

    def choose(self, number: int = 2) -> tuple[GroupStatus, ...]:
        """Return so many groups that have had the least work; none if there are not as many."""
        now = self._clock.monotonic()
        usable = [each for each in self._groups if each.rests_until <= now]
        if len(usable) < number:
            return ()
        chosen = sorted(usable, key=lambda each: each.orders)[:number]
        for each in chosen:
            each.orders += 1
        return tuple(chosen)

    def suspend(self, group: GroupStatus, reason: str, seconds: float = REST_SECONDS) -> None:
        """Give a group no work for some time."""
        group.rests_until = self._clock.monotonic() + seconds
        group.wrong = 0
        log.warning("workers_rest", group=group.name, reason=reason, seconds=seconds)

    def note_absence(self, group: GroupStatus, reason: str) -> None:
        """Give a group without workers no work for some time, each time longer."""
        if group.rests_until > self._clock.monotonic():
            return  # work that was given to it at the same time
        seconds = min(REST_SECONDS, ABSENCE_SECONDS * 2**group.absences)
        group.absences += 1
        self.suspend(group, reason, seconds)

    def count_wrong(self, group: GroupStatus) -> None:
        """Note that this machine came to another result than a group."""
        group.wrong += 1
        log.warning("workers_wrong", group=group.name, times=group.wrong)
        if group.wrong >= _MAX_WRONG:
            self.suspend(group, "its results were not those of this machine")


class AgreedWork:
    """Implements `bot.ports.work_queue.CommitWork` with two groups and the leader."""

    def __init__(
        self,
        queue: AgreedQueue,
        open_at: Callable[[WorkQueue], Awaitable[CommitWork]],
        leader: WorkQueue,
    ) -> None:
        self._queue, self._open_at, self._leader = queue, open_at, leader

    async def replay(self, script: Script) -> Transcript:
        """Have a script run twice; the transcripts must be equal."""
        return await self._find_agreement(lambda work: work.replay(script), lambda found: found)

    async def check(self, command: CheckCommand, verdict: Verdict = find_end) -> CommandOutcome:
        """Have a command run twice; the verdicts must be equal.

        A command that is not repeatable is left to this machine, and so is an outcome without a
        verdict. The output of two runs is never quite the same, so it is that of one group: text
        for people, from which nothing may be decided.
        """
        if not command.is_repeatable:
            return await self._decide(lambda work: work.check(command, verdict))
        return await self._find_agreement(lambda work: work.check(command, verdict), verdict)

    async def search(self, part: SearchSlice) -> Sequence[Judgement]:
        """Have one group judge candidates; the caller judges again what decides.

        This machine is not asked: it has the same work to do for the caller.
        """
        async with self._queue.slots:
            chosen = self._queue.choose(1)
            results = await self._ask(chosen, lambda work: work.search(part))
        if not results:
            raise WorkUnavailable("no group of workers judges candidates at present")
        return results[0]

    async def _find_agreement(
        self, call: Callable[[CommitWork], Awaitable[T]], verdict: Callable[[T], object]
    ) -> T:
        async with self._queue.slots:
            chosen = self._queue.choose()
            results = await self._ask(chosen, call)
        verdicts = [verdict(each) for each in results]
        if results and verdicts[0] is not None and all(each == verdicts[0] for each in verdicts):
            return results[0]
        decided = await self._decide(call)
        for group, found in zip(chosen, verdicts, strict=False):
            if found != verdict(decided):
                self._queue.count_wrong(group)
        return decided

    async def _decide(self, call: Callable[[CommitWork], Awaitable[T]]) -> T:
        return await call(await self._open_at(self._leader))

    async def _ask(
        self,
        groups: Sequence[GroupStatus],
        call: Callable[[CommitWork], Awaitable[T]],
    ) -> list[T]:
        """Return the results of groups, or an empty list as soon as one fails."""

        async def ask(group: GroupStatus) -> T | None:
            try:
                result = await call(await self._open_at(group.queue))
                group.absences = 0
                return result
            except WorkUnavailable as error:
                self._queue.note_absence(group, str(error))
            except WorkError as error:
                self._queue.suspend(group, str(error))
            except PortError as error:  # as likely a lie as a result
                log.warning("workers_failed", group=group.name, error=str(error))
            return None

        tasks = [asyncio.create_task(ask(group)) for group in groups]
        results: list[T] = []
        try:
            for done in asyncio.as_completed(tasks):
                if await done is None:
                    return []
            results = [result for task in tasks if (result := task.result()) is not None]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return results
