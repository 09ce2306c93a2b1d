"""Runs an engine once in a worktree, and records what it really changed."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from theseus_guard.record import Record

from bot.domain.change import ChangeSet, Grant, Verdict
from bot.domain.part_notes import BoardSeat
from bot.ports.agent import (
    Assignment,
    Budget,
    Checkup,
    CodeAgent,
    Finished,
    News,
    QuestionAsked,
    get_no_news,
    skip_checkup,
)
from bot.ports.clock import Clock
from bot.ports.workspace import Workspace
from bot.self_improvement.checks.worktree_check import WorktreeCheck
from bot.self_improvement.runs.agent_updates import OnProgress, wait_for_result
from bot.self_improvement.runs.changelog_writer import ChangelogWriter
from bot.self_improvement.steps._assignment import (
    add_granted_files,
    build_change_set,
    commit_message,
)
from bot.self_improvement.steps._reproduction_files import hold_permanent, write_permanent


class ExecutionPaused(Record):
    """A question of the engine, and the commit with its work so far."""

    asked: QuestionAsked
    head: str


@dataclass(frozen=True, eq=False)
class CodeAgentRunner:
    """Runs a code agent and records what it really changed.

    With a `check`, changes are formatted before they are committed, and the agent may have its work
    checked before it is done. With a `changelog`, a change that is no part of another gets an entry
    there.
    """

    agent: CodeAgent
    clock: Clock
    _: KW_ONLY
    budget: Budget
    check: WorktreeCheck | None = None
    changelog: ChangelogWriter | None = None

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self.agent.name

    @property
    def can_follow_instructions(self) -> bool:
        """True if the engine can follow instructions in natural language."""
        return self.agent.can_follow_instructions

    async def __call__(
        self,
        assignment: Assignment,
        workspace: Workspace,
        on_progress: OnProgress,
        news: News = get_no_news,
        board: BoardSeat | None = None,
    ) -> ChangeSet | ExecutionPaused:
        """Return the change on the branch; `files` is empty if this round changed nothing.

        If the engine asks a question, the work so far is committed and returned with it. The
        changed files are read from the workspace, not from the engine's report. Raises
        `AgentError`, `BudgetSpent`, `OutOfBounds`, `WorkspaceError`.
        """
        started = self.clock.monotonic()
        before = assignment.previous.head if assignment.previous else workspace.base
        # Discards what an interrupted attempt of this round may have left.
        await workspace.reset(assignment.question.head if assignment.question else before)
        finished = await self._work(assignment, workspace, on_progress, news, board)
        if isinstance(finished, QuestionAsked):
            head = await workspace.commit(f"Work so far\n\nRun: {assignment.run_id}\n")
            return ExecutionPaused(asked=finished, head=head)
        if finished.cannot:
            await workspace.reset(before)
        finished = await self._add_changelog_entry(assignment, workspace, finished)
        head = await self._commit(assignment, workspace, finished)
        change = await build_change_set(
            finished, self.agent.name, workspace, head, changed=head != before
        )
        return change.replace(seconds=self.clock.monotonic() - started)

    async def _add_changelog_entry(
        self, assignment: Assignment, workspace: Workspace, finished: Finished
    ) -> Finished:
        """Return the result with the changelog among its files, if an entry was written."""
        if self.changelog is None or assignment.part is not None:
            return finished
        if not await workspace.list_changes():
            return finished
        subject = commit_message(assignment, finished).partition("\n")[0]
        grant = await self.changelog.write(assignment, workspace, subject)
        return finished.replace(granted=(*finished.granted, grant)) if grant else finished

    async def _commit(
        self, assignment: Assignment, workspace: Workspace, finished: Finished
    ) -> str:
        """Return the head with the engine's change and the reproduction tests."""
        if not await workspace.list_changes():
            return workspace.base
        write_permanent(workspace.path, assignment.plan)
        if self.check is not None:
            await self.check.format_changes(workspace)
        return await workspace.commit(commit_message(assignment, finished))

    async def _work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        on_progress: OnProgress,
        news: News,
        board: BoardSeat | None,
    ) -> Finished | QuestionAsked:
        checkup = self._build_checkup(assignment, workspace)
        return await wait_for_result(
            self.agent.work(assignment, workspace, self.budget, news, checkup, board),
            on_progress,
            f"The {self.agent.name} engine ended without a result.",
        )

    def _build_checkup(self, assignment: Assignment, workspace: Workspace) -> Checkup:
        """Return what checks uncommitted work as the head that it will be."""
        if self.check is None:
            return skip_checkup
        check_worktree = self.check

        async def check(granted: Sequence[Grant]) -> Verdict:
            plan = add_granted_files(assignment.plan, tuple(granted))
            with hold_permanent(workspace.path, plan):
                return await check_worktree(assignment.replace(plan=plan), workspace)

        return check
