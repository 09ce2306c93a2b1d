"""The outbox port: stores messages until the chat has them."""

from typing import Protocol

from theseus_guard.record import Record

from bot.domain.posts import MessageRef, Post


class Pending(Record):
    """One message to send. `number` gives the order; the chat deduplicates by `nonce`."""

    number: int
    key: str
    channel_id: int
    post: Post
    nonce: str


class OutboxDepth(Record):
    """The number of waiting messages, the `number` of the oldest, and how many were refused."""

    waiting: int = 0
    oldest: int | None = None
    refused: int = 0


class OutboxStore(Protocol):
    """The durable rows behind `Chat.post`. Raises `StoreError`."""

    async def enqueue(self, key: str, channel_id: int, post: Post) -> MessageRef | Pending:
        """Store the message; if this key was sent already, return its message.

        Raises `ChatRejected`, with the reason, if the chat refused this key for good.
        """
        ...

    async def mark_sent(self, key: str, ref: MessageRef) -> None:
        """Record that the chat has the message."""
        ...

    async def mark_failed(self, key: str, reason: str) -> None:
        """Record that the chat refused the message for good; it is not retried."""
        ...

    async def forget(self, before: int) -> int:
        """Remove what was sent or refused before the message with that id; return how many.

        The chat's ids grow with time.
        """
        ...

    async def get_depth(self) -> OutboxDepth:
        """Return how many messages wait, without reading them: cheap for any number."""
        ...

    async def list_pending(self) -> tuple[Pending, ...]:
        """Return the messages not sent yet, oldest first."""
        ...
