"""The chat port, for outgoing messages only. Cogs receive people's messages."""

from typing import Protocol

from bot.domain.posts import MessageRef, Post


class Chat(Protocol):
    """Posts messages in channels and threads, durably and exactly once.

    Text over the chat's limits is split (with code blocks repaired) or attached. Order is preserved
    per channel. Rate limits and temporary failures are retried. Raises `ChatRejected` if the chat
    refuses for good. Cancelling a call leaves the message queued.
    """

    async def post(self, channel_id: int, post: Post, *, key: str) -> MessageRef:
        """Send `post` and return its message.

        `key` identifies this message permanently: a second call with the same key, even in another
        process after a crash, sends nothing and returns the first message. If a long text was
        split, the first part is returned; it has the card and buttons.
        """
        ...

    async def edit(self, ref: MessageRef, post: Post, *, final: bool = False) -> None:
        """Update a message.

        Edits are paced per message, the newest wins, and identical ones are skipped.

        Returns when `post` was accepted; with `final`, when it is shown. A message that is deleted
        or too old to edit is left unchanged.
        """
        ...

    async def open_thread(self, ref: MessageRef, name: str) -> int:
        """Return the id of the thread on that message; open the thread if there is none.

        Raises `ThreadsUnavailable` if the channel allows no threads, `ChatRejected` if the message
        is gone.
        """
        ...

    async def archive_thread(self, thread_id: int) -> None:
        """Archive a thread.

        A new message in it opens it again; its messages cannot be edited meanwhile.

        A thread that is gone or may not be changed is left as it is.
        """
        ...

    async def open_direct_channel(self, person_id: int) -> int:
        """Return the id of the direct channel with that person; open it if there is none."""
        ...
