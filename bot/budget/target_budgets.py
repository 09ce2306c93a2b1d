"""Caps of single targets and servers, which hold in addition to those for all that models do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, eq=False)
class GuildBudgets:
    """The caps of those servers that have their own, each with its own ledger, by server id."""

    enforcers: Mapping[int, BudgetEnforcer] = field(default_factory=dict)

    def find(self, guild_id: int | None) -> tuple[BudgetEnforcer, ...]:
        """Return the caps of a server, if it has its own."""
        found = self.enforcers.get(guild_id) if guild_id is not None else None
        return () if found is None else (found,)


class LayeredSpendGuard:
    """Implements `SpendGuard`: a request for a run has to fit several budgets.

    They are those of the run's target and server, if these have their own, and that of everything.
    """

    def __init__(
        self,
        everything: SpendGuard,
        targets: Mapping[str, TargetBudget],
        store: Store,
        guilds: GuildBudgets,
    ) -> None:
        self._everything = everything
        self._targets = targets
        self._store = store
        self._guilds = guilds
        # By request: it is settled where it was held.
        self._admitted: dict[str, tuple[BudgetEnforcer, ...]] = {}

    async def admit(self, account: Account, most: Cost, request: str) -> str:
        """Admit a request to the budgets of the target and the server, then to the other."""
        notices = []
        for own in await self._find(account):
            notices.append(await own.admit(account, most, request))
            self._admitted[request] = (*self._admitted.get(request, ()), own)
        notices.append(await self._everything.admit(account, most, request))
        return next(filter(None, notices), "")

    async def note_progress(self, charge: Charge) -> None:
        """Record in each budget what a request in progress costs at most so far."""
        for own in self._admitted.get(charge.id, ()):
            await own.note_progress(charge)
        await self._everything.note_progress(charge)

    async def settle(self, charge: Charge) -> None:
        """Record the cost in each budget."""
        for own in self._admitted.pop(charge.id, ()):
            await own.settle(charge)
        await self._everything.settle(charge)

    async def get_wrap_up_reason(self, account: Account) -> str:
        """Return why the work on this account should write its final answer now, or ""."""
        for own in await self._find(account):
            if reason := await own.get_wrap_up_reason(account):
                return reason
        return await self._everything.get_wrap_up_reason(account)

    async def forget(self) -> int:
        """Remove old charges from the ledgers of targets and servers; return how many."""
        enforcers = [each.enforcer for each in self._targets.values()]
        enforcers += self._guilds.enforcers.values()
        return sum([await each.forget() for each in enforcers])

    async def _find(self, account: Account) -> tuple[BudgetEnforcer, ...]:
        """Return the budgets of the target and the server that an account's work is for."""
        if account.run_id is None or not (self._targets or self._guilds.enforcers):
            return self._guilds.find(account.guild_id)
        try:
            run = await self._store.get(account.run_id)
        except UnknownRun:
            return ()
        own = self._targets.get(run.trigger.target)
        targets = () if own is None else (own.enforcer,)
        return (*targets, *self._guilds.find(run.trigger.place.guild_id))
