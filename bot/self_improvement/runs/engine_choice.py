"""Which engine writes a change, and what happens if it may not or cannot go on."""

from dataclasses import dataclass
from datetime import datetime

from theseus_observe.redaction import redact

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.errors import TheseusError
from bot.domain.history import History
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.candidate_selection import CandidateSelection
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner
from bot.self_improvement.runs.model_calls import ModelCalls
from bot.self_improvement.runs.transitions import RunTransitions


@dataclass(frozen=True)
class WritingEngines:
    """The engine that writes changes, and the one that takes over if it fails."""

    first: CodeAgentRunner
    fallback: CodeAgentRunner | None = None

    @property
    def can_follow_instructions(self) -> bool:
        """True if the engine follows instructions in natural language."""
        return self.first.can_follow_instructions

    def choose(self, run: Run, history: History) -> CodeAgentRunner:
        """Return the engine of this round; a fallback that wrote the last round continues.

        A fallback that asked a question in this round continues too, and one that a person chose.
        """
        fallback, change, asked = (
            self.find_fallback(history),
            history.change_set,
            history.question,
        )
        if fallback is None:
            return self.first
        if run.fallback == "chosen":
            return fallback
        goes_on = run.round > run.first_round and change and change.engine == fallback.engine
        here = asked and (asked.attempt, asked.round) == (run.attempt, run.round)
        answered = here and asked and asked.engine == fallback.engine
        return fallback if goes_on or answered else self.first

    def find_fallback(self, history: History) -> CodeAgentRunner | None:
        """Return the fallback engine, if it can do the work.

        It cannot follow instructions in natural language, so it writes no requested change and no
        revision.
        """
        proven = history.plan is not None and bool(history.plan.judged_by)
        needs_instructions = history.brief is not None or history.revising is not None
        return self.fallback if proven and not needs_instructions else None


@dataclass(frozen=True, eq=False)
class EngineTrouble:
    """Parks a run whose engine may not go on, or hands it over to another engine."""

    calls: ModelCalls
    cost_meter: RunCostMeter
    candidates: CandidateSelection
    transitions: RunTransitions
    notifier: RunNotifier

    async def await_turn(
        self,
        run: Run,
        history: History,
        until: datetime,
        reason: str,
        *,
        can_switch: bool = False,
    ) -> Run:
        """Park the run until it may use its engine; propose a candidate that holds instead.

        If it `can_switch`, people may let the fallback engine try meanwhile.
        """
        paid = self.cost_meter.settle(run).replace(fallback="offered" if can_switch else "")
        best = await self.candidates.propose_best(
            paid, history, "no other change may be started this hour"
        )
        return best or await self.transitions.park(paid, Edge.TOO_MANY_CHANGES, until, reason)

    async def await_limit(
        self,
        run: Run,
        history: History,
        until: datetime,
        error: TheseusError,
        *,
        can_switch: bool = False,
    ) -> Run:
        """Park the run until a limit has ended; propose a candidate that holds instead.

        If it `can_switch`, people may let the fallback engine try meanwhile.
        """
        paid = self.cost_meter.settle(run)
        best = await self.candidates.propose_best(paid, history, redact(str(error)))
        return best or await self.transitions.await_limit(paid, until, error, can_switch=can_switch)

    async def switch_engine(
        self, run: Run, history: History, error: TheseusError, name: str
    ) -> Run:
        """Say why another engine takes over, and save the cost of the first one."""
        self.calls.record_error(run, error)
        text = f"⚠️ {redact(str(error))} The {name} engine takes over."
        if history.instructions:
            text += " It works from tests alone, so its change does not follow instructions."
        saved = await self.transitions.save(self.cost_meter.settle(run))
        await self.notifier.say(saved, text, key=f"handed-over:{run.attempt}:{run.round}")
        return saved
