"""A model gateway that stands aside: programs ask the model itself, and no one pays."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from bot.domain.account import Account
from bot.domain.errors import TheseusError
from bot.ports.model_gateway import GatewayLease
from tests.support.relay import relay

KEY = "sk-ant-api03-test-key-of-nobody"
ACCOUNT = Account(purpose="execute", person_id=7, run_id="k7m2xq")


def a_pass(base_url: str = "http://127.0.0.1:9999") -> GatewayLease:
    """Return a pass that nothing is said against."""

    async def goes_on() -> str:
        return ""

    return GatewayLease(
        token=KEY,
        base_url=base_url,
        socket=None,
        closing=goes_on,
        refused=lambda: None,
        limited_until=lambda: None,
        charge_to=lambda account: None,
    )


class FakeModelGateway:
    """Lends passes for `base_url`. `accounts` is who was charged, oldest first; set the rest."""

    def __init__(self, base_url: str = "http://127.0.0.1:9999", *, token: str = KEY) -> None:
        self._base_url = base_url
        self._token = token
        self._lent = 0
        self.accounts: list[Account] = []
        self.lent_now = 0
        self.closes_for = ""
        self.refuses_with: TheseusError | None = None
        self.limit: datetime | None = None

    @asynccontextmanager
    async def lend(
        self, account: Account, usd: float | None = None
    ) -> AsyncGenerator[GatewayLease, None]:
        """Implements `bot.ports.model_gateway.ModelGateway`."""
        self.accounts.append(account)
        self._lent += 1
        self.lent_now += 1
        try:
            async with relay(self._base_url) as door:
                yield GatewayLease(
                    token=f"{self._token}-{self._lent}",
                    base_url=self._base_url,
                    socket=door,
                    closing=self._closing,
                    refused=lambda: self.refuses_with,
                    limited_until=lambda: self.limit,
                    charge_to=self.accounts.append,
                )
        finally:
            self.lent_now -= 1

    async def _closing(self) -> str:
        return self.closes_for
