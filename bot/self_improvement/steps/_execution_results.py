"""Continues a run with what an engine has made of its assignment."""

from dataclasses import dataclass

from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.change import ChangeSet
from bot.domain.errors import AgentOutputInvalid, AgentStuck
from bot.domain.history import History
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.self_improvement.reporting.messages import explain_empty_claim, explain_no_change
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.candidate_selection import CandidateSelection
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner, ExecutionPaused
from bot.self_improvement.runs.deadlines import Deadlines
from bot.self_improvement.runs.failures import StepFailures
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.steps._assignment import add_granted_files, build_question
from bot.self_improvement.steps._change_writer import Written

_MOST_QUESTIONS = 5  # per stage

_TOO_MANY_QUESTIONS = "The engine keeps asking. It has received {count} answers and is not done."


@dataclass(frozen=True, eq=False)
class ExecutionResults:
    """Verifies a change, asks an engine's question, or ends a run in which nothing changed."""

    cost_meter: RunCostMeter
    candidates: CandidateSelection
    failures: StepFailures
    transitions: RunTransitions
    notifier: RunNotifier
    deadlines: Deadlines
    limits: RunSettings

    async def accept(
        self, engine: CodeAgentRunner, run: Run, history: History, written: Written
    ) -> Run:
        """Return the run one step further."""
        change, assignment = written.result, written.assignment
        if isinstance(change, ExecutionPaused):
            return await self._ask(run, change, engine.engine)
        if not change.files:
            return await self._handle_no_change(engine, run, history, change)
        plan = add_granted_files(assignment.plan, change.granted)
        records: tuple[Record, ...] = (change,) if plan == assignment.plan else (change, plan)
        if written.choice is not None:
            records = (*records, written.choice.verdict, written.choice.candidates)
        return await self.transitions.advance(self.cost_meter.settle(run), Edge.NEXT_STEP, *records)

    async def _handle_no_change(
        self, engine: CodeAgentRunner, run: Run, history: History, change: ChangeSet
    ) -> Run:
        """End a run whose engine changed nothing; an engine that claims to be done has failed."""
        first = run.round == run.first_round
        if not first and history.verdict is not None and history.verdict.is_left_to_people:
            return await self._accept_as_is(run, change)
        if engine.can_follow_instructions and first and not change.cannot:
            raise AgentOutputInvalid(explain_empty_claim(change))
        reason, paid = explain_no_change(run, history, change), self.cost_meter.settle(run)
        so_far = self.candidates.get_candidates(run, history)
        if so_far is not None and not first:
            next_run = await self.candidates.drop(paid, so_far, reason)
            if next_run is not None:
                return next_run
        fallback = await self.failures.fall_back(paid, history, reason, change)
        return fallback or await self.transitions.end(paid, Edge.FAILED, reason, change)

    async def _accept_as_is(self, run: Run, change: ChangeSet) -> Run:
        """Continue with the unchanged change, objected to only for changed or slower answers.

        The engine insists on it or knows nothing better. As this counts as the last round, people
        decide.
        """
        text = f"The {change.engine} engine leaves the change as it is: {change.summary}"
        await self.notifier.say(run, redact(text), key=f"left:{run.attempt}:{run.round}")
        last = run.replace(round=max(run.round, run.first_round + self.limits.rounds - 1))
        return await self.transitions.advance(self.cost_meter.settle(last), Edge.NEXT_STEP)

    async def _ask(self, run: Run, paused: ExecutionPaused, engine: str) -> Run:
        """Ask in the thread, and wait for the answer without holding a worker."""
        if run.parks >= _MOST_QUESTIONS:
            raise AgentStuck(_TOO_MANY_QUESTIONS.format(count=run.parks))
        asked_at, until = self.deadlines.get_question_times()
        question = build_question(
            run, paused.asked, paused.head, engine, asked_at=asked_at, until=until
        )
        return await self.transitions.ask(self.cost_meter.settle(run), question)
