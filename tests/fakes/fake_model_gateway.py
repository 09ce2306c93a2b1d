"""A model gateway that checks nothing: programs call the model directly, at no cost."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from bot.domain.account import Account
from bot.domain.errors import TheseusError
from bot.ports.model_gateway import GatewayLease
from tests.support.relay import run_relay

KEY = "sk-ant-api03-test-key-of-nobody"
ACCOUNT = Account(purpose="execute", person_id=7, run_id="k7m2xq")


def make_lease(base_url: str = "http://127.0.0.1:9999") -> GatewayLease:
    """Return a lease without restrictions."""

    async def get_no_reason() -> str:
        return ""

    return GatewayLease(
        token=KEY,
        base_url=base_url,
        socket=None,
        closing=get_no_reason,
        refused=lambda: None,
        limited_until=lambda: None,
        charge_to=lambda account: None,
    )


class FakeModelGateway:
    """Grants leases for `base_url`. `accounts` lists the charged accounts, oldest first."""

    def __init__(self, base_url: str = "http://127.0.0.1:9999", *, token: str = KEY) -> None:
        self._base_url = base_url
        self._token = token
        self._lease_count = 0
        self.accounts: list[Account] = []
        self.open_leases = 0
        self.closing_reason = ""
        self.refusal: TheseusError | None = None
        self.limit: datetime | None = None

    @asynccontextmanager
    async def open_lease(
        self, account: Account, usd: float | None = None
    ) -> AsyncGenerator[GatewayLease, None]:
        """Open a lease. Implements `bot.ports.model_gateway.ModelGateway`."""
        self.accounts.append(account)
        self._lease_count += 1
        self.open_leases += 1
        try:
            async with run_relay(self._base_url) as door:
                yield GatewayLease(
                    token=f"{self._token}-{self._lease_count}",
                    base_url=self._base_url,
                    socket=door,
                    closing=self._get_closing_reason,
                    refused=lambda: self.refusal,
                    limited_until=lambda: self.limit,
                    charge_to=self.accounts.append,
                )
        finally:
            self.open_leases -= 1

    async def _get_closing_reason(self) -> str:
        return self.closing_reason
