"""The model gateway port: how a program reaches a model without holding a key."""

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
    """What one program is let in with, for as long as it is lent; worthless afterwards.

    `token` is what it gives as its key. `base_url` is where it asks, on loopback; `socket` is the
    same as a file, for a program that has no network (`None` where there is none). `closing`
    says why it should come to its last words, or nothing. `refused` is why we did not let the
    newest request out (`BudgetSpent`, `Stopped`; `AgentOverloaded` while the provider is left
    alone), `None` where we did. `limited_until` is when the provider will answer again, where it
    said so. What follows `charge_to` is charged to that account.
    """

    token: str = field(repr=False)
    base_url: str
    socket: Path | None
    closing: Callable[[], Awaitable[str]]
    refused: Callable[[], TheseusError | None]
    limited_until: Callable[[], datetime | None]
    charge_to: Callable[[Account], None]


class ModelGateway(Protocol):
    """Holds the provider's key. Every request a program makes goes through it."""

    def open_lease(
        self, account: Account, usd: float | None = None
    ) -> AbstractAsyncContextManager[GatewayLease]:
        """Lend a pass for the time of the block; what is under way at its end is cut.

        `usd` is what may be spent with it, anew after each `charge_to`; `None`: what the budget
        allows. An answer that could cost more than is left is made shorter or refused beforehand,
        where what it was asked before is counted as read from the provider's cache.
        Raises `AgentUnavailable` where the gateway is not open.
        """
        ...
