"""The chat port: outbound only. Cogs hear people."""

from typing import Protocol

from bot.domain.posts import MessageRef, Post


class Chat(Protocol):
    """Says things in channels and threads, durably and once.

    Text over the chat's limits is split (fenced blocks repaired) or attached. Order is kept per
    channel. Rate limits and passing failures are retried inside. Raises `ChatRejected` when the
    chat refuses for good; cancelling a call leaves the message queued, not lost.
    """

    async def post(self, channel_id: int, post: Post, *, key: str) -> MessageRef:
        """Send `post`; return where it stands.

        `key` names this message for ever: a second call with the same key, even in another
        process after a crash, sends nothing and returns the first message. When a long text was
        split, the first part is returned; it carries the card and buttons.
        """
        ...

    async def edit(self, ref: MessageRef, post: Post, *, final: bool = False) -> None:
        """Bring a message up to date: paced per message, the newest wins, identical ones skipped.

        Returns when `post` was taken, not when it is shown; with `final` it returns when shown.
        A message that is gone or too old to edit is left alone.
        """
        ...

    async def open_thread(self, ref: MessageRef, name: str) -> int:
        """Return the id of the thread on that message, opening it if there is none.

        Raises `ThreadsUnavailable` where the channel takes no thread, `ChatRejected` where the
        message is gone.
        """
        ...

    async def archive_thread(self, thread_id: int) -> None:
        """Fold a thread away. Whoever writes in it opens it again; its messages take no edits.

        One that is gone, or that may not be changed, is left as it is.
        """
        ...

    async def open_direct_channel(self, person_id: int) -> int:
        """Return the id of the channel with that person alone, opening it if there is none."""
        ...
