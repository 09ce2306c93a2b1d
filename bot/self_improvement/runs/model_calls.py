"""Calls of models for a run: whether the budget has room, what they cost, how they ended."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from bot.budget.allowance import check_run_budget, describe_turn_wait, turn_of
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.run_cost_meter import RunCostMeter
from bot.budget.target_budgets import GuildBudgets, TargetBudget
from bot.domain.account import Account, Purpose
from bot.domain.cost import Cost
from bot.domain.errors import TheseusError
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.run import Run
from bot.domain.waits import pause_until
from bot.ports.clock import Clock
from bot.ports.recorder import ActionRecorder
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ModelCalls:
    """Checks, measures and journals calls. The reason of a failure is in the stage's record."""

    budget: BudgetEnforcer | None
    clock: Clock
    recorder: ActionRecorder
    cost_meter: RunCostMeter
    target_budget: TargetBudget | None = None
    guild_budgets: GuildBudgets = field(default_factory=GuildBudgets)

    def _list_budgets(self, run: Run) -> tuple[BudgetEnforcer | None, ...]:
        """Return the caps that hold: those of target and server, and those of everything."""
        own = (self.target_budget.enforcer,) if self.target_budget is not None else ()
        return (*own, *self.guild_budgets.find(run.trigger.place.guild_id), self.budget)

    async def check_budget(self, run: Run, purpose: Purpose) -> None:
        """Raise `BudgetSpent` if the run may not pay for such a call."""
        for budget in self._list_budgets(run):
            await check_run_budget(budget, run, purpose)

    async def find_turn(
        self,
        engine: CodeAgentRunner,
        run: Run,
        *,
        is_revision: bool = False,
        candidate: int = 1,
    ) -> tuple[datetime, str] | None:
        """Return when the run may use the engine, and why not before; `None` if it may now.

        Candidates that are written at the same time count separately.
        """
        is_counted = not is_revision and (
            engine.can_follow_instructions or run.trigger.origin != "person"
        )
        for budget in self._list_budgets(run):
            until = await turn_of(
                budget,
                run,
                engine.engine,
                self.clock.now(),
                is_counted=is_counted,
                candidate=candidate,
            )
            if until is not None:
                return until, describe_turn_wait(budget, engine.engine, until)
        return None

    async def has_room(self, run: Run, purpose: Purpose, cost: Cost) -> bool:
        """Return whether every cap has room for such a cost of the run."""
        account = Account(purpose=purpose, person_id=run.trigger.person.id, run_id=run.id)
        for budget in self._list_budgets(run):
            if budget is not None and not await budget.has_room(account, cost):
                return False
        return True

    def find_pause(
        self, error: TheseusError, run: Run, *, has_fallback: bool = True
    ) -> datetime | None:
        """Return until when the run pauses because of the error; `None` if it does not."""
        return pause_until(error, run, self.clock.now(), has_fallback=has_fallback)

    async def record(self, run: Run, part: str, agent: str, call: Awaitable[T]) -> T:
        """Return the result of a call; journal its cost, however it ends.

        `call` meters its own cost.
        """
        started, outcome = self.clock.monotonic(), ActionOutcome.ERROR
        before = await self.cost_meter.load_ledger_cost(run)
        try:
            answer = await call
            outcome = ActionOutcome.OK
            return answer
        except asyncio.CancelledError:
            outcome = ActionOutcome.CANCELLED
            raise
        finally:
            spent = await self.cost_meter.measure_cost_since(run, before)
            self.recorder.record(
                Kind.MODEL,
                part,
                outcome,
                duration_ms=(self.clock.monotonic() - started) * 1000,
                run_id=run.id,
                agent=agent,
                cost_usd=spent.cost_usd,
                tokens_in=spent.tokens_in,
                tokens_out=spent.tokens_out,
            )

    def record_error(self, run: Run, error: TheseusError) -> None:
        """Journal an error that does not end the stage."""
        self.recorder.record(
            Kind.RUN, run.stage.value, ActionOutcome.ERROR, run_id=run.id, error=error
        )
