"""An outbox that retries as long as the store fails."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog

from bot.domain.posts import MessageRef
from bot.periodic import log_warnings, run_until_success
from bot.ports.clock import Clock
from bot.ports.outbox import OutboxStore, Pending

T = TypeVar("T")

_FAILED = log_warnings(structlog.stdlib.get_logger(__name__), "the outbox failed; I try again")


class PatientOutbox:
    """Retries while the store cannot be read or written, instead of raising errors.

    The channel waits meanwhile: a sent message that is not marked as sent would be sent again.
    """

    def __init__(self, outbox: OutboxStore, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def list_pending(self) -> Sequence[Pending]:
        """Return the messages that were not sent yet, oldest first."""
        return await self._retry(self._outbox.list_pending)

    async def mark_sent(self, key: str, ref: MessageRef) -> None:
        """Record that the chat has the message."""
        await self._retry(partial(self._outbox.mark_sent, key, ref))

    async def mark_failed(self, key: str, reason: str) -> None:
        """Record that the chat permanently refused the message."""
        await self._retry(partial(self._outbox.mark_failed, key, reason))

    async def _retry(self, work: Callable[[], Awaitable[T]]) -> T:
        return await run_until_success(work, self._clock, failed=_FAILED)
