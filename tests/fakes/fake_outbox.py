"""The outbox's rows in memory."""

import itertools
from dataclasses import dataclass

from bot.domain.errors import ChatRejected, StoreError
from bot.domain.posts import MessageRef, Post
from bot.ports.outbox import OutboxDepth, Pending


@dataclass
class Row:
    """One message and its state."""

    message: Pending
    ref: MessageRef | None = None
    refused: str | None = None


class FakeOutbox:
    """Implements `bot.ports.outbox.OutboxStore`."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self._numbers = itertools.count(1)

    async def enqueue(self, key: str, channel_id: int, post: Post) -> MessageRef | Pending:
        """Store the message once; `ChatRejected` if the chat refused this key for good."""
        if key not in self.rows:
            number = next(self._numbers)
            message = Pending(
                number=number, key=key, channel_id=channel_id, post=post, nonce=f"nonce-{number}"
            )
            self.rows[key] = Row(message)
        row = self.rows[key]
        if row.refused is not None:
            raise ChatRejected(row.refused)
        return row.ref or row.message

    async def mark_sent(self, key: str, ref: MessageRef) -> None:
        """Note that the chat has it."""
        row = self._get_row(key)
        if row.ref is None:
            row.ref, row.refused = ref, None

    async def mark_failed(self, key: str, reason: str) -> None:
        """Note that the chat refused it for good; what was sent stays sent."""
        row = self._get_row(key)
        if row.ref is None and row.refused is None:
            row.refused = reason

    async def forget(self, before: int) -> int:
        """Remove what was sent before the message of that id, and refused before it."""
        sent = {k for k, row in self.rows.items() if row.ref and row.ref.message_id < before}
        last = max((self.rows[key].message.number for key in sent), default=0)
        refused = {
            key
            for key, row in self.rows.items()
            if row.refused is not None and row.message.number < last
        }
        for key in sent | refused:
            del self.rows[key]
        return len(sent | refused)

    async def get_depth(self) -> OutboxDepth:
        """Return how full it is."""
        numbers = [each.number for each in await self.list_pending()]
        refused = sum(row.refused is not None for row in self.rows.values())
        return OutboxDepth(waiting=len(numbers), oldest=min(numbers, default=None), refused=refused)

    async def list_pending(self) -> tuple[Pending, ...]:
        """Return what was not sent yet, oldest first."""
        return tuple(
            row.message for row in self.rows.values() if row.ref is None and row.refused is None
        )

    def _get_row(self, key: str) -> Row:
        if key not in self.rows:
            raise StoreError(f"The outbox has no message with the key {key}.")
        return self.rows[key]
