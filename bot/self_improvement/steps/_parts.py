"""Writes a change in parts: side by side, verified alone, then joined on the run's branch."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.change import ChangeSet, Verdict, WrittenPart
from bot.domain.cost import Cost
from bot.domain.errors import AgentOutputInvalid, MergeConflict
from bot.domain.history import History
from bot.domain.part_notes import BoardSeat, NoteBoard
from bot.domain.plan import PlanPart
from bot.domain.run import Run
from bot.ports.agent import Assignment, Progress
from bot.ports.clock import Clock
from bot.ports.workspace import Workspace, Workspaces
from bot.proof.reproduction import select_permanent
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.reporting.messages import explain_empty_claim, summarise_failure
from bot.self_improvement.runs.agent_updates import OnProgress
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner, ExecutionPaused
from bot.self_improvement.runs.step_progress import StepProgress
from bot.self_improvement.steps._assignment import add_granted_files
from bot.self_improvement.steps._part_assignment import build_part_assignment, combine_changes
from bot.self_improvement.steps._reproduction_files import write_inside


class PartAskedError(Exception):
    """Raised if a part has a question; people are then asked about the complete change."""


class _Written(NamedTuple):
    """A part as it was written alone, and its verdict."""

    part: PlanPart
    change: ChangeSet
    verdict: Verdict


class PartsOrder(NamedTuple):
    """The change that is written in parts, and the engine that writes it."""

    engine: CodeAgentRunner
    run: Run
    history: History
    assignment: Assignment


@dataclass
class PartsWork:
    """Writes the parts of one plan with one engine, `at_once` at the same time.

    Each part has its own worktree and conversation, and a seat at the run's board of notes. A part
    that fails alone, or does not merge with the parts before it, is written once more on top of
    them.
    """

    workspaces: Workspaces
    gate: QualityGate
    progress: StepProgress
    cost_meter: RunCostMeter
    clock: Clock
    at_once: int
    order: PartsOrder
    _costs: dict[str, Cost] = field(default_factory=dict)
    _board: NoteBoard = field(default_factory=NoteBoard)
    _seats: dict[str, BoardSeat] = field(default_factory=dict)

    async def __call__(self, workspace: Workspace) -> ChangeSet:
        """Return the complete change on the run's branch, or the refusal of a part.

        Raises `PartAskedError`, and what the engine, the verifier and workspaces raise.
        """
        started = self.clock.monotonic()
        slots = asyncio.Semaphore(self.at_once)

        async def write_part(part: PlanPart, number: int) -> _Written:
            async with slots:
                return await self._write_alone(part, f"{self.order.run.id}p{number}")

        try:
            async with asyncio.TaskGroup() as group:
                parts = enumerate(self.order.assignment.plan.parts, 1)
                tasks = [group.create_task(write_part(part, number)) for number, part in parts]
        except ExceptionGroup as failures:
            # Callers handle the errors of one engine call; the group stays visible as the cause.
            raise failures.exceptions[0] from failures
        done = [task.result() for task in tasks]
        declined = next((each.change for each in done if each.change.cannot), None)
        change = declined or await self._join(done, workspace)
        spent = self._note_cost("", Cost())
        seconds = self.clock.monotonic() - started
        return change.replace(**dict(spent), seconds=seconds, part_notes=self._board.notes)

    async def _write_alone(self, part: PlanPart, workspace_id: str) -> _Written:
        """Write a part in its own worktree and verify it there."""
        workspaces, evidence = self.workspaces, self.order.assignment.evidence
        await workspaces.drop(
            workspace_id
        )  # an interrupted attempt may have left one with another base
        try:
            async with workspaces.open(
                workspace_id, base=evidence.base, slug=part.name
            ) as workspace:
                return await self._write_in_rounds(part, workspace)
        finally:
            await workspaces.drop(workspace_id)

    async def _write_in_rounds(self, part: PlanPart, workspace: Workspace) -> _Written:
        """Return the part after one round, or after a second one if the first does not pass."""
        assignment = build_part_assignment(self.order.assignment, part)
        change = await self._work(assignment, workspace, f"{part.name} 1")
        if change.cannot:
            return _Written(part, change, Verdict(head=change.head, round=1))
        plan = add_granted_files(assignment.plan, change.granted)
        verdict = await self._judge(assignment.replace(plan=plan), change, workspace)
        if is_passing_alone(verdict):
            return _Written(part, change, verdict)
        assignment = assignment.replace(plan=plan, round=2, previous=change, feedback=verdict)
        revised = await self._work(assignment, workspace, f"{part.name} 2")
        if not revised.files:  # the engine keeps the change
            return _Written(part, change, verdict)
        assignment = assignment.replace(plan=add_granted_files(plan, revised.granted))
        revised = revised.replace(granted=(*change.granted, *revised.granted))
        return _Written(part, revised, await self._judge(assignment, revised, workspace))

    async def _work(self, assignment: Assignment, workspace: Workspace, call: str) -> ChangeSet:
        """Return the result of one engine call. Raises if it asks a question or did nothing."""
        part = assignment.part.name if assignment.part else ""
        seat = self._seats.setdefault(part, BoardSeat(self._board, part))
        handler = self._build_progress_handler(call)
        done = await self.order.engine(assignment, workspace, handler, board=seat)
        spent = done.asked if isinstance(done, ExecutionPaused) else done
        self.cost_meter.note(self.order.run.id, self._note_cost(call, spent))
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
            on_check=self.progress.build_check_handler(
                self.order.run, self.order.history, f"{part}: "
            ),
            named=assignment.named,
            is_proven_otherwise=True,
        )

    async def _join(self, done: Sequence[_Written], workspace: Workspace) -> ChangeSet:
        """Return all parts as one change, joined in order, with the tests of several parts."""
        await workspace.reset(workspace.base)
        changes, parts = [], []
        for number, each in enumerate(done):
            change, how = await self._add(each, workspace, first=not number)
            changes.append(change)
            parts.append(_summarise_part(each, how))
        for reproduction in select_permanent(self.order.assignment.plan.reproductions):
            write_inside(workspace.path, reproduction)
        head = await workspace.commit(
            f"Add tests of the complete change\n\nRun: {self.order.run.id}\n"
        )
        combined = combine_changes(changes, tuple(parts))
        files, diff = await workspace.list_changes(), await workspace.get_diff()
        return combined.replace(
            base=workspace.base, head=head, branch=workspace.branch, files=files, diff=diff
        )

    async def _add(
        self, each: _Written, workspace: Workspace, *, first: bool
    ) -> tuple[ChangeSet, str]:
        """Add a part to the branch; return its change, and why it was written again, if so."""
        why = "" if first or is_passing_alone(each.verdict) else summarise_failure(each.verdict)
        sides = ""
        if not why:
            message = f"Join {each.part.name}: {each.change.summary}\n\nRun: {self.order.run.id}\n"
            try:
                await workspace.merge(each.change.head, message)
            except MergeConflict as conflict:
                why = f"it does not merge in {', '.join(conflict.files[:3])}"
                sides = conflict.sides
            else:
                return each.change, ""
        current = each.change.replace(
            head=await workspace.get_head(),
            files=await workspace.list_changes(),
            diff=await workspace.get_diff(),
        )
        assignment = build_part_assignment(
            self.order.assignment, each.part, retry_reason=why, conflict=sides
        )
        assignment = assignment.replace(round=1, previous=current)
        rewritten = await self._work(assignment, workspace, f"{each.part.name} again")
        return rewritten, why

    def _build_progress_handler(self, call: str) -> OnProgress:
        """Return a handler that shows a call's progress with the total cost of all calls."""
        show = self.progress.build_progress_handler(self.order.run, self.order.history)

        async def show_progress(progress: Progress) -> None:
            total = self._note_cost(call, progress)
            text = f"{call.split()[0]}: {progress.text}" if progress.text else ""
            # Each part has a list of its own; one that changes between them would mislead.
            await show(progress.replace(**dict(total), text=text, todos=None))

        return show_progress

    def _note_cost(self, call: str, cost: Cost) -> Cost:
        """Record the current cost of one call, and return the total of all calls."""
        self._costs[call] = Cost().add(cost)
        total = Cost()
        for each in self._costs.values():
            total = total.add(each)
        return total


def is_passing_alone(verdict: Verdict) -> bool:
    """Return whether a part has no objections, and passes its own reproduction if it has one."""
    blocked = any(finding.blocking for finding in verdict.findings)
    is_demonstrated = verdict.is_reproduced or verdict.passing_on_head is None
    return is_demonstrated and not blocked and all(check.ok for check in verdict.checks)


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
