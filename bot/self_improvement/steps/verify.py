"""Verify: checks the newest head and continues according to the verdict."""

from bot.authority.named_files import collect_named_files
from bot.domain.account import Account
from bot.domain.change import ChangeSet, Verdict
from bot.domain.history import History
from bot.domain.proposal import ForgeProposal
from bot.domain.record import Record
from bot.domain.revision import Revision
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.ports.workspace import Workspace
from bot.self_improvement.behaviour_check import (
    BehaviourCheck,
    build_finding,
    excuse_requested_changes,
)
from bot.self_improvement.change_proofs import ChangeProofs, CurrentChange
from bot.self_improvement.changelog_check import find_missing_entry
from bot.self_improvement.messages import (
    describe_unrelated,
    format_requests,
    format_rounds,
    summarise_failure,
)
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.revert_rehearsal import RevertRehearsal
from bot.self_improvement.step_context import StepContext, is_pushed_by_others, need
from bot.self_improvement.steps._answer_plan import get_incorrect_output
from bot.self_improvement.steps._reverted_changes import RevertedChanges


class VerifyStep:
    """Proposes a head that holds. Otherwise it starts another round or ends the run."""

    def __init__(
        self,
        context: StepContext,
        gate: QualityGate,
        reverted: RevertedChanges,
        behaviour: BehaviourCheck | None,
        proofs: ChangeProofs | None,
        revert_rehearsal: RevertRehearsal | None,
        *,
        can_follow_instructions: bool,
    ) -> None:
        self._context = context
        self._gate = gate
        self._reverted = reverted
        self._behaviour = behaviour
        self._proofs = proofs
        self._revert_rehearsal = revert_rehearsal
        self._can_follow_instructions = can_follow_instructions

    async def perform(self, run: Run, history: History) -> Run:
        """Check the newest head: our own, or a commit that was pushed to the branch."""
        context, change = self._context, need(history.change_set)
        async with context.open_workspace(run, need(history.evidence), at=change.head) as workspace:
            if history.proposal is not None:
                opened = await context.get_pull_request(run, history, history.proposal)
                if opened.state != "open":
                    # the poller reports its state
                    return await context.transitions.wait(run, Edge.BRANCH_MOVED)
                if is_pushed_by_others(opened, history):
                    history = await self._drop_overtaken_revision(run, history, opened)
                    change = await _as_pushed(need(history.change_set), opened.head, workspace)
            verdict = await self._verify(run, history, change, workspace)
        return await self._judge(run, history, change, verdict)

    async def _verify(
        self, run: Run, history: History, change: ChangeSet, workspace: Workspace
    ) -> Verdict:
        """Return the verdict; a revert has its own verification."""
        if run.goal == "revert":
            return await self._reverted.verify(run, history, change, workspace)
        verdict = await self._gate(
            need(history.plan),
            change,
            workspace,
            round_number=run.round,
            on_check=self._context.build_check_handler(run, history),
            named=collect_named_files(run, history),
            is_proven_otherwise=run.goal == "change" and self._proofs is not None,
        )
        verdict = await self._add_proofs(run, history, change, workspace, verdict)
        verdict = await self._add_comparison(run, history, change, verdict)
        return await self._add_revert_trial(run, history, change, verdict)

    async def _add_proofs(
        self,
        run: Run,
        history: History,
        change: ChangeSet,
        workspace: Workspace,
        verdict: Verdict,
    ) -> Verdict:
        """Add the proofs of the agreed change to a verdict whose checks passed."""
        passed = bool(verdict.checks) and all(check.ok for check in verdict.checks)
        blocked = any(finding.blocking for finding in verdict.findings)
        if run.goal != "change" or self._proofs is None or not passed or blocked:
            return verdict
        await self._context.notifier.refresh(run, history, "proving what was agreed on")
        brief = need(history.brief)
        missing = await find_missing_entry(brief, change, workspace)
        verdict = verdict.replace(findings=(*verdict.findings, *missing))
        asker = run.trigger.person.id
        account = Account(purpose="chat", person_id=asker, run_id=run.id)
        return await self._proofs(CurrentChange(brief, change, workspace, verdict, account))

    async def _add_comparison(
        self, run: Run, history: History, change: ChangeSet, verdict: Verdict
    ) -> Verdict:
        """Add to a passing verdict what changes for users.

        A fix may change only what failed. Other changes go back to an engine that follows
        instructions, while rounds are left. What remains is shown on the card for people to judge.
        After a report of incorrect output all changes are shown, because output is expected to
        change. Changes that a brief asks for do not count.
        """
        if self._behaviour is None or not verdict.is_passing or verdict.behaviour is not None:
            return verdict
        await self._context.notifier.refresh(run, history, "comparing what people see")
        found = await self._behaviour(change)
        if history.brief is not None:
            found = excuse_requested_changes(found, history.brief)
        is_own_change = history.proposal is None or history.revising is not None
        is_own_change = is_own_change and get_incorrect_output(run, history) is None
        may_go_back = (
            is_own_change
            and self._can_follow_instructions
            and self._count_rounds(run) < self._context.limits.rounds
        )
        finding = build_finding(found, blocking=may_go_back) if run.goal != "revert" else None
        findings = (*verdict.findings, finding) if finding else verdict.findings
        return verdict.replace(behaviour=found, findings=findings)

    async def _add_revert_trial(
        self, run: Run, history: History, change: ChangeSet, verdict: Verdict
    ) -> Verdict:
        """Add to a passing verdict whether the change can be reverted; people judge this."""
        if self._revert_rehearsal is None or not verdict.is_passing:
            return verdict
        await self._context.notifier.refresh(run, history, "trying to revert it")
        return verdict.replace(revert_trial=await self._revert_rehearsal(change, history.brief))

    def _count_rounds(self, run: Run) -> int:
        """Return the number of rounds since the work or the revision began."""
        return run.round - run.first_round + 1

    async def _drop_overtaken_revision(
        self, run: Run, history: History, opened: ForgeProposal
    ) -> History:
        """Return the history without a revision that a pushed commit has replaced.

        Its instructions are applied to the pushed commit once that commit holds.
        """
        revising = history.revising
        if revising is None:
            return history
        text = (
            f"`{opened.head[:7]}` was pushed to the branch while I was revising. The pushed commit "
            "counts, and I drop what I had written. I check that commit and go on from it."
        )
        await self._context.notifier.say(run, text, key=f"overtaken:{opened.head}")
        finished = revising.replace(is_finished=True)
        return history.replace(revision=finished, change_set=revising.change_set)

    async def _judge(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        transitions, failures = self._context.transitions, self._context.failures
        records = _build_records(history, change, verdict)
        if verdict.is_passing:
            return await self._accept(run, history, change, verdict)
        if history.proposal is not None and history.revising is None:
            text = (
                f"The branch moved to `{verdict.head[:7]}` and that commit does not pass: "
                f"{summarise_failure(verdict)}. Earlier approvals and cards no longer count. Push "
                "a commit that passes, or reject."
            )
            await failures.say_round(run, verdict, text, key=f"moved:{verdict.head}")
            return await transitions.wait(run, Edge.BRANCH_MOVED, *records)
        done = self._count_rounds(run)
        again_helps = not verdict.is_failing_as_before and run.goal != "revert"
        if again_helps and done < self._context.limits.rounds:
            next_round = run.replace(round=run.round + 1)
            failure_text = f"{summarise_failure(verdict)}.{describe_unrelated(change)}"
            text = f"Round {run.round} does not hold: {failure_text} Trying again."
            key = f"round:{run.attempt}:{run.round}"
            await failures.say_round(run, verdict, text, key=key)
            return await transitions.advance(next_round, Edge.ANOTHER_ROUND, *records)
        failure = summarise_failure(verdict)
        why = f"{failure} (after {format_rounds(done)}).{describe_unrelated(change)}"
        if verdict.is_failing_as_before:
            why = (
                f"{failure}. The failure is gone, but these checks fail without my change too, so "
                "they prove nothing: fix them first."
            )
        so_far = self._context.candidates.get_candidates(run, history)
        if so_far is not None:
            next_run = await self._context.candidates.drop(run, so_far, why, change, verdict)
            if next_run is not None:
                return next_run
        if history.revising is not None:
            key = f"unrevised:{run.attempt}:{run.round}"
            text = f"Round {run.round} does not hold: {summarise_failure(verdict)}."
            await failures.say_round(run, verdict, text, key=key)
            return await failures.give_up_revision(run, history, why, change)
        return await transitions.end(run, Edge.FAILED, f"No proposal: {why}", *records)

    async def _accept(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        """Propose a head that holds; first apply instructions that arrived meanwhile."""
        transitions, records = self._context.transitions, _build_records(history, change, verdict)
        known = await self._context.services.store.get_history(run.id)
        later = known.replace(change_set=change).pending_instructions
        if not later or not self._can_follow_instructions:
            so_far = self._context.candidates.get_candidates(run, history)
            if so_far is not None:
                return await self._context.candidates.accept(run, so_far, change, verdict)
            return await transitions.advance(run, Edge.NEXT_STEP, *records)
        text = f"`{verdict.head[:7]}` holds. Next is what {format_requests(later)}."
        round_number = run.round + 1
        total = change.instruction_count + len(later)
        revision = Revision(change_set=change, verdict=verdict, instruction_count=total)
        next_round = run.replace(round=round_number, first_round=round_number)
        saved = await transitions.advance(next_round, Edge.ANOTHER_ROUND, change, verdict, revision)
        await self._context.notifier.say(saved, text, key=f"more:{run.attempt}:{run.round}")
        return saved


def _build_records(history: History, change: ChangeSet, verdict: Verdict) -> tuple[Record, ...]:
    """Return the records to save for a judged head, with a replaced revision as finished."""
    is_finished = history.revision is not None and history.revision.is_finished
    return (
        (change, verdict, history.revision)
        if is_finished and history.revision
        else (change, verdict)
    )


async def _as_pushed(change: ChangeSet, head: str, workspace: Workspace) -> ChangeSet:
    """Return the change as it is at the forge, because people may push to the branch too."""
    await workspace.fetch(head)
    by_hand = " (with a commit pushed by hand)"
    return change.replace(
        head=head,
        summary=change.summary.removesuffix(by_hand) + by_hand,
        review="",
        approved=None,
        proven="",
        reverted_commit="",
        plausible_edit=change.plausible_edit.replace(by_hand=True)
        if change.plausible_edit
        else None,
        files=await workspace.list_changes(),
        diff=await workspace.get_diff(),
    )
