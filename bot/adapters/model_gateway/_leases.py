"""Who is let in: leases granted for a time, known by a random token each."""

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
_TELLING = 5_000  # tokens
_READ_AT_ONCE = 2  # bodies: read, parsed and cleaned one takes many times its size
_PREFIX = "sk-ant-theseus-"  # looks like a key, so that whatever hides keys hides it


@dataclass(eq=False)
class Lease:
    """One pass while it is lent. `requests` are those under way with it.

    `density` is how many times more tokens its requests had than was estimated by their size,
    `refusals` how many were refused in a row. `reading` is held while a body is read. `usd` is
    what may be spent with it (`None`: whatever the budget allows), `read_before` how many tokens
    its newest request had: what the provider's cache holds of the next one.
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
        """Charge what follows to another account, with the whole of `usd` before it."""
        self.account = account
        self._cost = 0.0

    def hold(self, request: str, usd: float) -> bool:
        """Keep so much for a request that goes out, if there is so much left."""
        others = sum(held for each, held in self._held.items() if each != request)
        if self.usd is not None and self._cost + others + usd > self.usd:
            return False
        self._held[request] = usd
        return True

    def settle(self, request: str, usd: float) -> None:
        """Take what a request came to, in place of what was kept for it."""
        self._held.pop(request, None)
        self._cost += usd

    def learn(self, estimated: int, actual: int) -> None:
        """Note how many tokens a request really had; small ones are mostly what is added."""
        if estimated >= _TELLING:
            self.density = min(max(self.density, actual / estimated), BYTES_A_TOKEN)

    def cut(self) -> None:
        """End what is under way; who waits for it hears it as cancelled."""
        for request in self.requests:
            request.cancel()


class LeaseTable:
    """All that are lent now."""

    def __init__(self) -> None:
        self._leases: set[Lease] = set()

    def __iter__(self) -> Iterator[Lease]:
        return iter(tuple(self._leases))

    def add(self, account: Account, usd: float | None) -> Lease:
        """Lend one."""
        lent = Lease(account, usd=usd)
        self._leases.add(lent)
        return lent

    async def end(self, lease: Lease) -> None:
        """Make it worthless, and wait until what was under way with it is over."""
        self._leases.discard(lease)
        lease.cut()
        while lease.requests:
            await asyncio.wait(lease.requests)

    def find(self, headers: CIMultiDictProxy[str]) -> Lease | None:
        """Return whose one token a request comes with; `None` where it is nobody's.

        How long it takes tells nothing about any of them.
        """
        given = headers.getall("x-api-key", [])
        for value in headers.getall("Authorization", []):
            scheme, _, rest = value.partition(" ")
            given.append(rest if scheme.lower() == "bearer" else "")
        if len(given) != 1 or not given[0]:
            return None
        asked, found = given[0].encode(), None
        for lent in self._leases:
            if hmac.compare_digest(asked, lent.token.encode()):
                found = lent
        return found
