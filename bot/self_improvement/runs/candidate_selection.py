"""Writes several candidates of a requested change one after the other, and proposes the best."""

from dataclasses import dataclass

from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.budget.enforcement import BudgetEnforcer
from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.account import Account
from bot.domain.candidates import Candidates, DroppedCandidate, ProvenCandidate
from bot.domain.change import ChangeSet, Verdict
from bot.domain.cost import Cost
from bot.domain.history import History
from bot.domain.run import Run, Stage, Status
from bot.domain.run_state import Edge
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.presentation.cards import describe_candidate
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.candidate_choice import choose_best, explain_best
from bot.self_improvement.runs.candidate_election import CandidateElection
from bot.self_improvement.runs.transitions import RunTransitions

_NO_MONEY = "the budget has no room for another"
_PENDING_NOTE = (
    " It does not include what was asked since it was started. Ask again to have it revised."
)


@dataclass(frozen=True, eq=False)
class CandidateSelection:
    """Starts the next candidate, or proposes the best. Raises `StoreConflict`.

    Each candidate is written from base without knowledge of the others, and has as many rounds as
    any change.
    """

    store: Store
    targets: Targets
    budget: BudgetEnforcer | None
    notifier: RunNotifier
    transitions: RunTransitions
    cost_meter: RunCostMeter
    election: CandidateElection

    def get_candidates(self, run: Run, history: History) -> Candidates | None:
        """Return the state of the candidates; `None` if only one change is written."""
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
        """Continue after a candidate that holds: with the next one, or with a proposal."""
        candidate = ProvenCandidate(number=so_far.present, change_set=change, verdict=verdict)
        text = f"holds: {describe_candidate(candidate)}"
        candidates = so_far.replace(held=(*so_far.held, candidate))
        return await self._go_on(run, candidates, text, change, verdict)

    async def drop(self, run: Run, so_far: Candidates, why: str, *records: Record) -> Run | None:
        """Continue after a candidate that does not hold; `None` if no candidate is left."""
        candidates = _drop_present(so_far, why)
        if not candidates.held and not await self._should_write_another(run, candidates):
            return None
        return await self._go_on(run, candidates, f"does not hold: {why}", *records)

    async def propose_best(
        self, run: Run, history: History, why: str, *, worked_on: bool = True
    ) -> Run | None:
        """Propose the best candidate that holds if the current one cannot be continued.

        Returns `None` if none holds.
        """
        so_far = self.get_candidates(run, history)
        if so_far is None or not so_far.held:
            return None
        candidates = _drop_present(so_far, why)
        text = f"⚠️ {_format_label(candidates)} failed: {why.rstrip('.')}."
        edge = Edge.EARLIER_HEAD_HOLDS
        return await self._propose(run, edge, candidates, text, worked_on=worked_on)

    async def _go_on(self, run: Run, so_far: Candidates, message: str, *records: Record) -> Run:
        outcome = f"{_format_label(so_far)} {message.rstrip('.')}."
        if not await self._should_write_another(run, so_far):
            why = "" if so_far.judged_count >= so_far.most else _NO_MONEY
            return await self._propose(run, Edge.BEST_CANDIDATE, so_far.replace(why=why), outcome)
        next_round = run.round + 1
        next_run = run.replace(round=next_round, first_round=next_round)
        next_candidates = so_far.replace(present=so_far.present + 1)
        edge = Edge.NEXT_CANDIDATE if run.stage is Stage.EXECUTE else Edge.ANOTHER_ROUND
        saved = await self.transitions.advance(next_run, edge, *records, next_candidates)
        text = f"{outcome} I now write the next one, from the start."
        await self.notifier.say(saved, text, key=f"candidate:{run.attempt}:{so_far.present}")
        return saved

    async def _propose(
        self, run: Run, edge: Edge, so_far: Candidates, message: str, *, worked_on: bool = True
    ) -> Run:
        known = await self.store.get_history(run.id)
        so_far = await self.election.hold(run, known, so_far)
        best = choose_best(so_far)
        why = "; ".join(filter(None, (explain_best(so_far), so_far.why)))
        chosen = so_far.replace(chosen=True, present=best.number, why=why)
        instruction_count = len(known.instructions.items) if known.instructions else 0
        change = best.change_set.replace(
            instruction_count=max(instruction_count, best.change_set.instruction_count)
        )
        missing = (
            _PENDING_NOTE if change.instruction_count > best.change_set.instruction_count else ""
        )
        is_working = worked_on and run.status is Status.RUNNING
        save = self.transitions.advance if is_working else self.transitions.queue
        paid = self.cost_meter.settle(run)
        await self._put_on_branch(run, change)
        saved = await save(paid, edge, change, best.verdict, chosen)
        text = f"{message} I propose candidate {best.number}: {why}.{missing}"
        await self.notifier.say(saved, text, key=f"chosen:{run.attempt}:{run.round}")
        return saved

    async def _put_on_branch(self, run: Run, change: ChangeSet) -> None:
        """Reset the run's branch to the chosen head; it still has the last written candidate.

        If the process is killed after this, the run checks that candidate again and resets the
        branch for the check.
        """
        workspaces = self.targets.get(run.trigger.target).workspaces
        async with workspaces.open(run.id, base=change.base) as workspace:
            await workspace.reset(change.head)

    async def _should_write_another(self, run: Run, so_far: Candidates) -> bool:
        """Return whether to write another candidate, and whether every cap has room for its cost.

        The expected cost is the average of the candidates so far.
        """
        budget = self.budget
        if so_far.judged_count >= so_far.most or budget is None:
            return so_far.judged_count < so_far.most
        spent = await self.cost_meter.add_current_cost(run)
        expected = Cost(
            cost_usd=spent.cost_usd / so_far.judged_count,
            tokens_in=spent.tokens_in // so_far.judged_count,
            tokens_out=spent.tokens_out // so_far.judged_count,
        )
        account = Account(purpose="execute", person_id=run.trigger.person.id, run_id=run.id)
        return await budget.has_room(account, expected)


def _drop_present(so_far: Candidates, why: str) -> Candidates:
    """Return the candidates with the current one marked as not holding."""
    dropped = DroppedCandidate(number=so_far.present, why=redact(why))
    return so_far.replace(dropped=(*so_far.dropped, dropped))


def _format_label(so_far: Candidates) -> str:
    return f"Candidate {so_far.present} of {so_far.most}"
