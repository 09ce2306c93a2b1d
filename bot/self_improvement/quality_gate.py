"""The quality gate: one head is proven in our own process, never on the engine's word."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.authority.protection import Protection
from bot.domain.change import (
    REHEARSAL_CHECKS,
    ChangeSet,
    CheckResult,
    Finding,
    FullTier,
    Verdict,
)
from bot.domain.errors import OutOfBounds
from bot.domain.plan import Plan
from bot.domain.proposal import Shipment
from bot.domain.replay import Replay
from bot.guards import (
    PythonText,
    Redact,
    find_manifests,
    inspect,
    list_declared_modules,
    list_text_files,
)
from bot.ports.verifier import Tier, Verifier
from bot.ports.workspace import Workspace
from bot.self_improvement.change_facts import (
    assess_proof,
    excuse_reverted_tests,
    list_remaining_tests,
    list_reverted_files,
)
from bot.self_improvement.interaction_replays import InteractionReplays
from bot.self_improvement.start_check import StartCheck

OnCheck = Callable[[CheckResult], Awaitable[None]]


class QualityGate:
    """Runs the diff guard, the reproduction on both sides, and base's checks.

    With `start`, the whole bot is played beside them; with `replays`, what failed is, where plays
    are the proof.
    """

    def __init__(
        self,
        verifier: Verifier,
        *,
        protection: Protection,
        redact: Redact,
        start: StartCheck | None = None,
        replays: InteractionReplays | None = None,
    ) -> None:
        self._verifier = verifier
        self._start = start
        self._replays = replays
        self._protection = protection
        self._redact = redact

    def remove_forbidden_files(self, plan: Plan, named: frozenset[str]) -> Plan:
        """Return the plan without the files no run may change. Raises `OutOfBounds`, with why.

        It does where nothing else is left to change: better said before the work than after it.
        """
        protection = self._protection.add_named_files(named)
        barred = {
            file: why for file in plan.owned_files if (why := protection.describe_restriction(file))
        }
        if plan.owned_files and barred.keys() == plan.owned_files:
            told = " ".join(f"`{file}`: {why}" for file, why in sorted(barred.items())[:3])
            raise OutOfBounds(f"I know where to look, but may not change it. {told}")
        steps = (step.remove_files(barred) for step in plan.steps)
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
        """Return the verdict on `change.head`; `named` are the files people named.

        A blocking finding ends it there: code that may not be proposed is not run either. Without
        a reproduction there is nothing to run, but where it is `proven_apart`: then the checks are.
        Raises `VerifierError`, `WorkspaceError`.
        """
        new = frozenset(test.path for test in plan.reproductions)
        withdrawn = await list_reverted_files(change, workspace, new)
        findings = await self._inspect(plan, change, workspace, named, new, withdrawn)
        claimed = (
            change if withdrawn or not change.reverted_commit else change.replace(proven="call")
        )
        proven, unproven = await assess_proof(claimed, workspace, new)
        findings += unproven
        verdict = Verdict(
            head=change.head,
            round=round_number,
            findings=findings,
            proven=proven,
            reverted_commit=change.reverted_commit if withdrawn else "",
            sandbox=self._verifier.sandbox,
        )
        shown = plan.demonstration is not None or is_proven_otherwise
        if not shown or any(finding.blocking for finding in findings):
            return verdict
        await workspace.reset(change.head)  # what no commit holds would be proven with it
        changed = [file.path for file in change.files if file.status != "deleted"]
        red, green, checks = await self._run(plan, change, workspace, changed, on_check)
        return verdict.replace(
            failing_on_base=red,
            passing_on_head=green,
            checks=checks,
            failing_before=await self._find_failing_before(checks, workspace, changed),
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
        """Return the verdict on a revert: nothing is claimed but the undo, and that is proven.

        Taking the merge back once more, from base, has to come to the very same diff; then base's
        checks are run. Tests that come or go with the merge are no finding. Raises
        `VerifierError`, `WorkspaceError`.
        """
        await workspace.reset(workspace.base)
        undone = await workspace.revert(shipped.merge_commit, shipped.approved_head)
        wanted = await workspace.get_diff()
        await workspace.reset(change.head)
        exact = bool(undone.files) and await workspace.get_diff() == wanted == change.diff
        named = plan.owned_files  # in "revert that"
        files = frozenset(file.path for file in change.files)
        findings = await self._inspect(plan, change, workspace, named, frozenset(), files)
        verdict = Verdict(
            head=change.head,
            round=round_number,
            findings=findings,
            sandbox=self._verifier.sandbox,
            revert_result=undone if exact else None,
        )
        if not exact or any(finding.blocking for finding in verdict.findings):
            return verdict
        changed = [file.path for file in change.files if file.status != "deleted"]
        checks = await self._run_checks("quick", workspace, changed, change.head, on_check)
        return verdict.replace(
            checks=checks,
            failing_before=await self._find_failing_before(checks, workspace, changed),
        )

    async def _inspect(
        self,
        plan: Plan,
        change: ChangeSet,
        workspace: Workspace,
        named: frozenset[str],
        allowed_new: frozenset[str],
        withdrawn: frozenset[str],
    ) -> tuple[Finding, ...]:
        """Return what the diff guard says; it reads from git alone, not from the worktree.

        Tests in `withdrawn` files go with what they tested: that is noted and blocks nothing.
        """
        sources = {
            path: PythonText(
                before=await workspace.read_at(workspace.base, before),
                after=await workspace.read_at(change.head, path),
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
            protection=self._protection.add_named_files(named),
            allowed_new=allowed_new,
            sources=sources,
            redact=self._redact,
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
        """Return the reproduction on base and on head, and the checks.

        They run side by side, each in a copy of its own; how many at once, the verifier knows.
        Where a witness of the failure is not green on head, that is what comes back for head.
        """
        try:
            async with asyncio.TaskGroup() as group:
                proof = group.create_task(self._reproduce(plan, change, workspace))
                checks = group.create_task(
                    self._run_checks("quick", workspace, changed, change.head, on_check)
                )
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures  # one door closed to all of them
        return *proof.result(), checks.result()

    async def _reproduce(
        self, plan: Plan, change: ChangeSet, workspace: Workspace
    ) -> tuple[CheckResult | None, CheckResult | None]:
        """Return what shows the failure, with base and with head: plays, tests, or both."""
        if plan.demonstration is None:
            return None, None
        tests = await list_remaining_tests(plan, change, workspace)
        if plan.replay_proof is not None and self._replays is not None:
            red, green = await self._replays.prove(plan.replay_proof, change.base, change.head)
            ends = await self._verifier.run_reproductions(tests, workspace) if tests else ()
            return red, next((end for end in ends if end.status != "passed"), green)
        red = await self._verifier.run_at_base(tests[0], workspace)  # mostly known from the plan
        ends = await self._verifier.run_reproductions(tests, workspace)
        return red, next((end for end in ends if end.status != "passed"), ends[0])

    async def _run_checks(
        self,
        tier: Tier | None,
        workspace: Workspace,
        changed: Sequence[str],
        head: str,
        on_check: OnCheck,
        replay: Replay | None = None,
    ) -> tuple[CheckResult, ...]:
        """Return base's checks of a tier, and what plays of `head` show, beside each other."""
        plays = [self._start(head, workspace.base)] if self._start else []
        if self._replays is not None and replay is not None:
            plays.append(self._replays.check_output(replay, head))
        checks: tuple[CheckResult, ...] = ()
        try:
            async with asyncio.TaskGroup() as group:
                playing = [group.create_task(_report_result(play, on_check)) for play in plays]
                if tier is not None:
                    checks = await self._verifier.run_checks(tier, workspace, changed, on_check)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return (*checks, *(play.result() for play in playing))

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
        """Return what is found of `merged`: `change.head` and the newest base, put together.

        The diff guard reads it as a change of that base. Then that base's full checks run, unless
        the forge does that, and it is played. Raises `VerifierError`, `WorkspaceError`.
        """
        files, head = await merged.list_changes(), await merged.get_head()
        result = change.replace(
            base=merged.base, head=head, files=files, diff=await merged.get_diff()
        )
        new = frozenset(() if is_revert else (test.path for test in plan.reproductions))
        named = plan.owned_files if is_revert else named
        withdrawn = frozenset(file.path for file in files)
        if not is_revert:
            withdrawn = await list_reverted_files(result, merged, new)
        found = await self._inspect(plan, result, merged, named, new, withdrawn)
        against = [each for each in found if each.blocking and each.rule != "empty"]  # harmless
        tier = FullTier(head=change.head, base=merged.base, tree=await merged.get_tree_id())
        if against:
            return tier.replace(findings=tuple(against))
        changed = [file.path for file in files if file.status != "deleted"]
        full: Tier | None = "full" if checked_here else None
        checks = await self._run_checks(full, merged, changed, head, on_check, plan.replay)
        red_before = await self._find_failing_before(checks, merged, changed, "full")
        return tier.replace(checks=checks, failing_before=red_before)

    async def _find_failing_before(
        self,
        checks: tuple[CheckResult, ...],
        workspace: Workspace,
        changed: list[str],
        tier: Tier = "quick",
    ) -> tuple[str, ...]:
        """Return which failed checks the change is not to blame for: no engine can mend those."""
        failed = [
            check.name for check in checks if not check.ok and check.name not in REHEARSAL_CHECKS
        ]
        if not failed:
            return ()
        at_base = await self._verifier.run_checks_at_base(failed, workspace, changed, tier=tier)
        return tuple(check.name for check in at_base if not check.ok)


async def _report_result(check: Awaitable[CheckResult], on_check: OnCheck) -> CheckResult:
    result = await check
    await on_check(result)
    return result
