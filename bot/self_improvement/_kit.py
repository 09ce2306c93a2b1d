"""What the parts of the flow work with."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from bot.domain.change import CheckResult
from bot.domain.errors import ForgeError, ForgeUnavailable, TheseusError
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.ids import slug
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.proposal import Proposal
from bot.domain.record import Record
from bot.domain.run import Run, Stage
from bot.ports.agent import Progress
from bot.ports.workspace import Workspace
from bot.self_improvement._hearing import Hearing
from bot.self_improvement._keeper import Keeper
from bot.self_improvement._milestones import Milestones
from bot.self_improvement._parts import Doors, Limits, Stages
from bot.self_improvement._purse import Purse
from bot.self_improvement._stop_sign import StopSign
from bot.self_improvement._voice import Voice

R = TypeVar("R", bound=Record)
T = TypeVar("T")

FORGE_WAITS = (2.0, 5.0, 15.0)
"""Seconds between attempts while the forge is out of reach."""
LONGEST_FORGE_WAIT = 3_700.0
"""Seconds to wait for a forge that says how long: a rate limit ends within the hour."""


@dataclass(frozen=True)
class Kit:
    """Doors, stages and limits, and those who save and speak."""

    doors: Doors
    stages: Stages
    limits: Limits
    voice: Voice
    keeper: Keeper
    purse: Purse
    hearing: Hearing
    sign: StopSign

    def lend(self, run: Run, evidence: Evidence) -> AbstractAsyncContextManager[Workspace]:
        """Lend the run's worktree."""
        return self.doors.workspaces.lend(
            run.id, base=evidence.base, slug=slug(run.trigger.subject or run.goal)
        )

    def working(self, run: Run, history: History) -> Callable[[Progress], Awaitable[None]]:
        """Return what shows on the card what an engine does, and counts what it spends.

        Milestones are said in the thread too, now and then: the card shows all of them.
        """
        milestones = Milestones(run, self.voice, self.doors.clock)

        async def show(progress: Progress) -> None:
            self.purse.note(run.id, progress)
            if progress.milestone:
                await milestones.reached(progress.text)
            await self.voice.refresh(await self.purse.shown(run), history, progress.text)

        return show

    def checking(
        self, run: Run, history: History, lead: str = ""
    ) -> Callable[[CheckResult], Awaitable[None]]:
        """Return what shows on the card which checks are done."""
        done: list[str] = []

        async def show(check: CheckResult) -> None:
            done.append(f"{check.name} {'✅' if check.ok else '❌'}")
            await self.voice.refresh(run, history, lead + " · ".join(done))

        return show

    async def patiently(self, run: Run, history: History, call: Callable[[], Awaitable[T]]) -> T:
        """Return what `call` returns, waiting a while for a forge that is out of reach."""
        for wait in FORGE_WAITS:
            try:
                return await call()
            except ForgeUnavailable as error:
                pause = max(wait, self._until(error))
                activity = f"{str(error).rstrip('.')}. Trying again in {pause:.0f} s."
                await self.voice.refresh(run, history, activity)
                await self.doors.clock.sleep(pause)
        return await call()

    def _until(self, error: ForgeUnavailable) -> float:
        """Return how many seconds the forge asked to be left alone for, if it is not too long."""
        if error.until is None:
            return 0.0
        left = (error.until - self.doors.clock.now()).total_seconds() + 1.0
        return left if left <= LONGEST_FORGE_WAIT else 0.0

    async def is_merged(self, run: Run, proposal: Proposal | None) -> bool:
        """Whether everything is stopped, yet the forge has merged what was approved before.

        Then it only has to come live. Nothing is asked while nothing is stopped.
        """
        if await self.sign.now() is None:
            return False
        if run.stage is not Stage.SHIP or proposal is None:
            return False
        if await self.doors.store.approval(run.id, proposal.head) is None:
            return False
        try:
            opened = await self.doors.forge.proposal(proposal.number)
        except ForgeError:
            return False
        return opened.state == "merged"

    async def called(self, run: Run, part: str, agent: str, call: Awaitable[T]) -> T:
        """Return what a model's call returns; journal what it cost, however it ends.

        `call` notes in the purse what it spends. Why it failed stands in the record of the stage.
        """
        started, outcome = self.doors.clock.monotonic(), ActionOutcome.ERROR
        before = await self.purse.paid(run)
        try:
            answer = await call
            outcome = ActionOutcome.OK
            return answer
        except asyncio.CancelledError:
            outcome = ActionOutcome.CANCELLED
            raise
        finally:
            spent = await self.purse.since(run, before)
            self.doors.recorder.record(
                Kind.MODEL,
                part,
                outcome,
                duration_ms=(self.doors.clock.monotonic() - started) * 1000,
                run_id=run.id,
                agent=agent,
                cost_usd=spent.cost_usd,
                tokens_in=spent.tokens_in,
                tokens_out=spent.tokens_out,
            )

    def record(self, run: Run, error: TheseusError) -> None:
        """Journal a failure that does not end the stage."""
        self.doors.recorder.record(
            Kind.RUN, run.stage.value, ActionOutcome.ERROR, run_id=run.id, error=error
        )


def need(record: R | None) -> R:
    """Return the record; a stage that runs before it was saved is a mistake of ours."""
    if record is None:
        raise AssertionError("a stage ran before the record it needs was saved")
    return record
