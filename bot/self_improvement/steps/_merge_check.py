"""Checks the result of a merge before it is made, so that only checked results are merged."""

from dataclasses import dataclass

from bot.authority.named_files import collect_named_files
from bot.domain.change import FullTier
from bot.domain.errors import (
    ForgeConflict,
    ForgeRejected,
    ForgeUnavailable,
    WorkspaceError,
)
from bot.domain.history import History
from bot.domain.proposal import Proposal
from bot.domain.run import Run
from bot.ports.forge import Forge
from bot.ports.workspace import Checkout
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.self_improvement.runs.step_progress import StepProgress


@dataclass(frozen=True, eq=False)
class MergeCheck:
    """Merges an approved head with the newest base in the run's worktree, and checks the result."""

    gate: QualityGate
    forge: Forge
    checkout: Checkout | None
    notifier: RunNotifier
    workspaces: RunWorkspaces
    progress: StepProgress
    limits: RunSettings

    async def __call__(self, run: Run, history: History, proposal: Proposal) -> FullTier | None:
        """Return the full tier of the merge; a known result for the same commits is reused.

        Returns `None` if it is already merged. Raises `MergeConflict`, `ForgeError`.
        """
        opened = await self.forge.get_proposal(proposal.number)
        if opened.state == "merged":
            return None
        if opened.state == "closed":
            raise ForgeRejected(f"pull request #{opened.number} was closed")
        if opened.head != proposal.head:
            raise ForgeConflict(
                f"pull request #{opened.number} is at {opened.head[:12]}, not at the approved "
                f"{proposal.head[:12]}"
            )
        known, tip = history.full_tier, await self._fetch_tip()
        if known and known.ok and (known.head, known.base) == (proposal.head, tip):
            return known
        return await self._check(run, history, tip)

    async def _check(self, run: Run, history: History, tip: str) -> FullTier:
        change = need(history.change_set)
        is_checked_here = self.limits.full_tier
        activity = "running the full checks" if is_checked_here else "looking at the result"
        await self.notifier.refresh(run, history, f"{activity} before merging")
        async with self.workspaces.open(run, need(history.evidence), at=change.head) as workspace:
            return await self.gate.check_merge(
                need(history.plan),
                change,
                await workspace.build_merge(tip, change.head),
                self.progress.build_check_handler(run, history, "before merging: "),
                named=collect_named_files(run, history),
                is_revert=run.goal == "revert",
                checked_here=is_checked_here,
            )

    async def _fetch_tip(self) -> str:
        """Return the newest commit of the base branch at the forge."""
        if self.checkout is None:
            raise AssertionError("shipping needs a checkout to update")
        try:
            return await self.checkout.fetch_tip()
        except WorkspaceError as error:
            raise ForgeUnavailable(str(error), detail=error.detail) from error
