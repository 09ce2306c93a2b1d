"""Caps of single targets, which hold in addition to those for everything that models do."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.budget.enforcement import BudgetEnforcer
from bot.domain.account import Account, Charge
from bot.domain.cost import Cost
from bot.domain.errors import UnknownRun
from bot.ports.spend_guard import SpendGuard
from bot.ports.store import Store


@dataclass(frozen=True, eq=False)
class TargetBudget:
    """The caps of one target, and its own ledger."""

    enforcer: BudgetEnforcer


class LayeredSpendGuard:
    """Implements `SpendGuard`: a request for a target's run has to fit both budgets.

    `targets` are the caps of those targets that have their own, by name.
    """

    def __init__(
        self, everything: SpendGuard, targets: Mapping[str, TargetBudget], store: Store
    ) -> None:
        self._everything = everything
        self._targets = targets
        self._store = store
        self._admitted: dict[str, TargetBudget] = {}  # by request: it is settled where it was held

    async def admit(self, account: Account, most: Cost, request: str) -> str:
        """Admit a request to the target's budget, then to the budget of everything."""
        own = await self._find(account)
        if own is None:
            return await self._everything.admit(account, most, request)
        notice = await own.enforcer.admit(account, most, request)
        self._admitted[request] = own
        other_notice = await self._everything.admit(account, most, request)
        return notice or other_notice

    async def note_progress(self, charge: Charge) -> None:
        """Record in both budgets what a request in progress costs at most so far."""
        own = self._admitted.get(charge.id)
        if own is not None:
            await own.enforcer.note_progress(charge)
        await self._everything.note_progress(charge)

    async def settle(self, charge: Charge) -> None:
        """Record the cost in both budgets."""
        own = self._admitted.pop(charge.id, None)
        if own is not None:
            await own.enforcer.settle(charge)
        await self._everything.settle(charge)

    async def get_wrap_up_reason(self, account: Account) -> str:
        """Return why the work on this account should write its final answer now, or ""."""
        own = await self._find(account)
        reason = await own.enforcer.get_wrap_up_reason(account) if own is not None else ""
        return reason or await self._everything.get_wrap_up_reason(account)

    async def forget(self) -> int:
        """Remove old charges from the targets' ledgers; return how many."""
        return sum([await each.enforcer.forget() for each in self._targets.values()])

    async def _find(self, account: Account) -> TargetBudget | None:
        """Return the budget of the target that an account's run works on, if it has its own."""
        if account.run_id is None or not self._targets:
            return None
        try:
            run = await self._store.get(account.run_id)
        except UnknownRun:
            return None
        return self._targets.get(run.trigger.target)
