"""Verify: checks the newest head and continues according to the verdict."""

from dataclasses import dataclass

from theseus_guard.record import Record

from bot.domain.change import ChangeSet, Verdict
from bot.domain.history import History
from bot.domain.proposal import ForgeProposal
from bot.domain.revision import Revision
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.ports.store import Store
from bot.ports.workspace import Workspace
from bot.self_improvement.reporting.messages import (
    describe_unrelated,
    format_requests,
    format_rounds,
    summarise_failure,
)
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.candidate_selection import CandidateSelection
from bot.self_improvement.runs.engine_choice import WritingEngines
from bot.self_improvement.runs.failures import StepFailures
from bot.self_improvement.runs.patient_forge import PatientForge
from bot.self_improvement.runs.run_records import is_pushed_by_others, need
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.run_workspaces import RunWorkspaces
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.steps._head_check import HeadCheck, count_rounds


@dataclass(frozen=True, eq=False)
class VerdictFollowUp:
    """Proposes a head that holds. Otherwise it starts another round or ends the run."""

    engines: WritingEngines
    candidates: CandidateSelection
    failures: StepFailures
    transitions: RunTransitions
    notifier: RunNotifier
    store: Store
    limits: RunSettings

    async def follow(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        """Handle the verdict of a run's newest head."""
        transitions, failures = self.transitions, self.failures
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
        done = count_rounds(run)
        again_helps = not verdict.is_failing_as_before and run.goal != "revert"
        if again_helps and done < self.limits.rounds:
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
        so_far = self.candidates.get_candidates(run, history)
        if so_far is not None:
            next_run = await self.candidates.drop(run, so_far, why, change, verdict)
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
        transitions, records = self.transitions, _build_records(history, change, verdict)
        known = await self.store.get_history(run.id)
        later = known.replace(change_set=change).pending_instructions
        if not later or not self.engines.can_follow_instructions:
            so_far = self.candidates.get_candidates(run, history)
            if so_far is not None:
                return await self.candidates.accept(run, so_far, change, verdict)
            return await transitions.advance(run, Edge.NEXT_STEP, *records)
        text = f"`{verdict.head[:7]}` holds. Next is what {format_requests(later)}."
        round_number = run.round + 1
        total = change.instruction_count + len(later)
        revision = Revision(change_set=change, verdict=verdict, instruction_count=total)
        next_round = run.replace(round=round_number, first_round=round_number)
        saved = await transitions.advance(next_round, Edge.ANOTHER_ROUND, change, verdict, revision)
        await self.notifier.say(saved, text, key=f"more:{run.attempt}:{run.round}")
        return saved


@dataclass(frozen=True, eq=False)
class VerifyStep:
    """Checks the newest head of a run."""

    head_check: HeadCheck
    follow_up: VerdictFollowUp
    workspaces: RunWorkspaces
    forge: PatientForge
    transitions: RunTransitions
    notifier: RunNotifier

    async def perform(self, run: Run, history: History) -> Run:
        """Check the newest head: our own, or a commit that was pushed to the branch."""
        change, evidence = need(history.change_set), need(history.evidence)
        if (judged := _find_verdict_of_choice(run, history)) is not None:
            return await self.follow_up.follow(run, history, change, judged)
        async with self.workspaces.open(run, evidence, at=change.head) as workspace:
            if history.proposal is not None:
                opened = await self.forge.get_pull_request(run, history, history.proposal)
                if opened.state != "open":
                    # the poller reports its state
                    return await self.transitions.wait(run, Edge.BRANCH_MOVED)
                if is_pushed_by_others(opened, history):
                    history = await self._drop_overtaken_revision(run, history, opened)
                    change = await _as_pushed(need(history.change_set), opened.head, workspace)
            verdict = await self.head_check.verify(run, history, change, workspace)
        return await self.follow_up.follow(run, history, change, verdict)

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
        await self.notifier.say(run, text, key=f"overtaken:{opened.head}")
        finished = revising.replace(is_finished=True)
        return history.replace(revision=finished, change_set=revising.change_set)


def _find_verdict_of_choice(run: Run, history: History) -> Verdict | None:
    """Return the verdict on a candidate that was chosen in this round and judged for that.

    Nothing else is believed: what is proposed already, or revised, is checked again.
    """
    candidates, change, verdict = history.candidates, history.change_set, history.verdict
    if candidates is None or not candidates.chosen or candidates.attempt != run.attempt:
        return None
    # Records of older versions do not say it, but only candidates side by side had an approach.
    is_judged = candidates.is_side_by_side or bool(candidates.approach)
    if history.proposal is not None or history.revising is not None or not is_judged:
        return None
    is_same = change and verdict and (verdict.head, verdict.round) == (change.head, run.round)
    return verdict if is_same else None


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
