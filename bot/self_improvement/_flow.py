"""The order of the stages, and what follows from what each one returned."""

from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.errors import WrongStage
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.ids import slug
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.ports.agent import Assignment, Progress
from bot.ports.workspace import Workspace
from bot.self_improvement._parts import Doors, Limits, Stages
from bot.self_improvement._voice import Voice

R = TypeVar("R", bound=Record)


class Flow:
    """Does a run's next stage and saves what came of it, before anything else happens."""

    def __init__(self, doors: Doors, stages: Stages, limits: Limits, voice: Voice) -> None:
        self._doors = doors
        self._stages = stages
        self._limits = limits
        self._voice = voice

    async def step(self, run: Run) -> Run:
        """Return the run one stage further. What a stage raises comes out unchanged."""
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

    async def _observe(self, run: Run, history: History) -> Run:
        evidence = await self._stages.observe(run.trigger)
        return await self._advance(run, Stage.DIAGNOSE, evidence)

    async def _diagnose(self, run: Run, history: History) -> Run:
        diagnosis = await self._stages.diagnose(_need(history.evidence))
        if run.goal == "investigate":
            return await self.end(run, Status.DONE, diagnosis.headline, diagnosis)
        if not diagnosis.found or not diagnosis.file:
            reason = f"{diagnosis.headline} {diagnosis.cause}"
            return await self.end(run, Status.FAILED, reason, diagnosis)
        return await self._advance(run, Stage.PLAN, diagnosis)

    async def _plan(self, run: Run, history: History) -> Run:
        evidence, diagnosis = _need(history.evidence), _need(history.diagnosis)
        async with self._lend(run, evidence) as workspace:
            plan, _ = await self._stages.plan(evidence, diagnosis, workspace)
        if plan.reproduction is None:
            reason = (
                f"I see the failure ({diagnosis.headline}) but could not reproduce it from what "
                "was recorded, so I cannot prove a fix and propose none."
            )
            return await self.end(run, Status.FAILED, reason, plan)
        return await self._advance(run, Stage.EXECUTE, plan)

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
        run = run.but(cost_usd=run.cost_usd + change.cost_usd)
        if not change.files:
            reason = f"The {change.engine} engine found no fix. {change.summary}"
            return await self.end(run, Status.FAILED, reason, change)
        return await self._advance(run, Stage.VERIFY, change)

    async def _verify(self, run: Run, history: History) -> Run:
        plan = _need(history.plan)
        done: list[str] = []

        async def report(check: CheckResult) -> None:
            done.append(f"{check.name} {'✅' if check.ok else '❌'}")
            await self._voice.refresh(run, history, " · ".join(done))

        async with self._lend(run, _need(history.evidence)) as workspace:
            change = await self._at_forge_head(_need(history.change_set), history, workspace)
            verdict = await self._stages.verify(
                plan, change, workspace, round_number=run.round, on_check=report
            )
        return await self._judge(run, history, change, verdict)

    async def _at_forge_head(
        self, change: ChangeSet, history: History, workspace: Workspace
    ) -> ChangeSet:
        """Return the change as it is at the forge: people may push to the branch too."""
        if history.proposal is None:
            return change
        opened = await self._doors.forge.proposal(history.proposal.number)
        if opened.state != "open" or opened.head == change.head:
            return change
        await workspace.fetch(opened.head)
        return change.but(
            head=opened.head,
            summary=f"{change.summary} (with a commit pushed by hand)",
            files=await workspace.changes(),
            diff=await workspace.diff(),
        )

    async def _judge(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        if verdict.green:
            return await self._advance(run, Stage.PROPOSE, change, verdict)
        if history.proposal is not None:
            text = (
                f"The branch moved to `{verdict.head[:7]}` and that commit does not pass: "
                f"{complaint(verdict)}. Earlier approvals and cards no longer count; push a commit "
                "that passes, or reject."
            )
            await self._voice.say(run, text, key=f"moved:{verdict.head}")
            return await self._save(self.waiting(run), change, verdict)
        if run.round < self._limits.rounds:
            again = run.but(round=run.round + 1)
            text = f"Round {run.round} does not hold: {complaint(verdict)}. Trying again."
            await self._voice.say(run, text, key=f"round:{run.attempt}:{run.round}")
            return await self._advance(again, Stage.EXECUTE, change, verdict)
        reason = f"No proposal: {complaint(verdict)} (after {run.round} rounds)."
        return await self.end(run, Status.FAILED, reason, change, verdict)

    async def _propose(self, run: Run, history: History) -> Run:
        proposal = await self._stages.propose(run, history)
        card_id = await self._voice.propose(run, history.but(proposal=proposal))
        return await self._save(self.waiting(run), proposal.but(card_id=card_id))

    async def _ship(self, run: Run, history: History) -> Run:
        proposal = _need(history.proposal)
        approval = await self._doors.store.approval(run.id, proposal.head)
        if approval is None:
            raise WrongStage(f"Nobody has approved `{proposal.head[:7]}` yet.")
        shipment = await self._stages.ship(proposal, approval)
        reason = f"Live at `{shipment.live_commit[:7]}`."
        if shipment.failed or shipment.restart_needed:
            reason = f"Merged as `{shipment.merge_commit[:7]}`, not live yet."
        return await self.end(run, Status.DONE, reason, approval, shipment)

    def waiting(self, run: Run) -> Run:
        """Return the run as one that waits for a person's word."""
        return run.but(stage=Stage.SHIP, status=Status.WAITING, interruptions=0, lease_owner=None)

    async def end(self, run: Run, status: Status, reason: str, *records: Record) -> Run:
        """Save the run as ended, and say so in its thread."""
        ended = run.but(status=status, reason=reason, lease_owner=None, lease_until=None)
        saved = await self._save(ended, *records)
        await self._voice.last_word(saved, await self._doors.store.history(run.id))
        return saved

    async def _advance(self, run: Run, stage: Stage, *records: Record) -> Run:
        return await self._save(run.but(stage=stage, interruptions=0), *records)

    async def _save(self, after: Run, *records: Record) -> Run:
        now = self._doors.clock.now()
        saved = await self._doors.store.save(after.but(updated_at=now), *records)
        await self._voice.refresh(saved, await self._doors.store.history(saved.id))
        return saved

    def _lend(self, run: Run, evidence: Evidence) -> AbstractAsyncContextManager[Workspace]:
        return self._doors.workspaces.lend(
            run.id, base=evidence.base, slug=slug(run.trigger.subject or run.goal)
        )


def _need(record: R | None) -> R:
    if record is None:
        raise AssertionError("a stage ran before the record it needs was saved")
    return record


def complaint(verdict: Verdict) -> str:
    """Return in a few words why a verdict is not green."""
    blocking = [finding.message for finding in verdict.findings if finding.blocking]
    if blocking:
        return "; ".join(blocking)
    failed = [f"{check.name} {check.status}" for check in verdict.checks if not check.ok]
    if not verdict.reproduced:
        failed.insert(0, "the reproduction does not turn from red to green")
    return ", ".join(failed) or "no check passed"
