"""What the steps work with: ports, limits, and shared operations."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from theseus_observe.redaction import redact

from bot.authority.approval_policy import ApprovalPolicy
from bot.authority.kill_switch import KillSwitchGuard
from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.change import CheckResult
from bot.domain.errors import ForgeError, ForgeUnavailable, TheseusError
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.ids import slugify
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.proposal import ForgeProposal, Proposal
from bot.domain.record import Record
from bot.domain.run import Run, Stage
from bot.memory.recording import MemoryRecorder
from bot.ports.agent import Progress
from bot.ports.clock import Clock
from bot.ports.workspace import Workspace
from bot.self_improvement.candidate_selection import CandidateSelection
from bot.self_improvement.failures import StepFailures
from bot.self_improvement.notifier import RunNotifier
from bot.self_improvement.proposal_cards import ProposalCards
from bot.self_improvement.services import RunSettings, Services
from bot.self_improvement.steering import Steering
from bot.self_improvement.transitions import RunTransitions

R = TypeVar("R", bound=Record)
T = TypeVar("T")

FORGE_WAITS = (2.0, 5.0, 15.0)
"""Seconds between attempts while the forge is out of reach."""
LONGEST_FORGE_WAIT = 3_700.0
"""The longest wait that a forge may ask for: a rate limit ends within an hour."""

_PACE = 20.0  # seconds between two milestones in the thread; the card shows all
_MOST = 12  # milestones per stage


class Milestones:
    """Posts the milestones that an engine reports during one stage, each once."""

    def __init__(self, run: Run, notifier: RunNotifier, clock: Clock) -> None:
        self._run = run
        self._notifier = notifier
        self._clock = clock
        self._count = 0
        self._next = 0.0

    async def report(self, text: str) -> None:
        """Post a milestone, unless one was posted just now. A restart does not repeat it."""
        now = self._clock.monotonic()
        if now < self._next or self._count >= _MOST:
            return
        self._next, self._count = now + _PACE, self._count + 1
        milestone = redact(text)
        digest = sha256(milestone.encode(errors="replace")).hexdigest()[:12]
        key = f"milestone:{self._run.attempt}:{self._run.round}:{digest}"
        await self._notifier.say(self._run, f"🔹 {milestone}", key=key)


@dataclass(frozen=True)
class StepContext:
    """The ports and limits of the steps, and the objects that save and post."""

    services: Services
    limits: RunSettings
    notifier: RunNotifier
    transitions: RunTransitions
    failures: StepFailures
    candidates: CandidateSelection
    cost_meter: RunCostMeter
    steering: Steering
    stop_guard: KillSwitchGuard
    approval_policy: ApprovalPolicy
    memory: MemoryRecorder
    proposal_cards: ProposalCards

    @asynccontextmanager
    async def open_workspace(
        self, run: Run, evidence: Evidence, *, at: str | None = None
    ) -> AsyncIterator[Workspace]:
        """Open the run's worktree at a commit, by default at the run's base.

        The branch may be at another commit, because steps visit earlier commits and a killed
        process may stop at any of them.
        """
        name = slugify(run.trigger.subject or run.goal)
        workspaces = self.services.workspaces
        async with workspaces.open(run.id, base=evidence.base, slug=name) as workspace:
            await workspace.reset(at or workspace.base)
            yield workspace

    def build_progress_handler(
        self, run: Run, history: History
    ) -> Callable[[Progress], Awaitable[None]]:
        """Return a handler that shows an engine's progress on the card and counts its cost.

        Some milestones are posted in the thread too; the card shows all of them.
        """
        milestones = Milestones(run, self.notifier, self.services.clock)

        async def show(progress: Progress) -> None:
            self.cost_meter.note(run.id, progress)
            if progress.milestone:
                await milestones.report(progress.text)
            await self.notifier.refresh(
                await self.cost_meter.add_current_cost(run), history, progress.text
            )

        return show

    def build_check_handler(
        self, run: Run, history: History, lead: str = ""
    ) -> Callable[[CheckResult], Awaitable[None]]:
        """Return a handler that shows finished checks on the card."""
        done: list[str] = []

        async def show(check: CheckResult) -> None:
            done.append(f"{check.name} {'✅' if check.ok else '❌'}")
            await self.notifier.refresh(run, history, lead + " · ".join(done))

        return show

    async def retry_unavailable(
        self, run: Run, history: History, call: Callable[[], Awaitable[T]]
    ) -> T:
        """Return the result of `call`; retry for a while if the forge is out of reach."""
        for wait in FORGE_WAITS:
            try:
                return await call()
            except ForgeUnavailable as error:
                pause = max(wait, self._get_pause(error))
                activity = f"{str(error).rstrip('.')}. Trying again in {pause:.0f} s."
                await self.notifier.refresh(run, history, activity)
                await self.services.clock.sleep(pause)
        return await call()

    async def get_pull_request(
        self, run: Run, history: History, proposal: Proposal
    ) -> ForgeProposal:
        """Return the pull request's current state at the forge. Raises `ForgeError`."""
        forge = self.services.forge
        return await self.retry_unavailable(
            run, history, lambda: forge.get_proposal(proposal.number)
        )

    def _get_pause(self, error: ForgeUnavailable) -> float:
        """Return the seconds the forge asks to wait; 0 if it asks for none or too many."""
        if error.until is None:
            return 0.0
        remaining = (error.until - self.services.clock.now()).total_seconds() + 1.0
        # A later time belongs to no rate limit, so the usual pauses apply.
        return remaining if remaining <= LONGEST_FORGE_WAIT else 0.0

    async def is_merged(self, run: Run, proposal: Proposal | None) -> bool:
        """Return whether the approved change is already merged although everything is stopped.

        Such a change only has to come live. The forge is not asked unless a stop is active.
        """
        if await self.stop_guard.get_stop() is None:
            return False
        if run.stage is not Stage.SHIP or proposal is None:
            return False
        if await self.services.store.get_approval(run.id, proposal.head) is None:
            return False
        try:
            opened = await self.services.forge.get_proposal(proposal.number)
        except ForgeError:
            return False
        return opened.state == "merged"

    async def record_call(self, run: Run, part: str, agent: str, call: Awaitable[T]) -> T:
        """Return the result of a model call; journal its cost, however it ends.

        `call` meters its own cost. The reason of a failure is in the stage's record.
        """
        started, outcome = self.services.clock.monotonic(), ActionOutcome.ERROR
        before = await self.cost_meter.load_ledger_cost(run)
        try:
            answer = await call
            outcome = ActionOutcome.OK
            return answer
        except asyncio.CancelledError:
            outcome = ActionOutcome.CANCELLED
            raise
        finally:
            spent = await self.cost_meter.measure_cost_since(run, before)
            self.services.recorder.record(
                Kind.MODEL,
                part,
                outcome,
                duration_ms=(self.services.clock.monotonic() - started) * 1000,
                run_id=run.id,
                agent=agent,
                cost_usd=spent.cost_usd,
                tokens_in=spent.tokens_in,
                tokens_out=spent.tokens_out,
            )

    def record(self, run: Run, error: TheseusError) -> None:
        """Journal an error that does not end the stage."""
        self.services.recorder.record(
            Kind.RUN, run.stage.value, ActionOutcome.ERROR, run_id=run.id, error=error
        )


def need(record: R | None) -> R:
    """Return the record. Raises `AssertionError` if it is missing, which is a bug."""
    if record is None:
        raise AssertionError("a stage ran before the record it needs was saved")
    return record


def is_pushed_by_others(opened: ForgeProposal, history: History) -> bool:
    """Return whether the branch's head is neither our change nor what we started from."""
    own_heads = {need(history.change_set).head}
    if history.revising is not None:  # a revision may start from a change that was not proposed
        own_heads.add(history.revising.change_set.head)
        own_heads.add(need(history.proposal).head)
    return opened.head not in own_heads
