"""The outbox port: where messages wait until the chat has them."""

from typing import Protocol

from bot.domain.posts import MessageRef, Post
from bot.domain.record import Record


class Pending(Record):
    """One message to send. `number` gives the order; `nonce` is what the chat deduplicates by."""

    number: int
    key: str
    channel_id: int
    post: Post
    nonce: str


class OutboxDepth(Record):
    """How many messages wait, the `number` of the oldest of them, and how many were refused."""

    waiting: int = 0
    oldest: int | None = None
    refused: int = 0


class OutboxStore(Protocol):
    """Durable rows behind `Chat.post`. Raises `StoreError`."""

    async def enqueue(self, key: str, channel_id: int, post: Post) -> MessageRef | Pending:
        """Store the message, or return where it stands if this key was sent already.

        Raises `ChatRejected`, with the reason, if the chat refused this key for good.
        """
        ...

    async def mark_sent(self, key: str, ref: MessageRef) -> None:
        """Note that the chat has it."""
        ...

    async def mark_failed(self, key: str, reason: str) -> None:
        """Note that the chat refused it for good; it is not tried again."""
        ...

    async def forget(self, before: int) -> int:
        """Remove what was sent before the message of that id, and refused before it.

        Returns how many went. The chat's ids grow with time.
        """
        ...

    async def get_depth(self) -> OutboxDepth:
        """Return how full it is, without reading the messages: cheap, whatever it holds."""
        ...

    async def list_pending(self) -> tuple[Pending, ...]:
        """Return what was not sent yet, oldest first."""
        ...
