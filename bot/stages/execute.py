"""Execute: an engine writes the change; we commit it together with the reproduction."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

from bot.domain.change import ChangeSet
from bot.domain.errors import AgentOutputInvalid, OutOfBounds
from bot.domain.plan import Reproduction
from bot.domain.record import Record
from bot.domain.reproduction import standing
from bot.ports.agent import Asked, Assignment, Budget, CodeAgent, Finished, News, Progress, no_news
from bot.ports.clock import Clock
from bot.ports.workspace import Workspace

OnProgress = Callable[[Progress], Awaitable[None]]


class Paused(Record):
    """A question, and the commit that keeps the work done by then."""

    asked: Asked
    head: str


class Execute:
    """Lets a code agent work and records what really changed."""

    def __init__(self, agent: CodeAgent, clock: Clock, *, budget: Budget) -> None:
        self._agent = agent
        self._clock = clock
        self._budget = budget

    @property
    def engine(self) -> str:
        """Return the engine's name."""
        return self._agent.name

    @property
    def follows_words(self) -> bool:
        """Return whether the engine can do what people ask in words."""
        return self._agent.follows_words

    async def __call__(
        self,
        assignment: Assignment,
        workspace: Workspace,
        on_progress: OnProgress,
        news: News = no_news,
    ) -> ChangeSet | Paused:
        """Return the change on the branch; `files` is empty when this round changed nothing.

        Where the engine asks something, the work so far is committed and returned with it. What
        counts is read from the workspace, not taken from the engine's word. Raises `AgentError`,
        `BudgetSpent`, `OutOfBounds`, `WorkspaceError`.
        """
        started = self._clock.monotonic()
        before = assignment.previous.head if assignment.previous else workspace.base
        # what a crash left of this round does not count
        await workspace.reset(assignment.question.head if assignment.question else before)
        finished = await self._work(assignment, workspace, on_progress, news)
        if isinstance(finished, Asked):
            head = await workspace.commit(f"Work so far\n\nRun: {assignment.run_id}\n")
            return Paused(asked=finished, head=head)
        head = await self._committed(assignment, workspace, finished)
        changed = head != before
        return ChangeSet(
            base=workspace.base,
            head=head,
            branch=workspace.branch,
            engine=self._agent.name,
            summary=finished.summary,
            files=await workspace.changes() if changed else (),
            diff=await workspace.diff() if changed else "",
            attempts=finished.attempts,
            granted=finished.granted,
            title=finished.title,
            description=finished.description,
            review=finished.review,
            proven=finished.proven,
            undoes=finished.undoes,
            cost_usd=finished.cost_usd,
            tokens_in=finished.tokens_in,
            tokens_out=finished.tokens_out,
            seconds=self._clock.monotonic() - started,
        )

    async def _committed(
        self, assignment: Assignment, workspace: Workspace, finished: Finished
    ) -> str:
        """Return the head with the engine's change, and the reproduction beside it."""
        if not await workspace.changes():
            return workspace.base
        root = workspace.path
        for reproduction in standing(assignment.plan.reproductions, read=lambda f: _read(root, f)):
            _write_inside(root, reproduction)
        return await workspace.commit(_message(assignment, finished))

    async def _work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        on_progress: OnProgress,
        news: News,
    ) -> Finished | Asked:
        finished = None
        working = self._agent.work(assignment, workspace, self._budget, news)
        async with aclosing(working) as updates:
            async for update in updates:
                if isinstance(update, Progress):
                    await on_progress(update)
                else:
                    finished = update
        if finished is None:
            raise AgentOutputInvalid(f"The {self._agent.name} engine ended without a last word.")
        return finished


def _read(root: Path, file: str) -> str | None:
    path = (root / file).resolve()
    return (
        path.read_text("utf-8") if path.is_relative_to(root.resolve()) and path.is_file() else None
    )


def _write_inside(root: Path, reproduction: Reproduction) -> None:
    """Write the reproduction; raise `OutOfBounds` where the engine's links lead elsewhere."""
    file = root / reproduction.path
    if not file.resolve().is_relative_to(root.resolve()):
        raise OutOfBounds(f"`{reproduction.path}` leads out of the worktree.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(reproduction.source, encoding="utf-8")


def _message(assignment: Assignment, finished: Finished) -> str:
    diagnosis = assignment.diagnosis
    return (
        f"Fix {diagnosis.event}: {finished.summary}\n\n{diagnosis.cause}\n\n"
        f"Run: {assignment.run_id}\nFingerprint: {diagnosis.fingerprint}\n"
    )
