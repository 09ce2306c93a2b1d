"""Verify: check the newest head, and say what follows from its verdict."""

from bot.authority.protection import collect_named_files
from bot.domain.account import Account
from bot.domain.change import ChangeSet, Verdict
from bot.domain.history import History
from bot.domain.proposal import ForgeProposal
from bot.domain.record import Record
from bot.domain.revision import Revision
from bot.domain.run import Run, Stage, Status
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
from bot.self_improvement.steps.revert import RevertSteps


class VerifyStep:
    """Proposes a head that holds; one that does not is tried again, or ends the run."""

    def __init__(
        self,
        context: StepContext,
        gate: QualityGate,
        revert: RevertSteps,
        behaviour: BehaviourCheck | None,
        proofs: ChangeProofs | None,
        revert_rehearsal: RevertRehearsal | None,
        *,
        can_follow_instructions: bool,
    ) -> None:
        self._context = context
        self._gate = gate
        self._revert = revert
        self._behaviour = behaviour
        self._proofs = proofs
        self._revert_rehearsal = revert_rehearsal
        self._can_follow_instructions = can_follow_instructions

    async def perform(self, run: Run, history: History) -> Run:
        """Check the newest head: ours, or one that somebody pushed to the branch."""
        context, change = self._context, need(history.change_set)
        async with context.open_workspace(run, need(history.evidence), at=change.head) as workspace:
            if history.proposal is not None:
                opened = await context.get_pull_request(run, history, history.proposal)
                if opened.state != "open":
                    return await context.transitions.wait(run)  # the sweep says what became of it
                if is_pushed_by_others(opened, history):
                    history = await self._drop_overtaken_revision(run, history, opened)
                    change = await _as_pushed(need(history.change_set), opened.head, workspace)
            verdict = await self._verify(run, history, change, workspace)
        return await self._judge(run, history, change, verdict)

    async def _verify(
        self, run: Run, history: History, change: ChangeSet, workspace: Workspace
    ) -> Verdict:
        """Return what verification says; only a revert, which no engine wrote, needs no test."""
        if run.goal == "revert":
            return await self._revert.verify(run, history, change, workspace)
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
        """Add to a verdict whose checks passed what proves the change that was agreed on."""
        passed = bool(verdict.checks) and all(check.ok for check in verdict.checks)
        blocked = any(finding.blocking for finding in verdict.findings)
        if run.goal != "change" or self._proofs is None or not passed or blocked:
            return verdict
        await self._context.notifier.refresh(run, history, "proving what was agreed on")
        brief = need(history.brief)
        owed = await find_missing_entry(brief, change, workspace)
        verdict = verdict.replace(findings=(*verdict.findings, *owed))
        asker = run.trigger.person.id
        account = Account(purpose="chat", person_id=asker, run_id=run.id)
        return await self._proofs(CurrentChange(brief, change, workspace, verdict, account))

    async def _add_comparison(
        self, run: Run, history: History, change: ChangeSet, verdict: Verdict
    ) -> Verdict:
        """Add to a green verdict what changes for people.

        A fix may change only what failed: anything else goes back to an engine that follows words,
        as long as it has a round left. What remains then stands on the card, for people to judge;
        so does all of it where an answer was called wrong, for then answers are meant to change.
        Of a wanted change, so are those that its brief says are to be other ones.
        """
        if self._behaviour is None or not verdict.is_passing or verdict.behaviour is not None:
            return verdict
        await self._context.notifier.refresh(run, history, "comparing what people see")
        found = await self._behaviour(change)
        if history.brief is not None:
            found = excuse_requested_changes(found, history.brief)
        ours = history.proposal is None or history.revising is not None
        ours = ours and get_incorrect_output(run, history) is None
        again = (
            ours
            and self._can_follow_instructions
            and self._count_rounds(run) < self._context.limits.rounds
        )
        finding = build_finding(found, blocking=again) if run.goal != "revert" else None
        findings = (*verdict.findings, finding) if finding else verdict.findings
        return verdict.replace(behaviour=found, findings=findings)

    async def _add_revert_trial(
        self, run: Run, history: History, change: ChangeSet, verdict: Verdict
    ) -> Verdict:
        """Add to a green verdict whether the change can be taken back; people judge of that."""
        if self._revert_rehearsal is None or not verdict.is_passing:
            return verdict
        await self._context.notifier.refresh(run, history, "trying to take it back")
        return verdict.replace(revert_trial=await self._revert_rehearsal(change, history.brief))

    def _count_rounds(self, run: Run) -> int:
        """Return how many rounds there were since the work, or the revision, began."""
        return run.round - run.first_round + 1

    async def _drop_overtaken_revision(
        self, run: Run, history: History, opened: ForgeProposal
    ) -> History:
        """Return the history without a revision that somebody's push has overtaken.

        What people asked is asked again of the commit that was pushed, once that one holds.
        """
        revising = history.revising
        if revising is None:
            return history
        text = (
            f"`{opened.head[:7]}` was pushed to the branch while I was revising: it counts, and "
            "what I had written is dropped. I check that commit, then go on from it."
        )
        await self._context.notifier.say(run, text, key=f"overtaken:{opened.head}")
        over = revising.replace(is_finished=True)
        return history.replace(revision=over, change_set=revising.change_set)

    async def _judge(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        transitions, failures = self._context.transitions, self._context.failures
        records = _build_records(history, change, verdict)
        if verdict.is_passing:
            return await self._accept(run, history, change, verdict)
        if history.proposal is not None and history.revising is None:
            text = (
                f"The branch moved to `{verdict.head[:7]}` and that commit does not pass: "
                f"{summarise_failure(verdict)}. Earlier approvals and cards no longer count; push a commit "
                "that passes, or reject."
            )
            await failures.say_round(run, verdict, text, key=f"moved:{verdict.head}")
            return await transitions.wait(run, *records)
        done = self._count_rounds(run)
        again_helps = not verdict.is_failing_as_before and run.goal != "revert"
        if again_helps and done < self._context.limits.rounds:
            again = run.replace(round=run.round + 1)
            told = f"{summarise_failure(verdict)}.{describe_unrelated(change)}"
            text = f"Round {run.round} does not hold: {told} Trying again."
            key = f"round:{run.attempt}:{run.round}"
            await failures.say_round(run, verdict, text, key=key)
            return await transitions.advance(again, Stage.EXECUTE, *records)
        why = f"{summarise_failure(verdict)} (after {format_rounds(done)}).{describe_unrelated(change)}"
        if verdict.is_failing_as_before:
            why = (
                f"{summarise_failure(verdict)}. The failure is gone, but these checks fail without my "
                "change too, so they prove nothing: mend them first."
            )
        so_far = self._context.candidates.get_candidates(run, history)
        if so_far is not None:
            after = await self._context.candidates.drop(run, so_far, why, change, verdict)
            if after is not None:
                return after
        if history.revising is not None:
            key = f"unrevised:{run.attempt}:{run.round}"
            text = f"Round {run.round} does not hold: {summarise_failure(verdict)}."
            await failures.say_round(run, verdict, text, key=key)
            return await failures.give_up_revision(run, history, why, change)
        return await transitions.end(run, Status.FAILED, f"No proposal: {why}", *records)

    async def _accept(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        """Propose a head that holds; first go on with what was asked while it was written."""
        transitions, records = self._context.transitions, _build_records(history, change, verdict)
        known = await self._context.services.store.get_history(run.id)
        later = known.replace(change_set=change).pending_instructions
        if not later or not self._can_follow_instructions:
            so_far = self._context.candidates.get_candidates(run, history)
            if so_far is not None:
                return await self._context.candidates.accept(run, so_far, change, verdict)
            return await transitions.advance(run, Stage.PROPOSE, *records)
        asked = f"`{verdict.head[:7]}` holds. Now for what {format_requests(later)}."
        first = run.round + 1
        total = change.instruction_count + len(later)
        revision = Revision(change_set=change, verdict=verdict, instruction_count=total)
        again = run.replace(round=first, first_round=first)
        saved = await transitions.advance(again, Stage.EXECUTE, change, verdict, revision)
        await self._context.notifier.say(saved, asked, key=f"more:{run.attempt}:{run.round}")
        return saved


def _build_records(history: History, change: ChangeSet, verdict: Verdict) -> tuple[Record, ...]:
    """Return what to save of a judged head; a revision that was overtaken is over."""
    over = history.revision is not None and history.revision.is_finished
    return (change, verdict, history.revision) if over and history.revision else (change, verdict)


async def _as_pushed(change: ChangeSet, head: str, workspace: Workspace) -> ChangeSet:
    """Return the change as it is at the forge: people may push to the branch too."""
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
