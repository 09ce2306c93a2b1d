"""Checks uncommitted work while the engine can still answer, the cheapest checks first."""

from dataclasses import dataclass

from theseus_guard.records import Finding

from bot.domain.account import Account
from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.errors import VerifierError
from bot.ports.agent import Assignment
from bot.ports.verifier import CheckKind, Verifier
from bot.ports.workspace import Workspace
from bot.self_improvement.checks.behaviour_check import (
    BehaviourCheck,
    build_finding,
    excuse_requested_changes,
)
from bot.self_improvement.checks.change_proofs import ChangeProofs, CurrentChange
from bot.self_improvement.checks.changelog_check import find_missing_entry
from bot.self_improvement.checks.quality_gate import QualityGate

_KINDS: tuple[CheckKind, ...] = ("format", "lint", "types", "tests")
# A part refers to code of other parts, so its types are checked once all parts are joined.
_KINDS_OF_PARTS: tuple[CheckKind, ...] = ("format", "lint", "tests")


@dataclass(frozen=True, eq=False)
class WorktreeCheck:
    """Formats changes, and checks them before they are committed; the gate has the last word.

    What it finds costs no round. The gate reuses its results, because the files are the same.
    Replays and proofs come last, on a snapshot of the worktree.
    """

    gate: QualityGate
    verifier: Verifier
    proofs: ChangeProofs | None = None
    behaviour: BehaviourCheck | None = None

    async def format_changes(self, workspace: Workspace) -> None:
        """Format the changed files in the worktree."""
        await self.verifier.format_files(workspace, await _list_changed(workspace))

    async def __call__(self, assignment: Assignment, workspace: Workspace) -> Verdict:
        """Format uncommitted work and check it, the cheapest checks first, up to a failure.

        A part of a change is not replayed. Raises `VerifierError`, `WorkspaceError`.
        """
        await self.format_changes(workspace)
        plan, change = assignment.plan, await _build_change(workspace)
        findings = await self.gate.inspect_change(
            plan,
            change,
            workspace,
            assignment.named,
            frozenset(test.path for test in plan.reproductions),
            frozenset(),
        )
        verdict = Verdict(
            head="", round=assignment.round, findings=findings, sandbox=self.verifier.sandbox
        )
        for kind in _KINDS if assignment.part is None else _KINDS_OF_PARTS:
            if verdict.has_objections:
                return verdict
            if kind == "tests":
                verdict = await self._reproduce(assignment, workspace, verdict)
                if verdict.has_objections:
                    return verdict
            verdict = await self._run_checks(kind, workspace, verdict)
        if assignment.part is not None or verdict.has_objections:
            return verdict
        snapshot = change.replace(head=await workspace.take_snapshot())
        return await self._replay(assignment, snapshot, workspace, verdict)

    async def _run_checks(self, kind: CheckKind, workspace: Workspace, verdict: Verdict) -> Verdict:
        changed = await _list_changed(workspace)
        checks = await self.verifier.run_checks(
            "quick", workspace, changed, _ignore_check, only=kind
        )
        failing_before = await self.gate.find_failing_before(checks, workspace, changed)
        return verdict.replace(
            checks=(*verdict.checks, *checks),
            failing_before=(*verdict.failing_before, *failing_before),
        )

    async def _reproduce(
        self, assignment: Assignment, workspace: Workspace, verdict: Verdict
    ) -> Verdict:
        """Add the result of the tests that fail on base; of several, one that still fails."""
        tests = assignment.plan.reproductions
        if not tests:
            return verdict
        results = await self.verifier.run_reproductions(tests, workspace)
        pairs = list(zip(tests, results, strict=True))
        test, shown = next((pair for pair in pairs if not pair[1].ok), pairs[0])
        return verdict.replace(passing_on_head=shown.replace(name=f"reproduction {test.calls}"))

    # Replays

    async def _replay(
        self, assignment: Assignment, change: ChangeSet, workspace: Workspace, verdict: Verdict
    ) -> Verdict:
        """Add what needs a commit, up to the first objection: replays, the start, proofs."""
        verdict = await self._replay_failure(assignment, change, verdict)
        if self.gate.start is not None and not verdict.has_objections:
            started = await self.gate.start(change.head, change.base)
            verdict = verdict.replace(checks=(*verdict.checks, started))
        if not verdict.has_objections:
            verdict = await self._prove(assignment, change, workspace, verdict)
        if self.behaviour is None or verdict.has_objections:
            return verdict
        found = await self.behaviour(change)
        if assignment.brief is not None:
            found = excuse_requested_changes(found, assignment.brief)
        # Output that was reported as incorrect has to change; people judge on the card how.
        finding = build_finding(found, blocking=not assignment.expects_other_output)
        added: tuple[Finding, ...] = () if finding is None else (finding,)
        return verdict.replace(behaviour=found, findings=(*verdict.findings, *added))

    async def _replay_failure(
        self, assignment: Assignment, change: ChangeSet, verdict: Verdict
    ) -> Verdict:
        proof, replays = assignment.plan.replay_proof, self.gate.replays
        if proof is None or replays is None:
            return verdict
        try:
            base, head = await replays.prove(proof, change.base, change.head)
        except VerifierError:
            return verdict  # says nothing against the change; the gate tries again and reports it
        if not head.ok or verdict.passing_on_head is None:
            verdict = verdict.replace(failing_on_base=base, passing_on_head=head)
        return verdict

    async def _prove(
        self, assignment: Assignment, change: ChangeSet, workspace: Workspace, verdict: Verdict
    ) -> Verdict:
        """Add the proofs of what was agreed on, where people asked for a change."""
        brief = assignment.brief
        if brief is None or self.proofs is None:
            return verdict
        missing = await find_missing_entry(brief, change, workspace)
        verdict = verdict.replace(findings=(*verdict.findings, *missing))
        account = Account(purpose="chat", person_id=assignment.person_id, run_id=assignment.run_id)
        return await self.proofs(CurrentChange(brief, change, workspace, verdict, account))


async def _build_change(workspace: Workspace) -> ChangeSet:
    """Return the change in the worktree, which has no commit."""
    return ChangeSet(
        base=workspace.base,
        head="",
        branch=workspace.branch,
        engine="",
        summary="",
        files=await workspace.list_changes(),
        diff=await workspace.get_diff(),
    )


async def _list_changed(workspace: Workspace) -> list[str]:
    return [file.path for file in await workspace.list_changes() if file.status != "deleted"]


async def _ignore_check(_: CheckResult) -> None:
    """Ignore a single result; the caller waits for all of them."""
