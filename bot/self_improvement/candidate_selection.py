"""Several candidates of one wanted change: when another is written, and which is proposed."""

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.account import Account
from bot.domain.candidates import Candidates, DroppedCandidate, ProvenCandidate
from bot.domain.change import ChangeSet, Verdict
from bot.domain.cost import Cost
from bot.domain.history import History
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.presentation.cards import describe_candidate
from bot.redaction import redact
from bot.self_improvement.candidate_choice import choose_best, explain_best
from bot.self_improvement.notifier import RunNotifier
from bot.self_improvement.services import Services
from bot.self_improvement.transitions import RunTransitions

_NO_MONEY = "there was no money left for another"
_PENDING_NOTE = " What was asked since it was begun is not in it: ask again to have it revised."


class CandidateSelection:
    """Begins the next candidate, or proposes the best. Raises `StoreConflict`.

    Each is written from base, without knowing of the others, and has the rounds that any change
    has. What people ask while one is written ends the search: the one that has it is revised.
    """

    def __init__(
        self,
        services: Services,
        notifier: RunNotifier,
        transitions: RunTransitions,
        cost_meter: RunCostMeter,
    ) -> None:
        self._services = services
        self._notifier = notifier
        self._transitions = transitions
        self._cost_meter = cost_meter

    def get_candidates(self, run: Run, history: History) -> Candidates | None:
        """Return what came of the candidates so far; `None` where only one change is written."""
        if run.goal != "change" or history.proposal is not None or history.revising is not None:
            return None
        known = history.candidates
        if known is not None and known.attempt == run.attempt:
            return None if known.chosen else known
        most = history.brief.candidates if history.brief else 1
        return Candidates(attempt=run.attempt, most=most) if most > 1 else None

    async def accept(
        self, run: Run, so_far: Candidates, change: ChangeSet, verdict: Verdict
    ) -> Run:
        """Go on from a candidate that holds: with the next one, or with a proposal."""
        candidate = ProvenCandidate(number=so_far.present, change_set=change, verdict=verdict)
        told = f"holds: {describe_candidate(candidate)}"
        kept = so_far.replace(held=(*so_far.held, candidate))
        return await self._go_on(run, kept, told, change, verdict)

    async def drop(self, run: Run, so_far: Candidates, why: str, *records: Record) -> Run | None:
        """Go on from one that does not hold; `None` where there is nothing to go on with."""
        kept = _drop_present(so_far, why)
        if not kept.held and not await self._should_write_another(run, kept):
            return None
        return await self._go_on(run, kept, f"does not hold: {why}", *records)

    async def propose_best(
        self, run: Run, history: History, why: str, *, worked_on: bool = True
    ) -> Run | None:
        """Propose the best of those that hold where the present one cannot be gone on with.

        `None` where none holds.
        """
        so_far = self.get_candidates(run, history)
        if so_far is None or not so_far.held:
            return None
        kept = _drop_present(so_far, why)
        said = f"⚠️ {_format_label(kept)} came to nothing: {why.rstrip('.')}."
        return await self._propose(run, kept, said, worked_on=worked_on)

    async def _go_on(self, run: Run, so_far: Candidates, message: str, *records: Record) -> Run:
        said = f"{_format_label(so_far)} {message.rstrip('.')}."
        if not await self._should_write_another(run, so_far):
            why = "" if so_far.judged_count >= so_far.most else _NO_MONEY
            return await self._propose(run, so_far.replace(why=why), said)
        first = run.round + 1
        again = run.replace(round=first, first_round=first)
        following = so_far.replace(present=so_far.present + 1)
        saved = await self._transitions.advance(again, Stage.EXECUTE, *records, following)
        text = f"{said} Now for the next, from the start."
        await self._notifier.say(saved, text, key=f"candidate:{run.attempt}:{so_far.present}")
        return saved

    async def _propose(
        self, run: Run, so_far: Candidates, message: str, *, worked_on: bool = True
    ) -> Run:
        best = choose_best(so_far)
        why = "; ".join(filter(None, (explain_best(so_far), so_far.why)))
        chosen = so_far.replace(chosen=True, present=best.number, why=why)
        known = await self._services.store.get_history(run.id)
        asked = len(known.instructions.items) if known.instructions else 0
        change = best.change_set.replace(
            instruction_count=max(asked, best.change_set.instruction_count)
        )
        missing = (
            _PENDING_NOTE if change.instruction_count > best.change_set.instruction_count else ""
        )
        ours = worked_on and run.status is Status.RUNNING
        go_on = self._transitions.advance if ours else self._transitions.queue_at
        paid = self._cost_meter.settle(run)
        await self._put_on_branch(run, change)
        saved = await go_on(paid, Stage.PROPOSE, change, best.verdict, chosen)
        text = f"{message} I propose candidate {best.number}: {why}.{missing}"
        await self._notifier.say(saved, text, key=f"chosen:{run.attempt}:{run.round}")
        return saved

    async def _put_on_branch(self, run: Run, change: ChangeSet) -> None:
        """Have the run's branch stand at the chosen head: the last written one is there now.

        Killed after this, the run looks at that one anew, and puts it back for that.
        """
        async with self._services.workspaces.open(run.id, base=change.base) as workspace:
            await workspace.reset(change.head)

    async def _should_write_another(self, run: Run, so_far: Candidates) -> bool:
        """Whether another is to be written, and every cap has room for what one has cost so far."""
        budget = self._services.budget
        if so_far.judged_count >= so_far.most or budget is None:
            return so_far.judged_count < so_far.most
        spent = await self._cost_meter.add_current_cost(run)
        one = Cost(
            cost_usd=spent.cost_usd / so_far.judged_count,
            tokens_in=spent.tokens_in // so_far.judged_count,
            tokens_out=spent.tokens_out // so_far.judged_count,
        )
        account = Account(purpose="execute", person_id=run.trigger.person.id, run_id=run.id)
        standings = await budget.list_cap_statuses(account)
        reserve = budget.rules.reserve_usd
        return all(each.check_room(one, reserve) in ("enough", "wait") for each in standings)


def _drop_present(so_far: Candidates, why: str) -> Candidates:
    """Return what came of them with the present one as one that does not hold."""
    gone = DroppedCandidate(number=so_far.present, why=redact(why))
    return so_far.replace(dropped=(*so_far.dropped, gone))


def _format_label(so_far: Candidates) -> str:
    return f"Candidate {so_far.present} of {so_far.most}"
