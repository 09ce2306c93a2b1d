"""Measures the cost of calls in progress, so that failed calls are counted too."""

from bot.budget.enforcement import BudgetEnforcer
from bot.domain.cost import Cost
from bot.domain.run import Run


class RunCostMeter:
    """Holds the cost of runs that is not in their rows yet.

    If a run's requests went through the gateway, the ledger's cost is used instead of the engine's
    own count.
    """

    def __init__(self, budget: BudgetEnforcer | None = None) -> None:
        self._budget = budget
        self._costs: dict[str, Cost] = {}

    def note(self, run_id: str, cost: Cost) -> None:
        """Record the cost of the current call so far."""
        self._costs[run_id] = Cost().add(cost)

    def add(self, run_id: str, cost: Cost) -> None:
        """Add the cost of one more call to what was recorded."""
        self._costs[run_id] = self._costs.get(run_id, Cost()).add(cost)

    def get_unsettled(self, run: Run) -> Cost:
        """Return the cost that the run's row lacks, by the engine's own count."""
        return self._costs.get(run.id, Cost())

    async def add_current_cost(self, run: Run) -> Run:
        """Return the run with the cost of the current call, as people should see it."""
        return await self.add_ledger_cost(_add_cost(run, self.get_unsettled(run)))

    def settle(self, run: Run) -> Run:
        """Return the run with its unsettled cost added, to be saved, and reset the meter."""
        return _add_cost(run, self._costs.pop(run.id, Cost()))

    async def add_ledger_cost(self, run: Run) -> Run:
        """Return the run with the ledger's cost, if the ledger has one."""
        cost = await self.load_ledger_cost(run)
        return run if cost is None or cost == Cost() else run.replace(**dict(cost))

    async def measure_cost_since(self, run: Run, before: Cost | None) -> Cost:
        """Return the cost of a call, if the ledger's cost was `before` when it began."""
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
        """Return the ledger's cost of the run; `None` if there is none or it cannot be read."""
        return None if self._budget is None else await self._budget.load_run_cost(run.id)


def _add_cost(run: Run, cost: Cost) -> Run:
    return run.replace(
        cost_usd=run.cost_usd + cost.cost_usd,
        tokens_in=run.tokens_in + cost.tokens_in,
        tokens_out=run.tokens_out + cost.tokens_out,
        estimated=run.estimated or cost.estimated,
    )
