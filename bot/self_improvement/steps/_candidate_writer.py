"""Writes several candidates of a change side by side, judges each alike, and chooses the best."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from theseus_observe.redaction import redact

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.candidates import Candidates, DroppedCandidate, ProvenCandidate
from bot.domain.change import ChangeSet, Verdict
from bot.domain.cost import Cost
from bot.domain.errors import AgentError, BudgetSpent, OutOfBounds, TheseusError
from bot.domain.plan import Approach
from bot.domain.run import Run
from bot.ports.agent import Progress
from bot.ports.workspace import Workspace, Workspaces
from bot.presentation.cards import describe_candidate
from bot.presentation.markdown import escape_line
from bot.self_improvement.reporting.messages import explain_empty_claim, summarise_failure
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.agent_updates import OnProgress
from bot.self_improvement.runs.candidate_choice import choose_best, explain_best
from bot.self_improvement.runs.candidate_election import CandidateElection
from bot.self_improvement.runs.code_agent_runner import ExecutionPaused
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.step_progress import StepProgress
from bot.self_improvement.steps._assignment import add_granted_files
from bot.self_improvement.steps._head_check import HeadCheck
from bot.self_improvement.steps._parts import PartsOrder

_BEGIN = (
    "The plan names {named} approaches. I write {count} candidates side by side ({names}), each "
    "judged by the same checks, and propose the best.{cost}"
)
_COST = " They may cost up to ${usd:.2f} together."
_BEGIN_CHANGE = (
    "I write {count} candidates side by side, each judged by the same checks, and propose the "
    "best.{cost}"
)
_IN_TURN = "I write the {count} candidates one after the other: {why}."
_NO_ROOM = "The plan names {named} approaches, but I write one candidate: {why}."
_ONE_PIECE = "No candidate could be finished alone, so I write one change: {why}."


class ChosenCandidate(NamedTuple):
    """The change to go on with, its verdict, and all candidates.

    If none holds, it is the one that is the closest to it, and the run goes on as after any round.
    """

    change: ChangeSet
    verdict: Verdict
    candidates: Candidates


class _Draft(NamedTuple):
    """A candidate as an engine wrote it, or why it wrote none."""

    number: int
    approach: str
    change: ChangeSet | None
    why: str = ""


@dataclass(frozen=True, eq=False)
class CandidateRoom:
    """Decides how many candidates are written side by side."""

    calls: ModelCalls
    notifier: RunNotifier
    limits: RunSettings

    async def list_approaches(self, order: PartsOrder) -> Sequence[Approach | None]:
        """Return the approach of each candidate to be written; none if only one change is.

        Only the first round without a question has candidates. Their highest costs must fit into
        every cap together, and each counts as a change that is begun. Candidates of a requested
        change have no approach of their own; if not all of them have room, the run writes them one
        after the other.
        """
        assignment = order.assignment
        if assignment.previous or assignment.question or _has_begun(order):
            return ()
        if order.run.goal == "change":
            return await self._list_candidates_of_change(order)
        return await self._list_approaches_of_fix(order) if order.run.goal == "fix" else ()

    async def _list_candidates_of_change(self, order: PartsOrder) -> Sequence[None]:
        count = order.assignment.brief.candidates if order.assignment.brief else 1
        if count < 2 or self.limits.workers < 2:
            return ()
        why = await self._find_obstacle(order, count)
        usd = order.engine.budget.usd * count
        cost = _COST.format(usd=usd) if usd else ""
        text = (_IN_TURN if why else _BEGIN_CHANGE).format(count=count, why=why, cost=cost)
        await self._say(order.run, text)
        return () if why else (None,) * count

    async def _find_obstacle(self, order: PartsOrder, count: int) -> str:
        """Return why so many candidates may not be begun at once; "" if they may."""
        if not await self._has_room(order, count):
            return "the budget has no room for all at once"
        for number in range(2, count + 1):
            if await self.calls.find_turn(order.engine, order.run, candidate=number) is not None:
                return "no other change may be started this hour"
        return ""

    async def _list_approaches_of_fix(self, order: PartsOrder) -> Sequence[Approach]:
        run, named = order.run, order.assignment.plan.approaches
        if self.limits.fix_candidates < 2 or len(named) < 2:
            return ()
        approaches, why = named[: self.limits.fix_candidates], ""
        while len(approaches) > 1 and not await self._has_room(order, len(approaches)):
            approaches, why = approaches[:-1], "the budget has no room for another"
        for number in range(2, len(approaches) + 1):
            if await self.calls.find_turn(order.engine, run, candidate=number) is not None:
                approaches = approaches[: number - 1]
                why = "no other change may be started this hour"
                break
        if len(approaches) > 1:
            usd = order.engine.budget.usd * len(approaches)
            text = _BEGIN.format(
                named=len(named),
                count=len(approaches),
                names=", ".join(escape_line(redact(each.name), 80) for each in approaches),
                cost=_COST.format(usd=usd) if usd else "",
            )
        else:
            approaches, text = (), _NO_ROOM.format(named=len(named), why=why)
        await self._say(run, text)
        return approaches

    async def _say(self, run: Run, text: str) -> None:
        await self.notifier.say(run, text, key=f"candidates:{run.attempt}:{run.round}")

    async def _has_room(self, order: PartsOrder, count: int) -> bool:
        most = Cost(cost_usd=order.engine.budget.usd * count)
        return await self.calls.has_room(order.run, "execute", most)


@dataclass(frozen=True, eq=False)
class CandidateWriter:
    """Writes candidates side by side, each in its own worktree and conversation."""

    workspaces: Workspaces
    head_check: HeadCheck
    election: CandidateElection
    progress: StepProgress
    cost_meter: RunCostMeter
    notifier: RunNotifier
    room: CandidateRoom

    async def write(self, order: PartsOrder, workspace: Workspace) -> ChosenCandidate | None:
        """Return the chosen candidate on the run's branch; `None` if one change is to be written.

        An engine that fails, asks or declines ends its own candidate only. Raises the error of one
        if all failed that way, and what the verifier and workspaces raise.
        """
        approaches = await self.room.list_approaches(order)
        if not approaches:
            return None
        slots = asyncio.Semaphore(self.room.limits.workers)
        costs = _SharedCosts(order, self.cost_meter, self.progress)

        async def write_one(number: int, approach: Approach | None) -> _Draft:
            async with slots:
                return await self._write_one(order, number, approach, costs)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(write_one(number, approach))
                    for number, approach in enumerate(approaches, 1)
                ]
        except ExceptionGroup as failures:
            # Callers handle the errors of one engine call; the group stays visible as the cause.
            raise failures.exceptions[0] from failures
        drafts = [task.result() for task in tasks]
        if not any(draft.change for draft in drafts):
            if len(costs.errors) == len(drafts):
                raise self._choose_error(order.run, costs.errors)
            text = _ONE_PIECE.format(why=escape_line(redact(drafts[-1].why), 300).rstrip("."))
            await self.notifier.say(order.run, text, key=f"one-piece:{order.run.attempt}")
            return None
        return await self._choose(order, drafts, workspace, costs)

    def _choose_error(self, run: Run, errors: Sequence[TheseusError]) -> TheseusError:
        """Return the first error that the run can wait out, or else the first."""
        find_pause = self.room.calls.find_pause
        return next((each for each in errors if find_pause(each, run) is not None), errors[0])

    async def _write_one(
        self, order: PartsOrder, number: int, approach: Approach | None, costs: "_SharedCosts"
    ) -> _Draft:
        """Write a candidate in its own worktree, from base and without knowledge of the others."""
        way = approach.name if approach is not None else ""
        assignment = order.assignment.replace(candidate=number, approach=approach)
        name = f"{order.run.id}c{number}"
        await self.workspaces.drop(name)  # an interrupted attempt may have left another base
        try:
            async with self.workspaces.open(name, base=assignment.evidence.base) as own:
                handler = costs.build_progress_handler(number)
                done = await order.engine(assignment, own, handler)
        except (AgentError, BudgetSpent, OutOfBounds) as error:
            costs.errors.append(error)
            return _Draft(number, way, None, redact(str(error)))
        finally:
            await self.workspaces.drop(name)
        if isinstance(done, ExecutionPaused):
            costs.note(number, done.asked)
            return _Draft(number, way, None, f"it has a question: {done.asked.text}")
        costs.note(number, done)
        if not done.files:
            return _Draft(number, way, None, done.cannot or explain_empty_claim(done))
        return _Draft(number, way, done)

    async def _choose(
        self,
        order: PartsOrder,
        drafts: Sequence[_Draft],
        workspace: Workspace,
        costs: "_SharedCosts",
    ) -> ChosenCandidate:
        """Judge one candidate after the other, so that none disturbs another's measurements."""
        candidates = Candidates(attempt=order.run.attempt, most=len(drafts), is_side_by_side=True)
        failed: list[ProvenCandidate] = []
        for draft in drafts:
            name, why = draft.approach, draft.why
            if draft.change is not None:
                judged = await self._judge(order, draft, draft.change, workspace)
                if judged.verdict.is_passing:
                    candidates = candidates.replace(held=(*candidates.held, judged))
                    continue
                failed.append(judged)
                why = summarise_failure(judged.verdict)
            dropped = DroppedCandidate(number=draft.number, why=redact(why), approach=name)
            candidates = candidates.replace(dropped=(*candidates.dropped, dropped))
        costs.settle_into_meter()
        if candidates.held:
            candidates = await self.election.hold(order.run, order.history, candidates)
            best, why = choose_best(candidates), explain_best(candidates)
        else:
            best = min(failed, key=_rank_failure)
            why = "none holds, and it is the closest to it"
        candidates = candidates.replace(chosen=True, present=best.number, why=why)
        await self._report(order, candidates)
        await workspace.reset(best.change_set.head)
        spent = self.cost_meter.get_unsettled(order.run)
        change = best.change_set.replace(**dict(spent))
        return ChosenCandidate(change, best.verdict, candidates)

    async def _judge(
        self, order: PartsOrder, draft: _Draft, change: ChangeSet, workspace: Workspace
    ) -> ProvenCandidate:
        """Return a candidate with the verdict that any head of this run would get."""
        await workspace.reset(change.head)
        change = change.replace(branch=workspace.branch)
        plan = add_granted_files(order.assignment.plan, change.granted)
        history = order.history.replace(plan=plan)
        verdict = await self.head_check.verify(order.run, history, change, workspace)
        return ProvenCandidate(
            number=draft.number, change_set=change, verdict=verdict, approach=draft.approach
        )

    async def _report(self, order: PartsOrder, candidates: Candidates) -> None:
        lines = {
            each.number: f"{_format_way(each.approach)}holds, {describe_candidate(each)}"
            for each in candidates.held
        }
        lines |= {
            each.number: (
                f"{_format_way(each.approach)}does not hold: {escape_line(each.why, 300)}"
            )
            for each in candidates.dropped
        }
        listing = "\n".join(f"{number}. {text}" for number, text in sorted(lines.items()))
        text = f"I go on with candidate {candidates.present}: {candidates.why}.\n{listing}"
        run = order.run
        await self.notifier.say(run, text[:1_900], key=f"chosen:{run.attempt}:{run.round}")


