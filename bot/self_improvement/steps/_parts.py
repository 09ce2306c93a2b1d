"""A change in parts: written side by side, proven alone, joined in order on the run's branch."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.domain.change import ChangeSet, Verdict, WrittenPart
from bot.domain.errors import AgentOutputInvalid, MergeConflict
from bot.domain.history import History
from bot.domain.plan import PlanPart
from bot.domain.run import Run
from bot.domain.spent import Spent
from bot.ports.agent import Assignment, Progress
from bot.ports.workspace import Workspace
from bot.proof.reproduction import kept
from bot.self_improvement.agent_updates import OnProgress
from bot.self_improvement.code_agent_runner import CodeAgentRunner, ExecutionPaused
from bot.self_improvement.messages import claimed_only, complaint
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.step_context import StepContext
from bot.self_improvement.steps._assignment import with_granted
from bot.self_improvement.steps._part_assignment import assignment_of_part, in_one
from bot.self_improvement.steps._reproduction_files import write_inside


class PartAskedError(Exception):
    """One part has a question for people, who are asked about the whole."""


class _Written(NamedTuple):
    """A part as it was written alone, and what was found of it."""

    part: PlanPart
    change: ChangeSet
    verdict: Verdict


@dataclass
class PartsWork:
    """The parts of one plan, written by one engine: as many at once as runs are worked on.

    Each has a worktree and a conversation of its own. One that does not hold alone, or does not
    merge into those before it, is written once more, on top of them.
    """

    context: StepContext
    gate: QualityGate
    engine: CodeAgentRunner
    run: Run
    history: History
    assignment: Assignment
    _spent: dict[str, Spent] = field(default_factory=dict)

    async def __call__(self, workspace: Workspace) -> ChangeSet:
        """Return the whole change, on the run's branch; where a part cannot be made, its no.

        Raises `PartAskedError`, and what the engine, the verifier and workspaces raise.
        """
        started = self.context.services.clock.monotonic()
        at_once = asyncio.Semaphore(self.context.limits.workers)

        async def written(part: PlanPart, number: int) -> _Written:
            async with at_once:
                return await self._alone(part, f"{self.run.id}p{number}")

        try:
            async with asyncio.TaskGroup() as group:
                parts = enumerate(self.assignment.plan.parts, 1)
                tasks = [group.create_task(written(part, number)) for number, part in parts]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        done = [task.result() for task in tasks]
        declined = next((each.change for each in done if each.change.cannot), None)
        change = declined or await self._joined(done, workspace)
        spent = self._noted("", Spent())
        seconds = self.context.services.clock.monotonic() - started
        return change.but(**dict(spent), seconds=seconds)

    async def _alone(self, part: PlanPart, workspace_id: str) -> _Written:
        """Have a part written in a worktree of its own, and look whether it holds there."""
        workspaces, evidence = self.context.services.workspaces, self.assignment.evidence
        await workspaces.drop(workspace_id)  # what a crash left began elsewhere
        try:
            async with workspaces.lend(
                workspace_id, base=evidence.base, slug=part.name
            ) as workspace:
                return await self._in_rounds(part, workspace)
        finally:
            await workspaces.drop(workspace_id)

    async def _in_rounds(self, part: PlanPart, workspace: Workspace) -> _Written:
        """Return the part as it holds alone, or after one more round as it is then."""
        assignment = assignment_of_part(self.assignment, part)
        change = await self._work(assignment, workspace, f"{part.name} 1")
        if change.cannot:
            return _Written(part, change, Verdict(head=change.head, round=1))
        plan = with_granted(assignment.plan, change.granted)
        verdict = await self._judged(assignment.but(plan=plan), change, workspace)
        if holds_alone(verdict):
            return _Written(part, change, verdict)
        assignment = assignment.but(plan=plan, round=2, previous=change, feedback=verdict)
        again = await self._work(assignment, workspace, f"{part.name} 2")
        if not again.files:  # it leaves it as it is
            return _Written(part, change, verdict)
        assignment = assignment.but(plan=with_granted(plan, again.granted))
        again = again.but(granted=(*change.granted, *again.granted))
        return _Written(part, again, await self._judged(assignment, again, workspace))

    async def _work(self, assignment: Assignment, workspace: Workspace, call: str) -> ChangeSet:
        """Return what one call of the engine changed. Raises where it asks, or did nothing."""
        done = await self.engine(assignment, workspace, self._progress(call))
        spent = done.asked if isinstance(done, ExecutionPaused) else done
        self.context.cost_meter.note(self.run.id, self._noted(call, spent))
        if isinstance(done, ExecutionPaused):
            raise PartAskedError
        if not done.files and not done.cannot and assignment.feedback is None:
            raise AgentOutputInvalid(claimed_only(done))
        return done

    async def _judged(
        self, assignment: Assignment, change: ChangeSet, workspace: Workspace
    ) -> Verdict:
        part = assignment.part.name if assignment.part else ""
        return await self.gate(
            assignment.plan,
            change,
            workspace,
            round_number=assignment.round,
            on_check=self.context.checking(self.run, self.history, f"{part}: "),
            named=assignment.named,
            proven_apart=True,
        )

    async def _joined(self, done: Sequence[_Written], workspace: Workspace) -> ChangeSet:
        """Return all parts in one change, joined in order, with the tests that are of several."""
        await workspace.reset(workspace.base)
        changes, parts = [], []
        for number, each in enumerate(done):
            change, how = await self._added(each, workspace, first=not number)
            changes.append(change)
            parts.append(_told(each, how))
        for reproduction in kept(self.assignment.plan.reproductions):
            write_inside(workspace.path, reproduction)
        head = await workspace.commit(f"Add what shows the whole\n\nRun: {self.run.id}\n")
        whole = in_one(changes, tuple(parts))
        files, diff = await workspace.changes(), await workspace.diff()
        return whole.but(
            base=workspace.base, head=head, branch=workspace.branch, files=files, diff=diff
        )

    async def _added(
        self, each: _Written, workspace: Workspace, *, first: bool
    ) -> tuple[ChangeSet, str]:
        """Put a part on the branch, and return its change and why it was written again."""
        why = "" if first or holds_alone(each.verdict) else complaint(each.verdict)
        if not why:
            message = f"Join {each.part.name}: {each.change.summary}\n\nRun: {self.run.id}\n"
            try:
                await workspace.join(each.change.head, message)
            except MergeConflict as conflict:
                why = f"it does not merge in {', '.join(conflict.files[:3])}"
            else:
                return each.change, ""
        before = each.change.but(
            head=await workspace.head(),
            files=await workspace.changes(),
            diff=await workspace.diff(),
        )
        assignment = assignment_of_part(self.assignment, each.part, again=why)
        assignment = assignment.but(round=1, previous=before)
        again = await self._work(assignment, workspace, f"{each.part.name} again")
        return again, why

    def _progress(self, call: str) -> OnProgress:
        """Return what shows what one call does, with what all of them have spent."""
        show = self.context.working(self.run, self.history)

        async def shown(progress: Progress) -> None:
            total = self._noted(call, progress)
            text = f"{call.split()[0]}: {progress.text}"
            await show(progress.but(**dict(total), text=text))

        return shown

    def _noted(self, call: str, spent: Spent) -> Spent:
        """Note what one call has spent by now, and return what all have."""
        self._spent[call] = Spent().plus(spent)
        total = Spent()
        for each in self._spent.values():
            total = total.plus(each)
        return total


def holds_alone(verdict: Verdict) -> bool:
    """Whether nothing is against a part, and what shows it alone is green where there is any."""
    blocked = any(finding.blocking for finding in verdict.findings)
    shown = verdict.reproduced or verdict.green_on_head is None
    return shown and not blocked and all(check.ok for check in verdict.checks)


def _told(each: _Written, why: str) -> WrittenPart:
    checks = ", ".join(check.told for check in each.verdict.checks)
    alone = holds_alone(each.verdict)
    return WrittenPart(
        name=each.part.name,
        files=tuple(sorted(file.path for file in each.change.files)),
        alone=alone,
        told=checks if alone else complaint(each.verdict),
        again=why,
    )
