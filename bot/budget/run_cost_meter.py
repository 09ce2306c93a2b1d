"""What calls in progress have spent, so that one that fails is counted too."""

from bot.budget.enforcement import BudgetEnforcer
from bot.domain.cost import Cost
from bot.domain.run import Run


class RunCostMeter:
    """Holds what was spent for a run and does not stand in its row yet.

    Where a run's requests went through the gateway, its ledger says what they cost, and an engine's
    own count does not matter.
    """

    def __init__(self, budget: BudgetEnforcer | None = None) -> None:
        self._budget = budget
        self._costs: dict[str, Cost] = {}

    def note(self, run_id: str, cost: Cost) -> None:
        """Note what the present call has spent so far."""
        self._costs[run_id] = Cost().add(cost)

    def get_unsettled(self, run: Run) -> Cost:
        """Return what the run's row does not say yet, by the engine's own count."""
        return self._costs.get(run.id, Cost())

    async def add_current_cost(self, run: Run) -> Run:
        """Return the run as people should see it: with what is being spent now."""
        return await self.add_ledger_cost(_add_cost(run, self.get_unsettled(run)))

    def settle(self, run: Run) -> Run:
        """Return the run with what was spent for it, to be saved; the meter is at zero then."""
        return _add_cost(run, self._costs.pop(run.id, Cost()))

    async def add_ledger_cost(self, run: Run) -> Run:
        """Return the run with what the ledger says it has spent, where it says anything."""
        spent = await self.load_ledger_cost(run)
        return run if spent is None or spent == Cost() else run.replace(**dict(spent))

    async def measure_cost_since(self, run: Run, before: Cost | None) -> Cost:
        """Return what a call has spent, where the ledger said `before` when it began."""
        now = await self.load_ledger_cost(run)
        if before is None or now is None or now == before:
            return self.get_unsettled(run)
        return Cost(
            cost_usd=max(0.0, now.cost_usd - before.cost_usd),
            tokens_in=max(0, now.tokens_in - before.tokens_in),
            tokens_out=max(0, now.tokens_out - before.tokens_out),
            estimated=now.estimated,
        )

    async def load_ledger_cost(self, run: Run) -> Cost | None:
        """Return what the ledger says; `None` where there is none, or it cannot be read."""
        return None if self._budget is None else await self._budget.load_run_cost(run.id)


def _add_cost(run: Run, cost: Cost) -> Run:
    return run.replace(
        cost_usd=run.cost_usd + cost.cost_usd,
        tokens_in=run.tokens_in + cost.tokens_in,
        tokens_out=run.tokens_out + cost.tokens_out,
        estimated=run.estimated or cost.estimated,
    )
