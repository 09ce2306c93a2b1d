"""The order of the stages, and what follows from what each one returned."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from bot.domain.change import ChangeSet, CheckResult, FullTier, Verdict
from bot.domain.dialogue import Question
from bot.domain.errors import ForgeConflict, ForgeUnavailable, WrongStage
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.ids import slug
from bot.domain.proposal import Proposal
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.ports.agent import Assignment, Progress
from bot.ports.workspace import Workspace
from bot.self_improvement._keeper import Keeper
from bot.self_improvement._parts import Doors, Limits, Stages
from bot.self_improvement._voice import Voice
from bot.self_improvement._words import complaint, moved_text, nothing_found, rounds
from bot.stages.execute import Paused

R = TypeVar("R", bound=Record)
T = TypeVar("T")

FORGE_WAITS = (2.0, 5.0, 15.0)
"""Seconds between attempts while the forge is out of reach."""


class Flow:
    """Does a run's next stage and saves what came of it, before anything else happens."""

    def __init__(
        self, doors: Doors, stages: Stages, limits: Limits, voice: Voice, keeper: Keeper
    ) -> None:
        self._doors = doors
        self._stages = stages
        self._limits = limits
        self._voice = voice
        self._keeper = keeper

    async def step(self, run: Run) -> Run:
        """Return the run one stage further. What a stage raises comes out unchanged."""
        run = await self._announced(run)
        history = await self._doors.store.history(run.id)
        await self._voice.refresh(run, history)
        steps = {
            Stage.OBSERVE: self._observe,
            Stage.DIAGNOSE: self._diagnose,
            Stage.PLAN: self._plan,
            Stage.EXECUTE: self._execute,
            Stage.VERIFY: self._verify,
            Stage.PROPOSE: self._propose,
            Stage.SHIP: self._ship,
        }
        return await steps[run.stage](run, history)

    async def fail(self, run_id: str, stage: Stage, error: Exception, record_id: str) -> Run:
        """Do what follows from a stage that raised; the run never stays as it is."""
        return await self._keeper.fail(run_id, stage, error, record_id)

    async def _announced(self, run: Run) -> Run:
        announced = await self._voice.announce(run)
        return run if announced == run else await self._doors.store.save(announced)

    async def _observe(self, run: Run, history: History) -> Run:
        evidence = await self._stages.observe(run.trigger)
        return await self._keeper.advance(run, Stage.DIAGNOSE, evidence)

    async def _diagnose(self, run: Run, history: History) -> Run:
        diagnosis = self._stages.diagnose.read(_need(history.evidence))
        if run.goal == "investigate":
            return await self._keeper.end(run, Status.DONE, diagnosis.headline, diagnosis)
        if not diagnosis.found or not diagnosis.file:
            reason = f"{diagnosis.headline} {diagnosis.cause}"
            return await self._keeper.end(run, Status.FAILED, reason, diagnosis)
        return await self._keeper.advance(run, Stage.PLAN, diagnosis)

    async def _plan(self, run: Run, history: History) -> Run:
        evidence, diagnosis = _need(history.evidence), _need(history.diagnosis)
        async with self._lend(run, evidence) as workspace:
            plan, _ = await self._stages.plan(evidence, diagnosis, workspace)
        if plan.reproduction is None:
            reason = (
                f"I see the failure ({diagnosis.headline}) but could not reproduce it from what "
                "was recorded, so I cannot prove a fix and propose none."
            )
            return await self._keeper.end(run, Status.FAILED, reason, plan)
        return await self._keeper.advance(run, Stage.EXECUTE, plan)

    async def _execute(self, run: Run, history: History) -> Run:
        evidence, plan = _need(history.evidence), _need(history.plan)
        again = run.round > 1
        assignment = Assignment(
            run_id=run.id,
            round=run.round,
            evidence=evidence,
            diagnosis=_need(history.diagnosis),
            plan=plan,
            previous=history.change_set if again else None,
            feedback=history.verdict if again else None,
        )

        async def report(progress: Progress) -> None:
            await self._voice.refresh(run, history, progress.text)

        async with self._lend(run, evidence) as workspace:
            change = await self._stages.execute(assignment, workspace, report)
        if isinstance(change, Paused):
            return await self._ask(run, change)
        run = run.but(cost_usd=run.cost_usd + change.cost_usd)
        if not change.files:
            reason = nothing_found(run, history, change)
            return await self._keeper.end(run, Status.FAILED, reason, change)
        return await self._keeper.advance(run, Stage.VERIFY, change)

    async def _ask(self, run: Run, paused: Paused) -> Run:
        """Ask in the thread, and wait for the answer without holding a worker."""
        now = self._doors.clock.now()
        question = Question(
            id=f"{run.id}:{run.attempt}:{run.round}:{run.parks}",
            attempt=run.attempt,
            round=run.round,
            head=paused.head,
            text=paused.asked.text,
            default=paused.asked.default,
            asked_at=now,
            until=now + self._limits.question,
        )
        return await self._keeper.park(run, question.until, "Waiting for an answer.", question)

    async def _verify(self, run: Run, history: History) -> Run:
        plan, change = _need(history.plan), _need(history.change_set)
        done: list[str] = []

        async def report(check: CheckResult) -> None:
            done.append(f"{check.name} {'✅' if check.ok else '❌'}")
            await self._voice.refresh(run, history, " · ".join(done))

        async with self._lend(run, _need(history.evidence)) as workspace:
            if history.proposal is not None:
                number = history.proposal.number
                opened = await self._patiently(
                    run, history, lambda: self._doors.forge.proposal(number)
                )
                if opened.state != "open":
                    return await self._keeper.wait(run)  # the sweep says what became of it
                if opened.head != change.head:
                    change = await _pushed_by_hand(change, opened.head, workspace)
            verdict = await self._stages.verify(
                plan, change, workspace, round_number=run.round, on_check=report
            )
        return await self._judge(run, history, change, verdict)

    async def _judge(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        if verdict.green:
            return await self._keeper.advance(run, Stage.PROPOSE, change, verdict)
        if history.proposal is not None:
            text = (
                f"The branch moved to `{verdict.head[:7]}` and that commit does not pass: "
                f"{complaint(verdict)}. Earlier approvals and cards no longer count; push a commit "
                "that passes, or reject."
            )
            await self._keeper.say_round(run, verdict, text, key=f"moved:{verdict.head}")
            return await self._keeper.wait(run, change, verdict)
        if verdict.red_anyway:
            reason = (
                f"No proposal: {complaint(verdict)}. The failure is gone, but these checks fail "
                "without my change too, so they prove nothing: mend them first."
            )
            return await self._keeper.end(run, Status.FAILED, reason, change, verdict)
        if run.round < self._limits.rounds:
            again = run.but(round=run.round + 1)
            text = f"Round {run.round} does not hold: {complaint(verdict)}. Trying again."
            key = f"round:{run.attempt}:{run.round}"
            await self._keeper.say_round(run, verdict, text, key=key)
            return await self._keeper.advance(again, Stage.EXECUTE, change, verdict)
        reason = f"No proposal: {complaint(verdict)} (after {rounds(run.round)})."
        return await self._keeper.end(run, Status.FAILED, reason, change, verdict)

    async def _propose(self, run: Run, history: History) -> Run:
        try:
            proposal = await self._patiently(
                run, history, lambda: self._stages.propose(run, history)
            )
        except ForgeConflict:
            if history.proposal is None:
                raise
            return await self._keeper.wait(run)  # pushed to once more: the sweep takes it up
        card_id = await self._voice.propose(run, history.but(proposal=proposal))
        return await self._keeper.wait(run, proposal.but(card_id=card_id))

    async def _ship(self, run: Run, history: History) -> Run:
        proposal = _need(history.proposal)
        approval = await self._doors.store.approval(run.id, proposal.head)
        if approval is None:
            raise WrongStage(f"Nobody has approved `{proposal.head[:7]}` yet.")
        tier = await self._fully_proven(run, history)
        if tier is not None and not tier.ok:
            return await self._keeper.unproven(run, tier)
        try:
            shipment = await self._patiently(
                run, history, lambda: self._stages.ship(proposal, approval)
            )
        except ForgeConflict as error:
            if not await self._has_moved(proposal):
                raise
            again = run.but(round=run.round + 1)
            await self._voice.say(run, moved_text(error), key=f"conflict:{run.version}")
            return await self._keeper.advance(again, Stage.VERIFY)
        reason = f"Live at `{shipment.live_commit[:7]}`."
        if shipment.failed or shipment.restart_needed:
            reason = f"Merged as `{shipment.merge_commit[:7]}`, not live yet."
        records = [approval, shipment] if tier is None else [tier, approval, shipment]
        return await self._keeper.end(run, Status.DONE, reason, *records)

    async def _fully_proven(self, run: Run, history: History) -> FullTier | None:
        """Return the full tier of the approved head, run once; `None` where the forge runs it."""
        change, known = _need(history.change_set), history.full_tier
        if not self._limits.full_tier or (known and known.head == change.head and known.ok):
            return known
        done: list[str] = []

        async def report(check: CheckResult) -> None:
            done.append(f"{check.name} {'✅' if check.ok else '❌'}")
            await self._voice.refresh(run, history, f"before merging: {' · '.join(done)}")

        await self._voice.refresh(run, history, "running the full checks before merging")
        async with self._lend(run, _need(history.evidence)) as workspace:
            return await self._stages.verify.fully(change, workspace, report)

    async def _has_moved(self, proposal: Proposal) -> bool:
        opened = await self._doors.forge.proposal(proposal.number)
        return opened.state == "open" and opened.head != proposal.head

    async def _patiently(self, run: Run, history: History, call: Callable[[], Awaitable[T]]) -> T:
        """Return what `call` returns, waiting a while for a forge that is out of reach."""
        for wait in FORGE_WAITS:
            try:
                return await call()
            except ForgeUnavailable as error:
                activity = f"{error} Trying again in {wait:.0f} s."
                await self._voice.refresh(run, history, activity)
                await self._doors.clock.sleep(wait)
        return await call()

    def _lend(self, run: Run, evidence: Evidence) -> AbstractAsyncContextManager[Workspace]:
        return self._doors.workspaces.lend(
            run.id, base=evidence.base, slug=slug(run.trigger.subject or run.goal)
        )


async def _pushed_by_hand(change: ChangeSet, head: str, workspace: Workspace) -> ChangeSet:
    """Return the change as it is at the forge: people may push to the branch too."""
    await workspace.fetch(head)
    by_hand = " (with a commit pushed by hand)"
    return change.but(
        head=head,
        summary=change.summary.removesuffix(by_hand) + by_hand,
        files=await workspace.changes(),
        diff=await workspace.diff(),
    )


def _need(record: R | None) -> R:
    if record is None:
        raise AssertionError("a stage ran before the record it needs was saved")
    return record
