"""Verify and propose: nothing is proposed but a head that holds."""

from bot.domain.change import ChangeSet, Verdict
from bot.domain.errors import ForgeConflict
from bot.domain.history import History
from bot.domain.proposal import ForgeProposal, Proposal
from bot.domain.record import Record
from bot.domain.revision import Revision
from bot.domain.run import Run, Stage, Status
from bot.ports.workspace import Workspace
from bot.self_improvement._kit import Kit, need
from bot.self_improvement._named import named_files
from bot.self_improvement._quorum import Quorum
from bot.self_improvement._undoing import Undoing
from bot.self_improvement._words import asked_by, complaint, rounds


class Proving:
    """Checks a head, says what follows from that, and proposes it."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._undoing = Undoing(kit)

    async def verify(self, run: Run, history: History) -> Run:
        """Check the newest head: ours, or one that somebody pushed to the branch."""
        kit, change = self._kit, need(history.change_set)
        async with kit.lend(run, need(history.evidence)) as workspace:
            if history.proposal is not None:
                opened = await self._opened(run, history, history.proposal)
                if opened.state != "open":
                    return await kit.keeper.wait(run)  # the sweep says what became of it
                if _pushed(opened, history, change):
                    history = await self._overtaken(run, history, opened)
                    change = await _as_pushed(need(history.change_set), opened.head, workspace)
            verdict = await self._verdict(run, history, change, workspace)
        return await self._judge(run, history, change, verdict)

    async def _verdict(
        self, run: Run, history: History, change: ChangeSet, workspace: Workspace
    ) -> Verdict:
        """Return what verification says; only a revert, which no engine wrote, needs no test."""
        if run.goal == "revert":
            return await self._undoing.verdict(run, history, change, workspace)
        return await self._kit.stages.verify(
            need(history.plan),
            change,
            workspace,
            round_number=run.round,
            on_check=self._kit.checking(run, history),
            named=named_files(run, history),
        )

    async def _opened(self, run: Run, history: History, proposal: Proposal) -> ForgeProposal:
        forge = self._kit.doors.forge
        return await self._kit.patiently(run, history, lambda: forge.proposal(proposal.number))

    async def _was_pushed(self, run: Run, history: History) -> bool:
        """Whether somebody pushed once more, which is no fault of what we propose."""
        if history.proposal is None:
            return False
        opened = await self._opened(run, history, history.proposal)
        return _pushed(opened, history, need(history.change_set))

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
        await self._kit.voice.say(run, text, key=f"overtaken:{opened.head}")
        over = revising.but(over=True)
        return history.but(revision=over, change_set=revising.change_set)

    async def _judge(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        keeper, records = self._kit.keeper, _records(history, change, verdict)
        if verdict.green:
            return await self._holds(run, history, change, verdict)
        if history.proposal is not None and history.revising is None:
            text = (
                f"The branch moved to `{verdict.head[:7]}` and that commit does not pass: "
                f"{complaint(verdict)}. Earlier approvals and cards no longer count; push a commit "
                "that passes, or reject."
            )
            await keeper.say_round(run, verdict, text, key=f"moved:{verdict.head}")
            return await keeper.wait(run, *records)
        done = run.round - run.first_round + 1
        again_helps = not verdict.red_anyway and run.goal != "revert"
        if again_helps and done < self._kit.limits.rounds:
            again = run.but(round=run.round + 1)
            text = f"Round {run.round} does not hold: {complaint(verdict)}. Trying again."
            key = f"round:{run.attempt}:{run.round}"
            await keeper.say_round(run, verdict, text, key=key)
            return await keeper.advance(again, Stage.EXECUTE, *records)
        why = f"{complaint(verdict)} (after {rounds(done)})."
        if verdict.red_anyway:
            why = (
                f"{complaint(verdict)}. The failure is gone, but these checks fail without my "
                "change too, so they prove nothing: mend them first."
            )
        if history.revising is not None:
            key = f"unrevised:{run.attempt}:{run.round}"
            text = f"Round {run.round} does not hold: {complaint(verdict)}."
            await keeper.say_round(run, verdict, text, key=key)
            return await keeper.stand(run, history, why, change)
        return await keeper.end(run, Status.FAILED, f"No proposal: {why}", *records)

    async def _holds(self, run: Run, history: History, change: ChangeSet, verdict: Verdict) -> Run:
        """Propose a head that holds; first go on with what was asked while it was written."""
        keeper, records = self._kit.keeper, _records(history, change, verdict)
        known = await self._kit.doors.store.history(run.id)
        later = known.but(change_set=change).unheard
        if not later or not self._kit.stages.execute.follows_words:
            return await keeper.advance(run, Stage.PROPOSE, *records)
        asked = f"`{verdict.head[:7]}` holds. Now for what {asked_by(later)}."
        await self._kit.voice.say(run, asked, key=f"more:{run.attempt}:{run.round}")
        first = run.round + 1
        total = change.heard + len(later)
        revision = Revision(change_set=change, verdict=verdict, heard=total)
        again = run.but(round=first, first_round=first)
        return await keeper.advance(again, Stage.EXECUTE, change, verdict, revision)

    async def propose(self, run: Run, history: History) -> Run:
        """Publish the head that holds; then the run waits for a person's word."""
        kit = self._kit
        try:
            proposal = await kit.patiently(run, history, lambda: kit.stages.propose(run, history))
        except ForgeConflict:
            if not await self._was_pushed(run, history):
                raise
            return await kit.keeper.wait(run)  # the sweep takes it up
        records: tuple[Record, ...] = ()
        revising = history.revising
        if revising is not None:
            records = (revising.but(over=True),)
            items = history.instructions.items if history.instructions else ()
            asked = items[revising.change_set.heard : need(history.change_set).heard]
            if history.proposal is not None and asked:
                note = f"Revised: {asked_by(asked)}. {proposal.note}"
                proposal = proposal.but(note=note)
        words = Quorum(kit.doors, kit.limits).none_yet(run, history, proposal)
        card_id = await kit.voice.propose(run, history.but(proposal=proposal, words=words))
        return await kit.keeper.wait(run, proposal.but(card_id=card_id), words, *records)


def _records(history: History, change: ChangeSet, verdict: Verdict) -> tuple[Record, ...]:
    """Return what to save of a judged head; a revision that was overtaken is over."""
    over = history.revision is not None and history.revision.over
    return (change, verdict, history.revision) if over and history.revision else (change, verdict)


def _pushed(opened: ForgeProposal, history: History, change: ChangeSet) -> bool:
    """Whether the branch at the forge is neither what we wrote nor what we began from."""
    ours = {change.head}
    if history.revising is not None:  # what it began from may not have been proposed itself
        ours.add(history.revising.change_set.head)
        ours.add(need(history.proposal).head)
    return opened.head not in ours


async def _as_pushed(change: ChangeSet, head: str, workspace: Workspace) -> ChangeSet:
    """Return the change as it is at the forge: people may push to the branch too."""
    await workspace.fetch(head)
    by_hand = " (with a commit pushed by hand)"
    return change.but(
        head=head,
        summary=change.summary.removesuffix(by_hand) + by_hand,
        review="",
        proven="",
        undoes="",
        files=await workspace.changes(),
        diff=await workspace.diff(),
    )
