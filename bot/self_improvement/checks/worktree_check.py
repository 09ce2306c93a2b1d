"""Checks uncommitted work while the engine can still answer, the cheapest checks first."""

from dataclasses import dataclass

from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.plan import Plan
from bot.ports.verifier import CheckKind, Verifier
from bot.ports.workspace import Workspace
from bot.self_improvement.checks.quality_gate import QualityGate


@dataclass(frozen=True, eq=False)
class WorktreeCheck:
    """Formats changes, and checks them before they are committed; the gate has the last word.

    What it finds costs no round. The gate reuses its results, because the files are the same.
    """

    gate: QualityGate
    verifier: Verifier

    async def format_changes(self, workspace: Workspace) -> None:
        """Format the changed files in the worktree."""
        await self.verifier.format_files(workspace, await _list_changed(workspace))

    async def __call__(
        self,
        plan: Plan,
        workspace: Workspace,
        *,
        round_number: int,
        named: frozenset[str] = frozenset(),
        is_complete: bool = True,
    ) -> Verdict:
        """Format uncommitted work and check it, the cheapest checks first, up to a failure.

        A part of a change that is not `is_complete` is not tested. Raises `VerifierError`,
        `WorkspaceError`.
        """
        await self.format_changes(workspace)
        files = await workspace.list_changes()
        change = ChangeSet(
            base=workspace.base,
            head="",
            branch=workspace.branch,
            engine="",
            summary="",
            files=files,
            diff=await workspace.get_diff(),
        )
        reproduction_files = frozenset(test.path for test in plan.reproductions)
        findings = await self.gate.inspect_change(
            plan, change, workspace, named, reproduction_files, frozenset()
        )
        verdict = Verdict(
            head="", round=round_number, findings=findings, sandbox=self.verifier.sandbox
        )
        changed = await _list_changed(workspace)
        kinds: tuple[CheckKind, ...] = ("format", "lint", "types", "tests")
        for kind in kinds if is_complete else kinds[:2]:
            if verdict.has_objections:
                break
            if kind == "tests" and plan.reproductions:
                results = await self.verifier.run_reproductions(plan.reproductions, workspace)
                pairs = list(zip(plan.reproductions, results, strict=True))
                test, shown = next((pair for pair in pairs if not pair[1].ok), pairs[0])
                shown = shown.replace(name=f"reproduction {test.calls}")
                verdict = verdict.replace(passing_on_head=shown)
                if verdict.has_objections:
                    break
            checks = await self.verifier.run_checks(
                "quick", workspace, changed, _ignore_check, only=kind
            )
            failing_before = await self.gate.find_failing_before(checks, workspace, changed)
            verdict = verdict.replace(
                checks=(*verdict.checks, *checks),
                failing_before=(*verdict.failing_before, *failing_before),
            )
        return verdict


async def _list_changed(workspace: Workspace) -> list[str]:
    return [file.path for file in await workspace.list_changes() if file.status != "deleted"]


async def _ignore_check(_: CheckResult) -> None:
    """Ignore a single result; the caller waits for all of them."""
