"""The worktree of a run, as its steps use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.domain.evidence import Evidence
from bot.domain.ids import slugify
from bot.domain.run import Run
from bot.ports.workspace import Workspace, Workspaces


@dataclass(frozen=True, eq=False)
class RunWorkspaces:
    """Opens the worktree of a run at a known commit."""

    workspaces: Workspaces

    @asynccontextmanager
    async def open(
        self, run: Run, evidence: Evidence, *, at: str | None = None
    ) -> AsyncIterator[Workspace]:
        """Open the run's worktree at a commit, by default at the run's base.

        The branch may be at another commit, because steps visit earlier commits and a killed
        process may stop at any of them.
        """
        name = slugify(run.trigger.subject or run.goal)
        async with self.workspaces.open(run.id, base=evidence.base, slug=name) as workspace:
            await workspace.reset(at or workspace.base)
            yield workspace

    @asynccontextmanager
    async def open_copy(
        self, run: Run, evidence: Evidence, suffix: str
    ) -> AsyncIterator[Workspace]:
        """Open another worktree at the run's base, to work in at the same time; drop it at the end.

        `suffix` names the copy: letters and digits.
        """
        name = f"{run.id}{suffix}"
        await self.workspaces.drop(name)  # a killed process may have left one at another commit
        try:
            async with self.workspaces.open(name, base=evidence.base, slug="copy") as workspace:
                yield workspace
        finally:
            await self.workspaces.drop(name)
