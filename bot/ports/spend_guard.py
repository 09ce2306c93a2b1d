"""The spend guard port: the model gateway asks it before each request and reports each cost."""

from typing import Protocol

from bot.domain.account import Account, Charge
from bot.domain.cost import Cost


class SpendGuard(Protocol):
    """Enforces spending caps before each model request. Nothing a model says can avoid it."""

    async def admit(self, account: Account, most: Cost, request: str) -> str:
        """Admit a request that costs at most `most`, and hold that amount for it.

        `request` is its id. `settle` with a charge of that id releases the held amount and must be
        called however the request ends. Returns why this should be the final request, as text for
        the model, or "". Waits if the request only does not fit together with what others hold. If
        called again, for example for a shorter answer, only the last `most` is held.

        Raises `Stopped`, and `BudgetSpent` with the cap and when it resets, also if the cost so far
        cannot be read.
        """
        ...

    async def note_progress(self, charge: Charge) -> None:
        """Record what a request in progress costs at most so far.

        If the program dies before the request is settled, this is charged and not its maximum,
        which stays held meanwhile. Never raises.
        """
        ...

    async def settle(self, charge: Charge) -> None:
        """Record the cost of a request, also of a refused, failed or interrupted one.

        The account that was admitted is charged, whichever account the charge names. Never raises.
        """
        ...

    async def get_wrap_up_reason(self, account: Account) -> str:
        """Return why the work on this account should write its final answer now, or ""."""
        ...
