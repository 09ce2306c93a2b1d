"""Execute: an engine writes the change; we commit it together with the reproduction."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from bot.domain.change import ChangeSet
from bot.domain.errors import AgentOutputInvalid
from bot.ports.agent import Assignment, Budget, CodeAgent, Finished, Progress
from bot.ports.clock import Clock
from bot.ports.workspace import Workspace

OnProgress = Callable[[Progress], Awaitable[None]]


class Execute:
    """Lets a code agent work and records what really changed."""

    def __init__(self, agent: CodeAgent, clock: Clock, *, budget: Budget) -> None:
        self._agent = agent
        self._clock = clock
        self._budget = budget

    async def __call__(
        self, assignment: Assignment, workspace: Workspace, on_progress: OnProgress
    ) -> ChangeSet:
        """Return the change on the branch; `files` is empty when the engine changed nothing.

        What counts is read from the workspace, not taken from the engine's word. Raises
        `AgentError`, `BudgetSpent`, `WorkspaceError`.
        """
        started = self._clock.monotonic()
        if assignment.round == 1:
            await workspace.reset(workspace.base)
        finished = await self._work(assignment, workspace, on_progress)
        changed = bool(await workspace.changes())
        reproduction = assignment.plan.reproduction
        if changed and reproduction is not None:
            file = workspace.path / reproduction.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(reproduction.source, encoding="utf-8")
        head = await workspace.commit(_message(assignment, finished)) if changed else workspace.base
        return ChangeSet(
            base=workspace.base,
            head=head,
            branch=workspace.branch,
            engine=self._agent.name,
            summary=finished.summary,
            files=await workspace.changes(),
            diff=await workspace.diff(),
            attempts=finished.attempts,
            cost_usd=finished.cost_usd,
            tokens_in=finished.tokens_in,
            tokens_out=finished.tokens_out,
            seconds=self._clock.monotonic() - started,
        )

    async def _work(
        self, assignment: Assignment, workspace: Workspace, on_progress: OnProgress
    ) -> Finished:
        finished = None
        async with aclosing(self._agent.work(assignment, workspace, self._budget)) as updates:
            async for update in updates:
                if isinstance(update, Progress):
                    await on_progress(update)
                else:
                    finished = update
        if finished is None:
            raise AgentOutputInvalid(f"The {self._agent.name} engine ended without a last word.")
        return finished


def _message(assignment: Assignment, finished: Finished) -> str:
    diagnosis = assignment.diagnosis
    return (
        f"Fix {diagnosis.event}: {finished.summary}\n\n{diagnosis.cause}\n\n"
        f"Run: {assignment.run_id}\nFingerprint: {diagnosis.fingerprint}\n"
    )
