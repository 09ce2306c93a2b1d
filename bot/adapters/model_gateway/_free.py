"""A toll nobody pays, until there is one."""

from bot.domain.account import Account, Charge
from bot.domain.spent import Spent


class FreeToll:
    """Implements `bot.ports.toll.Toll`: lets everything out."""

    async def admit(self, account: Account, most: Spent, request: str) -> str:
        """Let it out."""
        return ""

    async def settle(self, charge: Charge) -> None:
        """Forget it."""

    async def closing(self, account: Account) -> str:
        """Return nothing: it may go on."""
        return ""
