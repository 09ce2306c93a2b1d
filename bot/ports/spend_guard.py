"""The spend guard: asked by the model gateway before each request, and told what it came to."""

from typing import Protocol

from bot.domain.account import Account, Charge
from bot.domain.cost import Cost


class SpendGuard(Protocol):
    """Who stands at the wire. Nothing a model or a program says gets past it."""

    async def admit(self, account: Account, most: Cost, request: str) -> str:
        """Let a request go out that may come to `most`, and hold so much back for it.

        `request` names it; `settle` with a charge of that id gives back what was held, and has to
        come however the request ends. Returns why this should be the last one, for the model to
        read, or nothing. Waits where it only does not fit beside what others hold. Raises
        `Stopped`, `BudgetSpent` with the cap and when it is free again, also where what was spent
        cannot be counted. Asked again, as for a shorter answer, only the last `most` is held.
        """
        ...

    async def settle(self, charge: Charge) -> None:
        """Write down what became of a request, also of a refused, failed or broken off one.

        Whoever was let through is charged, whatever account the charge names. Never raises.
        """
        ...

    async def get_wrap_up_reason(self, account: Account) -> str:
        """Return why the work on this account should come to its last words now, or nothing."""
        ...
