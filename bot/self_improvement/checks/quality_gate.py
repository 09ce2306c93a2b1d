"""The quality gate: verifies a head in our own process, whatever the engine says."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from theseus_guard import (
    PythonText,
    Redact,
    find_manifests,
    inspect,
    list_declared_modules,
    list_text_files,
)
from theseus_guard.git_reader import as_text
from theseus_guard.protection import Protection
from theseus_guard.records import Finding

from bot.domain.change import REHEARSAL_CHECKS, ChangeSet, CheckResult, FullTier, Verdict
from bot.domain.errors import OutOfBounds
from bot.domain.plan import Plan
from bot.domain.proposal import Shipment
from bot.domain.replay import Replay
from bot.ports.verifier import Tier, Verifier
from bot.ports.workspace import Workspace
from bot.self_improvement.checks.failure_replays import FailureReplays
from bot.self_improvement.checks.start_check import CommitCheck
from bot.self_improvement.watch.change_facts import (
    assess_proof,
    excuse_reverted_tests,
    list_remaining_tests,
    list_reverted_files,
)

OnCheck = Callable[[CheckResult], Awaitable[None]]


@dataclass(frozen=True, eq=False)
class QualityGate:
    """Runs the diff guard, the reproduction on base and head, and base's checks.

    With `start`, the complete bot is started as a check. With `replays`, failures that are proven
    by a replay are replayed.
    """

    verifier: Verifier
    _: KW_ONLY
    protection: Protection
    redact: Redact
    start: CommitCheck | None = None
    replays: FailureReplays | None = None

    def remove_forbidden_files(self, plan: Plan, named: frozenset[str]) -> Plan:
        """Return the plan without files that no run may change.

        Raises `OutOfBounds` with the reasons if no file is left. This is reported before the work,
        not after it.
        """
        protection = self.protection.add_named_files(named)
        forbidden = {
            file: why for file in plan.owned_files if (why := protection.describe_restriction(file))
        }
        if plan.owned_files and forbidden.keys() == plan.owned_files:
            reasons = " ".join(f"`{file}`: {why}" for file, why in sorted(forbidden.items())[:3])
            raise OutOfBounds(f"I know where to look, but may not change it. {reasons}")
        steps = (step.remove_files(forbidden) for step in plan.steps)
        return plan.replace(steps=tuple(step for step in steps if step.owned_files) or plan.steps)

    async def __call__(
        self,
        plan: Plan,
        change: ChangeSet,
        workspace: Workspace,
        *,
        round_number: int,
        on_check: OnCheck,
        named: frozenset[str] = frozenset(),
        is_proven_otherwise: bool = False,
    ) -> Verdict:
        """Return the verdict on `change.head`; `named` are the files that people named.

        A blocking finding ends the verification, because code that may not be proposed is not run
        either. Without a reproduction the checks run only if the change `is_proven_otherwise`.
        Raises `VerifierError`, `WorkspaceError`.
        """
        reproduction_files = frozenset(test.path for test in plan.reproductions)
        withdrawn = await list_reverted_files(change, workspace, reproduction_files)
        findings = await self.inspect_change(
            plan, change, workspace, named, reproduction_files, withdrawn
        )
        claimed = (
            change if withdrawn or not change.reverted_commit else change.replace(proven="call")
        )
        proven, unproven = await assess_proof(claimed, workspace, reproduction_files)
        findings += unproven
        verdict = Verdict(
            head=change.head,
            round=round_number,
            findings=findings,
            proven=proven,
            reverted_commit=change.reverted_commit if withdrawn else "",
            sandbox=self.verifier.sandbox,
        )
        is_demonstrated = plan.demonstration is not None or is_proven_otherwise
        if not is_demonstrated or any(finding.blocking for finding in findings):
            return verdict
        await workspace.reset(
            change.head
        )  # discards uncommitted files, which would take part in the checks
        changed = [file.path for file in change.files if file.status != "deleted"]
        base_result, head_result, checks = await self._run(
            plan, change, workspace, changed, on_check
        )
        return verdict.replace(
            failing_on_base=base_result,
            passing_on_head=head_result,
            checks=checks,
            failing_before=await self.find_failing_before(checks, workspace, changed),
        )

    async def verify_revert(
        self,
        plan: Plan,
        change: ChangeSet,
        shipped: Shipment,
        workspace: Workspace,
        *,
        round_number: int,
        on_check: OnCheck,
    ) -> Verdict:
        """Return the verdict on a revert, which has to be exactly the reverted merge.

        The merge is reverted again from base and has to give the same diff; then base's checks run.
        Tests that are added or removed with the merge are no finding. Raises `VerifierError`,
        `WorkspaceError`.
        """
        await workspace.reset(workspace.base)
        # Made again here, because the head could contain more than the revert it claims to be.
        reverted = await workspace.revert(shipped.merge_commit, shipped.approved_head)
        expected_diff = await workspace.get_diff()
        await workspace.reset(change.head)
        is_exact = (
            bool(reverted.files) and await workspace.get_diff() == expected_diff == change.diff
        )
        named = plan.owned_files  # a person named these files by asking for the revert
        files = frozenset(file.path for file in change.files)
        findings = await self.inspect_change(plan, change, workspace, named, frozenset(), files)
        verdict = Verdict(
            head=change.head,
            round=round_number,
            findings=findings,
            sandbox=self.verifier.sandbox,
            revert_result=reverted if is_exact else None,
        )
        if not is_exact or any(finding.blocking for finding in verdict.findings):
            return verdict
        changed = [file.path for file in change.files if file.status != "deleted"]
        checks = await self._run_checks("quick", workspace, changed, change.head, on_check)
        return verdict.replace(
            checks=checks,
            failing_before=await self.find_failing_before(checks, workspace, changed),
        )

    async def inspect_change(
        self,
        plan: Plan,
        change: ChangeSet,
        workspace: Workspace,
        named: frozenset[str],
        allowed_new: frozenset[str],
        withdrawn: frozenset[str],
    ) -> tuple[Finding, ...]:
        """Return the diff guard's findings, read from git, or from the worktree without a head.

        Tests in `withdrawn` files are removed with the code they tested; this is noted and does not
        block.
        """
        sources = {
            path: PythonText(
                before=await workspace.read_at(workspace.base, before),
                after=await workspace.read_at(change.head, path)
                if change.head
                else _read_worktree_file(workspace.path, path),
            )
            for path, before in list_text_files(change.diff)
        }
        files = await workspace.list_base_files()
        texts = {
            path: await workspace.read_at(workspace.base, path) for path in find_manifests(files)
        }
        found = inspect(
            change.diff,
            change.files,
            base_files=files,
            owned_files=plan.owned_files,
            protection=self.protection.add_named_files(named),
            allowed_new=allowed_new,
            sources=sources,
            redact=self.redact,
            declared=list_declared_modules(texts),
        )
        return excuse_reverted_tests(found, withdrawn)

    async def _run(
        self,
        plan: Plan,
        change: ChangeSet,
        workspace: Workspace,
        changed: Sequence[str],
        on_check: OnCheck,
    ) -> tuple[CheckResult | None, CheckResult | None, tuple[CheckResult, ...]]:
        """Return the reproduction's results on base and on head, and the checks.

        Both run side by side, each in its own copy; the verifier limits how many run at once. If a
        test of the failure does not pass on head, its result is returned for head.
        """
        try:
            async with asyncio.TaskGroup() as group:
                proof = group.create_task(self._reproduce(plan, change, workspace))
                checks = group.create_task(
                    self._run_checks("quick", workspace, changed, change.head, on_check)
                )
        except ExceptionGroup as failures:
            raise failures.exceptions[
                0
            ] from failures  # one error is enough, and it is usually the same for both
        return *proof.result(), checks.result()

    async def _reproduce(
        self, plan: Plan, change: ChangeSet, workspace: Workspace
    ) -> tuple[CheckResult | None, CheckResult | None]:
        """Return the results that show the failure with base and head: a replay, tests, or both."""
        if plan.demonstration is None:
            return None, None
        tests = await list_remaining_tests(plan, change, workspace)
        if plan.replay_proof is not None and self.replays is not None:
            base_result, head_result = await self.replays.prove(
                plan.replay_proof, change.base, change.head
            )
            results = await self.verifier.run_reproductions(tests, workspace) if tests else ()
            return base_result, next(
                (end for end in results if end.status != "passed"), head_result
            )
        base_result = await self.verifier.run_at_base(
            tests[0], workspace
        )  # usually cached since the plan
        results = await self.verifier.run_reproductions(tests, workspace)
        return base_result, next((end for end in results if end.status != "passed"), results[0])

    async def _run_checks(
        self,
        tier: Tier | None,
        workspace: Workspace,
        changed: Sequence[str],
        head: str,
        on_check: OnCheck,
        replay: Replay | None = None,
    ) -> tuple[CheckResult, ...]:
        """Run base's checks of a tier and the rehearsals of `head` side by side."""
        # What is merged is started anew, even if a head with the same files was started before.
        fresh = tier != "quick"
        rehearsals = [self.start(head, workspace.base, fresh=fresh)] if self.start else []
        if self.replays is not None and replay is not None:
            rehearsals.append(self.replays.check_output(replay, head))
        checks: tuple[CheckResult, ...] = ()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_report_result(play, on_check)) for play in rehearsals]
                if tier is not None:
                    checks = await self.verifier.run_checks(tier, workspace, changed, on_check)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return (*checks, *(play.result() for play in tasks))

    async def check_merge(
        self,
        plan: Plan,
        change: ChangeSet,
        merged: Workspace,
        on_check: OnCheck,
        *,
        named: frozenset[str] = frozenset(),
        is_revert: bool = False,
        checked_here: bool = True,
    ) -> FullTier:
        """Return the full tier for `merged`: `change.head` merged with the newest base.

        The diff guard reads it as a change of that base. Then that base's full checks run, unless
        the forge runs them, and the rehearsals. Raises `VerifierError`, `WorkspaceError`.
        """
        files, head = await merged.list_changes(), await merged.get_head()
        result = change.replace(
            base=merged.base, head=head, files=files, diff=await merged.get_diff()
        )
        reproduction_files = frozenset(
            () if is_revert else (test.path for test in plan.reproductions)
        )
        named = plan.owned_files if is_revert else named
        withdrawn = frozenset(file.path for file in files)
        if not is_revert:
            withdrawn = await list_reverted_files(result, merged, reproduction_files)
        findings = await self.inspect_change(
            plan, result, merged, named, reproduction_files, withdrawn
        )
        blocking = [
            each for each in findings if each.blocking and each.rule != "empty"
        ]  # an empty merge is harmless
        tier = FullTier(head=change.head, base=merged.base, tree=await merged.get_tree_id())
        if blocking:
            return tier.replace(findings=tuple(blocking))
        changed = [file.path for file in files if file.status != "deleted"]
        full: Tier | None = "full" if checked_here else None
        checks = await self._run_checks(full, merged, changed, head, on_check, plan.replay)
        failing_before = await self.find_failing_before(checks, merged, changed, "full")
        return tier.replace(checks=checks, failing_before=failing_before)

    async def find_failing_before(
        self,
        checks: tuple[CheckResult, ...],
        workspace: Workspace,
        changed: list[str],
        tier: Tier = "quick",
    ) -> tuple[str, ...]:
        """Return the failed checks that also fail on base, so the change is not to blame."""
        failed = [
            check.name for check in checks if not check.ok and check.name not in REHEARSAL_CHECKS
        ]
        if not failed:
            return ()
        at_base = await self.verifier.run_checks_at_base(failed, workspace, changed, tier=tier)
        return tuple(check.name for check in at_base if not check.ok)


def _read_worktree_file(root: Path, file: str) -> str | None:
    """Return the text of a file in the worktree; `None` if git would say that it is not text."""
    path = (root / file).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        return None
    return as_text(path.read_bytes())


async def _report_result(check: Awaitable[CheckResult], on_check: OnCheck) -> CheckResult:
    result = await check
    await on_check(result)
    return result
