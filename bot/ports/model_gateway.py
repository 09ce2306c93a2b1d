"""The model gateway port: lets a program use a model without having a key."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.domain.account import Account
from bot.domain.errors import TheseusError


@dataclass(frozen=True)
class GatewayLease:
    """The access of one program to the gateway; invalid after the lease ends.

    `token` is the program's key. `base_url` is the gateway's address on loopback; `socket` is the
    same gateway as a Unix socket for a program without a network, or `None`. `closing` returns why
    the program should write its final answer, or "". `refused` returns why we blocked the newest
    request (`BudgetSpent`, `Stopped`; `AgentOverloaded` while the provider is not asked), or
    `None`. `limited_until` returns when the provider will answer again, if it said so. Requests
    after `charge_to` are charged to that account.
    """

    token: str = field(repr=False)
    base_url: str
    socket: Path | None
    closing: Callable[[], Awaitable[str]]
    refused: Callable[[], TheseusError | None]
    limited_until: Callable[[], datetime | None]
    charge_to: Callable[[Account], None]


class ModelGateway(Protocol):
    """Has the provider's key. All requests of a program go through it."""

    def open_lease(
        self, account: Account, usd: float | None = None
    ) -> AbstractAsyncContextManager[GatewayLease]:
        """Open a lease for the duration of the block; requests in progress at its end are cut off.

        `usd` is the limit of the lease, which restarts after each `charge_to`; `None` means what
        the budget allows. An answer that could cost more than is left is shortened or refused
        before it is sent; for this estimate, earlier messages count as read from the provider's
        cache. Raises `AgentUnavailable` if the gateway is not open.
        """
        ...