class _SharedCosts:
    """The costs of candidates that are written at the same time, and their engines' errors."""

    def __init__(self, order: PartsOrder, cost_meter: RunCostMeter, progress: StepProgress) -> None:
        self._order = order
        self._cost_meter = cost_meter
        self._progress = progress
        self._costs: dict[int, Cost] = {}
        self.errors: list[AgentError | BudgetSpent | OutOfBounds] = []

    def note(self, number: int, cost: Cost) -> Cost:
        """Record the cost of a candidate so far; return the total."""
        self._costs[number] = Cost().add(cost)
        return self.settle_into_meter()

    def settle_into_meter(self) -> Cost:
        """Make the run's meter show the total of all candidates; return it."""
        total = Cost()
        for each in self._costs.values():
            total = total.add(each)
        self._cost_meter.note(self._order.run.id, total)
        return total

    def build_progress_handler(self, number: int) -> OnProgress:
        """Return a handler that shows a candidate's progress with the total cost."""
        show = self._progress.build_progress_handler(self._order.run, self._order.history)

        async def show_progress(progress: Progress) -> None:
            total = self.note(number, progress)
            await show(progress.replace(**dict(total), text=f"{number}: {progress.text}"))

        return show_progress


def _has_begun(order: PartsOrder) -> bool:
    """Return whether candidates of this attempt are already written one after the other."""
    candidates = order.history.candidates
    return candidates is not None and candidates.attempt == order.run.attempt


def _format_way(approach: str) -> str:
    return f"{escape_line(approach, 80)}: " if approach else ""


def _rank_failure(candidate: ProvenCandidate) -> tuple[bool, bool, int, int]:
    """Return how far a candidate is from holding; the lowest is the closest."""
    verdict = candidate.verdict
    blocked = any(finding.blocking for finding in verdict.findings)
    failed = sum(not check.ok for check in verdict.checks)
    return not verdict.is_reproduced, blocked, failed, candidate.number
