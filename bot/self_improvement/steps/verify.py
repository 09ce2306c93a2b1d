"""Verify: check the newest head, and say what follows from its verdict."""

from bot.authority.protection import named_files
from bot.domain.account import Account
from bot.domain.change import ChangeSet, Verdict
from bot.domain.history import History
from bot.domain.proposal import ForgeProposal
from bot.domain.record import Record
from bot.domain.revision import Revision
from bot.domain.run import Run, Stage, Status
from bot.ports.workspace import Workspace
from bot.self_improvement.behaviour_check import BehaviourCheck, behaviour_finding, besides
from bot.self_improvement.change_proofs import ChangeAtHand, ChangeProofs
from bot.self_improvement.messages import asked_by, complaint, excused, rounds
from bot.self_improvement.owed import owed_findings
from bot.self_improvement.quality_gate import QualityGate
from bot.self_improvement.step_context import StepContext, need, pushed_by_others
from bot.self_improvement.steps._answer_plan import wrong_answer_of
from bot.self_improvement.steps.revert import RevertSteps
from bot.self_improvement.undo_rehearsal import UndoRehearsal


class VerifyStep:
    """Proposes a head that holds; one that does not is tried again, or ends the run."""

    def __init__(
        self,
        context: StepContext,
        gate: QualityGate,
        revert: RevertSteps,
        behaviour: BehaviourCheck | None,
        proofs: ChangeProofs | None,
        undo: UndoRehearsal | None,
        *,
        follows_words: bool,
    ) -> None:
        self._context = context
        self._gate = gate
        self._revert = revert
        self._behaviour = behaviour
        self._proofs = proofs
        self._undo = undo
        self._follows_words = follows_words

    async def perform(self, run: Run, history: History) -> Run:
        """Check the newest head: ours, or one that somebody pushed to the branch."""
        context, change = self._context, need(history.change_set)
        async with context.lend(run, need(history.evidence), at=change.head) as workspace:
            if history.proposal is not None:
                opened = await context.opened(run, history, history.proposal)
                if opened.state != "open":
                    return await context.transitions.wait(run)  # the sweep says what became of it
                if pushed_by_others(opened, history):
                    history = await self._overtaken(run, history, opened)
                    change = await _as_pushed(need(history.change_set), opened.head, workspace)
            verdict = await self._verdict(run, history, change, workspace)
        return await self._judge(run, history, change, verdict)

    async def _verdict(
        self, run: Run, history: History, change: ChangeSet, workspace: Workspace
    ) -> Verdict:
        """Return what verification says; only a revert, which no engine wrote, needs no test."""
        if run.goal == "revert":
            return await self._revert.verdict(run, history, change, workspace)
        verdict = await self._gate(
            need(history.plan),
            change,
            workspace,
            round_number=run.round,
            on_check=self._context.checking(run, history),
            named=named_files(run, history),
            proven_apart=run.goal == "change" and self._proofs is not None,
        )
        verdict = await self._proven(run, history, change, workspace, verdict)
        verdict = await self._compared(run, history, change, verdict)
        return await self._taken_back(run, history, change, verdict)

    async def _proven(
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
        owed = await owed_findings(brief, change, workspace)
        verdict = verdict.but(findings=(*verdict.findings, *owed))
        asker = run.trigger.person.id
        account = Account(purpose="chat", person_id=asker, run_id=run.id)
        return await self._proofs(ChangeAtHand(brief, change, workspace, verdict, account))

    async def _compared(
        self, run: Run, history: History, change: ChangeSet, verdict: Verdict
    ) -> Verdict:
        """Add to a green verdict what changes for people.

        A fix may change only what failed: anything else goes back to an engine that follows words,
        as long as it has a round left. What remains then stands on the card, for people to judge;
        so does all of it where an answer was called wrong, for then answers are meant to change.
        Of a wanted change, so are those that its brief says are to be other ones.
        """
        if self._behaviour is None or not verdict.green or verdict.behaviour is not None:
            return verdict
        await self._context.notifier.refresh(run, history, "comparing what people see")
        found = await self._behaviour(change)
        if history.brief is not None:
            found = besides(found, history.brief)
        ours = history.proposal is None or history.revising is not None
        ours = ours and wrong_answer_of(run, history) is None
        again = ours and self._follows_words and self._rounds(run) < self._context.limits.rounds
        finding = behaviour_finding(found, blocking=again) if run.goal != "revert" else None
        findings = (*verdict.findings, finding) if finding else verdict.findings
        return verdict.but(behaviour=found, findings=findings)

    async def _taken_back(
        self, run: Run, history: History, change: ChangeSet, verdict: Verdict
    ) -> Verdict:
        """Add to a green verdict whether the change can be taken back; people judge of that."""
        if self._undo is None or not verdict.green:
            return verdict
        await self._context.notifier.refresh(run, history, "trying to take it back")
        return verdict.but(undo=await self._undo(change, history.brief))

    def _rounds(self, run: Run) -> int:
        """Return how many rounds there were since the work, or the revision, began."""
        return run.round - run.first_round + 1

    async def _overtaken(self, run: Run, history: History, opened: ForgeProposal) -> History:
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
        over = revising.but(over=True)
        return history.but(revision=over, change_set=revising.change_set)

    async def _judge(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        transitions, failures = self._context.transitions, self._context.failures
        records = _records(history, change, verdict)
        if verdict.green:
            return await self._holds(run, history, change, verdict)
        if history.proposal is not None and history.revising is None:
            text = (
                f"The branch moved to `{verdict.head[:7]}` and that commit does not pass: "
                f"{complaint(verdict)}. Earlier approvals and cards no longer count; push a commit "
                "that passes, or reject."
            )
            await failures.say_round(run, verdict, text, key=f"moved:{verdict.head}")
            return await transitions.wait(run, *records)
        done = self._rounds(run)
        again_helps = not verdict.red_anyway and run.goal != "revert"
        if again_helps and done < self._context.limits.rounds:
            again = run.but(round=run.round + 1)
            told = f"{complaint(verdict)}.{excused(change)}"
            text = f"Round {run.round} does not hold: {told} Trying again."
            key = f"round:{run.attempt}:{run.round}"
            await failures.say_round(run, verdict, text, key=key)
            return await transitions.advance(again, Stage.EXECUTE, *records)
        why = f"{complaint(verdict)} (after {rounds(done)}).{excused(change)}"
        if verdict.red_anyway:
            why = (
                f"{complaint(verdict)}. The failure is gone, but these checks fail without my "
                "change too, so they prove nothing: mend them first."
            )
        so_far = self._context.candidates.under_way(run, history)
        if so_far is not None:
            after = await self._context.candidates.dropped(run, so_far, why, change, verdict)
            if after is not None:
                return after
        if history.revising is not None:
            key = f"unrevised:{run.attempt}:{run.round}"
            text = f"Round {run.round} does not hold: {complaint(verdict)}."
            await failures.say_round(run, verdict, text, key=key)
            return await failures.stand(run, history, why, change)
        return await transitions.end(run, Status.FAILED, f"No proposal: {why}", *records)

    async def _holds(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        """Propose a head that holds; first go on with what was asked while it was written."""
        transitions, records = self._context.transitions, _records(history, change, verdict)
        known = await self._context.services.store.history(run.id)
        later = known.but(change_set=change).unheard
        if not later or not self._follows_words:
            so_far = self._context.candidates.under_way(run, history)
            if so_far is not None:
                return await self._context.candidates.held(run, so_far, change, verdict)
            return await transitions.advance(run, Stage.PROPOSE, *records)
        asked = f"`{verdict.head[:7]}` holds. Now for what {asked_by(later)}."
        first = run.round + 1
        total = change.heard + len(later)
        revision = Revision(change_set=change, verdict=verdict, heard=total)
        again = run.but(round=first, first_round=first)
        saved = await transitions.advance(again, Stage.EXECUTE, change, verdict, revision)
        await self._context.notifier.say(saved, asked, key=f"more:{run.attempt}:{run.round}")
        return saved


def _records(history: History, change: ChangeSet, verdict: Verdict) -> tuple[Record, ...]:
    """Return what to save of a judged head; a revision that was overtaken is over."""
    over = history.revision is not None and history.revision.over
    return (change, verdict, history.revision) if over and history.revision else (change, verdict)


async def _as_pushed(change: ChangeSet, head: str, workspace: Workspace) -> ChangeSet:
    """Return the change as it is at the forge: people may push to the branch too."""
    await workspace.fetch(head)
    by_hand = " (with a commit pushed by hand)"
    return change.but(
        head=head,
        summary=change.summary.removesuffix(by_hand) + by_hand,
        review="",
        approved=None,
        proven="",
        undoes="",
        unproven=change.unproven.but(by_hand=True) if change.unproven else None,
        files=await workspace.changes(),
        diff=await workspace.diff(),
    )
