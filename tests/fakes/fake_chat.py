"""A chat in memory: what was said, by key, and what the messages say now."""

import asyncio
import itertools
from dataclasses import dataclass

from bot.domain.chat_errors import ThreadsUnavailable
from bot.domain.errors import ChatRejected
from bot.domain.posts import MessageRef, Post


@dataclass
class PostedMessage:
    """One message: its location and all its versions, the newest last."""

    key: str
    ref: MessageRef
    versions: list[Post]

    @property
    def post(self) -> Post:
        """The current version."""
        return self.versions[-1]


class FakeChat:
    """Implements `bot.ports.chat.Chat`. `messages` holds every message of ours, oldest first.

    `gone` are channels that refuse everything, `threadless` those without threads. `hold` makes
    posts wait until `release`. Editing or reacting to an unknown message is an error of the caller
    and fails the test.
    """

    def __init__(self) -> None:
        self.messages: list[PostedMessage] = []
        self.threads: dict[int, str] = {}
        self.thread_of: dict[MessageRef, int] = {}
        self.archived: set[int] = set()
        self.gone: set[int] = set()
        self.threadless: set[int] = set()
        self._refused: dict[str, str] = {}
        self._ids = itertools.count(1000)
        self._people: set[MessageRef] = set()
        self._open = asyncio.Event()
        self._open.set()

    def add_message(self, channel_id: int) -> MessageRef:
        """Return another person's message, to react to or to open a thread from."""
        ref = MessageRef(channel_id=channel_id, message_id=next(self._ids))
        self._people.add(ref)
        return ref

    def find_by_key(self, key: str) -> PostedMessage:
        """Return the message with that key; `AssertionError` names those there are."""
        for said in self.messages:
            if said.key == key:
                return said
        raise AssertionError(
            f"nothing was said as {key!r}; there is {[s.key for s in self.messages]}"
        )

    def list_texts(self, channel_id: int) -> list[str]:
        """Return the current texts of a channel, oldest first."""
        return [said.post.text for said in self.messages if said.ref.channel_id == channel_id]

    def hold(self) -> None:
        """Make posts wait until `release`."""
        self._open.clear()

    def release(self) -> None:
        """Let waiting posts through."""
        self._open.set()

    async def post(self, channel_id: int, post: Post, *, key: str) -> MessageRef:
        """Say it once under this key."""
        if key in self._refused:
            raise ChatRejected(self._refused[key])
        known = [said for said in self.messages if said.key == key]
        if known:
            said = known[0]
        elif channel_id in self.gone or not (
            post.text or post.card or post.attachments or post.images
        ):
            self._refused[key] = "the channel is gone, or there was nothing to say"
            raise ChatRejected(self._refused[key])
        else:
            ref = MessageRef(channel_id=channel_id, message_id=next(self._ids))
            said = PostedMessage(key, ref, [post])
            self.messages.append(said)
            self.archived.discard(channel_id)
        await asyncio.sleep(0)  # what is said stays said, though the caller be cancelled here
        await self._open.wait()
        return said.ref

    async def edit(self, ref: MessageRef, post: Post, *, final: bool = False) -> None:
        """Show the newest version; identical ones are skipped."""
        if ref.channel_id in self.gone | self.archived:
            return
        said = self._find_message(ref)
        if said.post != post:
            said.versions.append(post)

    async def open_thread(self, ref: MessageRef, name: str) -> int:
        """Return the message's thread."""
        if ref.channel_id in self.gone:
            raise ChatRejected("the channel is gone")
        if ref.channel_id in self.threadless:
            raise ThreadsUnavailable("the channel has no threads")
        if ref not in self.thread_of:
            self.thread_of[ref] = ref.message_id
            self.threads[ref.message_id] = name
        return self.thread_of[ref]

    async def archive_thread(self, thread_id: int) -> None:
        """Fold it away; a message opens it again."""
        if thread_id not in self.gone:
            self.archived.add(thread_id)

    async def open_direct_channel(self, person_id: int) -> int:
        """Return the person's direct channel; its id is the person's id, negated."""
        if -person_id in self.gone:
            raise ChatRejected("they take no direct messages")
        return -person_id

    def _find_message(self, ref: MessageRef) -> PostedMessage:
        for said in self.messages:
            if said.ref == ref:
                return said
        raise AssertionError(f"{ref} is no message of the bot's")
