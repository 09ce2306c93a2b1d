"""Leases: temporary access to the gateway, each with a random token."""

import asyncio
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from multidict import CIMultiDictProxy

from bot.adapters.model_gateway._model_request import BYTES_A_TOKEN
from bot.domain.account import Account
from bot.domain.errors import TheseusError

TOKEN_BYTES = 32
_TELLING = 5_000  # tokens; smaller requests are mostly overhead
_READ_AT_ONCE = 2  # bodies; reading, parsing and cleaning one needs many times its size in memory
_PREFIX = "sk-ant-theseus-"  # looks like a key, so that tools that hide keys hide it


@dataclass(eq=False)
class Lease:
    """A lease while it is valid. `requests` are those in progress with it.

    `density` is the ratio of actual to estimated tokens of its requests, `refusals` the number of
    refusals in a row. `reading` is held while a body is read. `usd` is its budget (`None`: only the
    general budget applies), and `read_before` the number of tokens in its newest request, which the
    provider's cache contains for the next one.
    """

    account: Account
    token: str = field(default_factory=lambda: _PREFIX + secrets.token_hex(TOKEN_BYTES), repr=False)
    requests: set[asyncio.Task[object]] = field(default_factory=set)
    usd: float | None = None
    refused: TheseusError | None = None
    limited_until: datetime | None = None
    density: float = 1.0
    refusals: int = 0
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_READ_AT_ONCE))
    read_before: int = 0
    _cost: float = 0.0
    _held: dict[str, float] = field(default_factory=dict)

    def charge_to(self, account: Account) -> None:
        """Charge further requests to another account, with the full `usd` available again."""
        self.account = account
        self._cost = 0.0

    def hold(self, request: str, usd: float) -> bool:
        """Reserve an amount for a request; return whether the budget allows it."""
        reserved = sum(
            amount for other_request, amount in self._held.items() if other_request != request
        )
        if self.usd is not None and self._cost + reserved + usd > self.usd:
            return False
        self._held[request] = usd
        return True

    def settle(self, request: str, usd: float) -> None:
        """Record the cost of a request, and release its reservation."""
        self._held.pop(request, None)
        self._cost += usd

    def learn(self, estimated: int, actual: int) -> None:
        """Record the tokens of a request; small ones are ignored: they are mostly overhead."""
        if estimated >= _TELLING:
            # Only upwards: an estimate that is too low would admit more than the budget has.
            self.density = min(max(self.density, actual / estimated), BYTES_A_TOKEN)

    def cut(self) -> None:
        """Cancel the requests in progress; waiting callers see a cancellation."""
        for request in self.requests:
            request.cancel()


class LeaseTable:
    """All valid leases."""

    def __init__(self) -> None:
        self._leases: set[Lease] = set()

    def __iter__(self) -> Iterator[Lease]:
        return iter(tuple(self._leases))

    def add(self, account: Account, usd: float | None) -> Lease:
        """Create a lease."""
        lease = Lease(account, usd=usd)
        self._leases.add(lease)
        return lease

    async def end(self, lease: Lease) -> None:
        """Invalidate a lease, and wait until its requests have ended."""
        self._leases.discard(lease)
        lease.cut()
        while lease.requests:
            await asyncio.wait(lease.requests)

    def find(self, headers: CIMultiDictProxy[str]) -> Lease | None:
        """Return the lease of a request's token, or `None` if the token is not valid.

        All tokens are compared in constant time, so the duration reveals nothing about them.
        """
        tokens = headers.getall("x-api-key", [])
        for value in headers.getall("Authorization", []):
            scheme, _, credentials = value.partition(" ")
            tokens.append(credentials if scheme.lower() == "bearer" else "")
        if len(tokens) != 1 or not tokens[0]:
            return None
        token, match = tokens[0].encode(), None
        for lease in self._leases:
            if hmac.compare_digest(token, lease.token.encode()):
                match = lease
        return match
