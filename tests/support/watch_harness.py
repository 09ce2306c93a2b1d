"""A harness in which merges persist, so that shipped changes can be watched and reverted."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.domain.journal import ActionOutcome, Capsule
from bot.domain.proposal import ForgeProposal, Outcome
from bot.domain.run import Run
from bot.domain.watch import WatchRules
from tests.fakes.differences import as_bytes
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.support.agent_harness import FILES, AgentHarness, is_broken, make_capsule, make_failure
from tests.support.agent_under_test import AgentUnderTest

_TURNS = 300  # of the event loop: a start looks at every run there is
RULES = WatchRules(minutes=60, volume=30, least_minutes=10)


class MergingWorkspaces(FakeWorkspaces):
    """Keeps what a forge merges as the base of what comes next."""

    def merge(self, head: str, commit: str) -> dict[str, str | bytes | None]:
        """Make `head` on base that commit; return what it changes of base."""
        before, files = self.snapshots[self.base], self.snapshots[head]
        names = before.keys() | files.keys()
        self.snapshots[commit], self._parents[commit] = files, self.base
        self.base = commit
        return {name: files.get(name) for name in names if files.get(name) != before.get(name)}

    def change(self, files: Mapping[str, str | None]) -> str:
        """Push a commit to the base branch; return it."""
        kept = {**self.snapshots[self.base], **as_bytes(files)}
        now = {name: content for name, content in kept.items() if content is not None}
        commit = f"{len(self.snapshots):040x}"
        self.snapshots[commit], self._parents[commit] = now, self.base
        self.base = commit
        return commit


class WatchHarness(AgentHarness):
    """A world whose fixes are watched, with rules that need no day."""

    def __init__(self, folder: Path, *, rules: WatchRules | None = RULES) -> None:
        super().__init__(folder)
        self.merged = MergingWorkspaces(folder / "worktrees", FILES)
        self.workspaces = self.merged
        self.trees = FakeCommitTrees(self.merged.snapshots)
        self.watch = rules
        self.fussy = False  # whether the type check fails from now on
        checks = {"affected tests": lambda _root: True, "types": lambda _root: not self.fussy}
        self.verifier = FakeVerifier(broken=is_broken, checks=checks)

    def _on_merge(self, pull: ForgeProposal, commit: str) -> None:
        self.checkout.advance(self.merged.merge(pull.head, commit), commit)

    async def push_commit(self, files: Mapping[str, str | None]) -> str:
        """Make a commit of another author live; return it."""
        commit = self.merged.change(files)
        self.checkout.advance(files, commit)
        await self.checkout.fast_forward(commit)
        return commit

    def journal_rolls(
        self,
        well: int,
        failed: int = 0,
        error: Capsule | None = None,
        *,
        ms: float = 20.0,
        commit: str | None = None,
    ) -> None:
        """Journal this many successful and failed rolls now, on a commit."""
        self.clock.tick(1)  # what begins at the very moment of a merge is on neither side
        for number in range(well + failed):
            action = make_failure(self.clock, error or make_capsule())
            if number < well:
                action = action.replace(outcome=ActionOutcome.OK, error=None)
            self.journal.append(action.replace(duration_ms=ms, commit=commit))

    async def ship_fix(self, agent: AgentUnderTest, subject: str = "rolling dice") -> Run:
        """Ask for a fix and ship it; return the run, done and being watched."""
        run = await self.propose_fix(agent, subject)
        await agent.approve(self.build_approval(run))
        return await self.wait_until_ended(run.id)

    async def pass_minutes(self, minutes: float) -> None:
        """Advance the time once all started work is at rest."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        await self.clock.advance(minutes * 60)

    async def get_outcome(self, run: Run) -> Outcome | None:
        """Return what the run's history says of how it turned out."""
        return (await self.store.get_history(run.id)).outcome
