"""What calls in progress have spent, so that one that fails is counted too."""

from bot.budget.enforcement import BudgetEnforcer
from bot.domain.run import Run
from bot.domain.spent import Spent


class RunCostMeter:
    """Holds what was spent for a run and does not stand in its row yet.

    Where a run's requests went through the gateway, its ledger says what they cost, and an engine's
    own count does not matter.
    """

    def __init__(self, budget: BudgetEnforcer | None = None) -> None:
        self._budget = budget
        self._spent: dict[str, Spent] = {}

    def note(self, run_id: str, spent: Spent) -> None:
        """Note what the present call has spent so far."""
        self._spent[run_id] = Spent().plus(spent)

    def unsettled(self, run: Run) -> Spent:
        """Return what the run's row does not say yet, by the engine's own count."""
        return self._spent.get(run.id, Spent())

    async def shown(self, run: Run) -> Run:
        """Return the run as people should see it: with what is being spent now."""
        return await self.counted(_charged(run, self.unsettled(run)))

    def settle(self, run: Run) -> Run:
        """Return the run with what was spent for it, to be saved; the meter is at zero then."""
        return _charged(run, self._spent.pop(run.id, Spent()))

    async def counted(self, run: Run) -> Run:
        """Return the run with what the ledger says it has spent, where it says anything."""
        spent = await self.paid(run)
        return run if spent is None or spent == Spent() else run.but(**dict(spent))

    async def since(self, run: Run, before: Spent | None) -> Spent:
        """Return what a call has spent, where the ledger said `before` when it began."""
        now = await self.paid(run)
        if before is None or now is None or now == before:
            return self.unsettled(run)
        return Spent(
            cost_usd=max(0.0, now.cost_usd - before.cost_usd),
            tokens_in=max(0, now.tokens_in - before.tokens_in),
            tokens_out=max(0, now.tokens_out - before.tokens_out),
            estimated=now.estimated,
        )

    async def paid(self, run: Run) -> Spent | None:
        """Return what the ledger says; `None` where there is none, or it cannot be read."""
        return None if self._budget is None else await self._budget.spent_for(run.id)


def _charged(run: Run, spent: Spent) -> Run:
    return run.but(
        cost_usd=run.cost_usd + spent.cost_usd,
        tokens_in=run.tokens_in + spent.tokens_in,
        tokens_out=run.tokens_out + spent.tokens_out,
        estimated=run.estimated or spent.estimated,
    )
