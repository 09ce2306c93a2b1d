"""A change in parts: written side by side, proven alone, joined in order on the run's branch."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.domain.change import ChangeSet, Verdict, WrittenPart
from bot.domain.cost import Cost
from bot.domain.errors import AgentOutputInvalid, MergeConflict
from bot.domain.history import History
from bot.domain.plan import PlanPart
from bot.domain.run import Run
from bot.ports.agent import Assignment, Progress
from bot.ports.workspace import Workspace
from bot.proof.reproduction import select_permanent
from bot.self_improvement.agent_updates import OnProgress
from bot.self_improvement.code_agent_runner import CodeAgentRunner, ExecutionPaused
from bot.self_improvement.messages import explain_empty_claim, summarise_failure
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.step_context import StepContext
from bot.self_improvement.steps._assignment import add_granted_files
from bot.self_improvement.steps._part_assignment import build_part_assignment, combine_changes
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
    _costs: dict[str, Cost] = field(default_factory=dict)

    async def __call__(self, workspace: Workspace) -> ChangeSet:
        """Return the whole change, on the run's branch; where a part cannot be made, its no.

        Raises `PartAskedError`, and what the engine, the verifier and workspaces raise.
        """
        started = self.context.services.clock.get_monotonic_time()
        at_once = asyncio.Semaphore(self.context.limits.workers)

        async def write_part(part: PlanPart, number: int) -> _Written:
            async with at_once:
                return await self._write_alone(part, f"{self.run.id}p{number}")

        try:
            async with asyncio.TaskGroup() as group:
                parts = enumerate(self.assignment.plan.parts, 1)
                tasks = [group.create_task(write_part(part, number)) for number, part in parts]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        done = [task.result() for task in tasks]
        declined = next((each.change for each in done if each.change.cannot), None)
        change = declined or await self._join(done, workspace)
        spent = self._note_cost("", Cost())
        seconds = self.context.services.clock.get_monotonic_time() - started
        return change.replace(**dict(spent), seconds=seconds)

    async def _write_alone(self, part: PlanPart, workspace_id: str) -> _Written:
        """Have a part written in a worktree of its own, and look whether it holds there."""
        workspaces, evidence = self.context.services.workspaces, self.assignment.evidence
        await workspaces.drop(workspace_id)  # what a crash left began elsewhere
        try:
            async with workspaces.open(
                workspace_id, base=evidence.base, slug=part.name
            ) as workspace:
                return await self._write_in_rounds(part, workspace)
        finally:
            await workspaces.drop(workspace_id)

    async def _write_in_rounds(self, part: PlanPart, workspace: Workspace) -> _Written:
        """Return the part as it holds alone, or after one more round as it is then."""
        assignment = build_part_assignment(self.assignment, part)
        change = await self._work(assignment, workspace, f"{part.name} 1")
        if change.cannot:
            return _Written(part, change, Verdict(head=change.head, round=1))
        plan = add_granted_files(assignment.plan, change.granted)
        verdict = await self._judge(assignment.replace(plan=plan), change, workspace)
        if is_passing_alone(verdict):
            return _Written(part, change, verdict)
        assignment = assignment.replace(plan=plan, round=2, previous=change, feedback=verdict)
        again = await self._work(assignment, workspace, f"{part.name} 2")
        if not again.files:  # it leaves it as it is
            return _Written(part, change, verdict)
        assignment = assignment.replace(plan=add_granted_files(plan, again.granted))
        again = again.replace(granted=(*change.granted, *again.granted))
        return _Written(part, again, await self._judge(assignment, again, workspace))

    async def _work(self, assignment: Assignment, workspace: Workspace, call: str) -> ChangeSet:
        """Return what one call of the engine changed. Raises where it asks, or did nothing."""
        done = await self.engine(assignment, workspace, self._build_progress_handler(call))
        spent = done.asked if isinstance(done, ExecutionPaused) else done
        self.context.cost_meter.note(self.run.id, self._note_cost(call, spent))
        if isinstance(done, ExecutionPaused):
            raise PartAskedError
        if not done.files and not done.cannot and assignment.feedback is None:
            raise AgentOutputInvalid(explain_empty_claim(done))
        return done

    async def _judge(
        self, assignment: Assignment, change: ChangeSet, workspace: Workspace
    ) -> Verdict:
        part = assignment.part.name if assignment.part else ""
        return await self.gate(
            assignment.plan,
            change,
            workspace,
            round_number=assignment.round,
            on_check=self.context.build_check_handler(self.run, self.history, f"{part}: "),
            named=assignment.named,
            is_proven_otherwise=True,
        )

    async def _join(self, done: Sequence[_Written], workspace: Workspace) -> ChangeSet:
        """Return all parts in one change, joined in order, with the tests that are of several."""
        await workspace.reset(workspace.base)
        changes, parts = [], []
        for number, each in enumerate(done):
            change, how = await self._add(each, workspace, first=not number)
            changes.append(change)
            parts.append(_summarise_part(each, how))
        for reproduction in select_permanent(self.assignment.plan.reproductions):
            write_inside(workspace.path, reproduction)
        head = await workspace.commit(f"Add what shows the whole\n\nRun: {self.run.id}\n")
        whole = combine_changes(changes, tuple(parts))
        files, diff = await workspace.list_changes(), await workspace.get_diff()
        return whole.replace(
            base=workspace.base, head=head, branch=workspace.branch, files=files, diff=diff
        )

    async def _add(
        self, each: _Written, workspace: Workspace, *, first: bool
    ) -> tuple[ChangeSet, str]:
        """Put a part on the branch, and return its change and why it was written again."""
        why = "" if first or is_passing_alone(each.verdict) else summarise_failure(each.verdict)
        if not why:
            message = f"Join {each.part.name}: {each.change.summary}\n\nRun: {self.run.id}\n"
            try:
                await workspace.merge(each.change.head, message)
            except MergeConflict as conflict:
                why = f"it does not merge in {', '.join(conflict.files[:3])}"
            else:
                return each.change, ""
        before = each.change.replace(
            head=await workspace.get_head(),
            files=await workspace.list_changes(),
            diff=await workspace.get_diff(),
        )
        assignment = build_part_assignment(self.assignment, each.part, retry_reason=why)
        assignment = assignment.replace(round=1, previous=before)
        again = await self._work(assignment, workspace, f"{each.part.name} again")
        return again, why

    def _build_progress_handler(self, call: str) -> OnProgress:
        """Return what shows what one call does, with what all of them have spent."""
        show = self.context.build_progress_handler(self.run, self.history)

        async def show_progress(progress: Progress) -> None:
            total = self._note_cost(call, progress)
            text = f"{call.split()[0]}: {progress.text}"
            await show(progress.replace(**dict(total), text=text))

        return show_progress

    def _note_cost(self, call: str, cost: Cost) -> Cost:
        """Note what one call has spent by now, and return what all have."""
        self._costs[call] = Cost().add(cost)
        total = Cost()
        for each in self._costs.values():
            total = total.add(each)
        return total


def is_passing_alone(verdict: Verdict) -> bool:
    """Whether nothing is against a part, and what shows it alone is green where there is any."""
    blocked = any(finding.blocking for finding in verdict.findings)
    shown = verdict.is_reproduced or verdict.passing_on_head is None
    return shown and not blocked and all(check.ok for check in verdict.checks)


def _summarise_part(each: _Written, why: str) -> WrittenPart:
    checks = ", ".join(check.description for check in each.verdict.checks)
    alone = is_passing_alone(each.verdict)
    return WrittenPart(
        name=each.part.name,
        files=tuple(sorted(file.path for file in each.change.files)),
        alone=alone,
        check_summary=checks if alone else summarise_failure(each.verdict),
        retry_reason=why,
    )
