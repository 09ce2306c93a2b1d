"""`DiscordChat`: sends the outbox's messages exactly once, in order within each channel."""

import asyncio
import heapq
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import discord
import structlog

from bot.adapters.discord_chat._edits import PacedEdits
from bot.adapters.discord_chat._errors import map_errors
from bot.adapters.discord_chat._patient_outbox import PatientOutbox
from bot.adapters.discord_chat._permissions import PermissionReport
from bot.adapters.discord_chat._render import Part, Redact, render, render_edit
from bot.domain.chat_errors import ThreadsUnavailable
from bot.domain.errors import ChatRejected, ChatUnavailable
from bot.domain.posts import MessageRef, Post
from bot.ports.clock import Clock
from bot.ports.outbox import OutboxStore, Pending

T = TypeVar("T")

_THREAD_EXISTS = 160004  # Discord's error code
_LONGEST_WAIT_SECONDS = 30.0
_log = structlog.stdlib.get_logger(__name__)


class DiscordChat:
    """Implements `bot.ports.chat.Chat`. Messages are sent only while `run_forever` is running."""

    def __init__(
        self, client: discord.Client, outbox: OutboxStore, clock: Clock, redact: Redact
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._patient_outbox = PatientOutbox(outbox, clock)
        self._clock = clock
        self._redact = redact
        self._edits = PacedEdits(self._show, clock)
        self._permissions = PermissionReport(client)
        self._todo: asyncio.Queue[Pending | MessageRef] = asyncio.Queue()
        self._lanes: dict[int, list[tuple[int, Pending]]] = {}
        self._awaited: dict[str, asyncio.Future[MessageRef]] = {}
        self._storing: set[asyncio.Task[MessageRef | asyncio.Future[MessageRef]]] = set()

    async def forget(self, older_than: datetime) -> int:
        """Remove stored data about messages sent before then; they stay in Discord."""
        return await self._outbox.forget(discord.utils.time_snowflake(older_than))

    async def run_forever(self) -> None:
        """Send waiting messages until cancelled, those of an earlier process first.

        The client's login must have begun.
        """
        await self._client.wait_until_ready()
        # A message of this process may already be in the queue. Lanes are sorted by number, so it
        # follows the messages of an earlier process.
        waiting = await self._patient_outbox.list_pending()
        leftovers = [message for message in waiting if message.key not in self._awaited]
        try:
            async with asyncio.TaskGroup() as group:
                for pending in leftovers:
                    self._take(pending)
                while True:
                    # Sort all known messages into lanes before any lane starts.
                    self._sort_in(await self._todo.get(), group)
                    while not self._todo.empty():
                        self._sort_in(self._todo.get_nowait(), group)
        finally:
            for task in self._storing:
                task.cancel()
            await asyncio.gather(*self._storing, return_exceptions=True)

    async def wait_until_sent(self, seconds: float) -> bool:
        """Wait until all posted messages are sent; return false if that takes longer."""
        try:
            async with asyncio.timeout(seconds):
                while self._storing or self._awaited:
                    if self._storing:
                        await asyncio.wait(set(self._storing))
                    if self._awaited:
                        await asyncio.wait(set(self._awaited.values()))
        except TimeoutError:
            return False
        return True

    async def send_leftovers(self) -> None:
        """Send messages that another process has added to the outbox since our start."""
        for pending in await self._patient_outbox.list_pending():
            self._take(pending)

    async def send_directly(self, channel_id: int, post: Post) -> None:
        """Send a message that is not stored first, for times when the store cannot be used.

        It may be sent twice, or not at all if the process ends. Raises `ChatRejected`.
        """
        channel = self._client.get_partial_messageable(channel_id)
        for part in render(post, self._redact):
            await self._retry(partial(_send_part, channel, part, secrets.token_hex(12)))

    # The port

    async def post(self, channel_id: int, post: Post, *, key: str) -> MessageRef:
        """Send a message exactly once for this key; see the port."""
        # A separate task: a cancelled caller must not leave a stored message that is never queued.
        storing = asyncio.create_task(self._store(channel_id, post, key), name=f"outbox {key}")
        self._storing.add(storing)
        storing.add_done_callback(self._finish_storing)
        stored = await asyncio.shield(storing)
        # Shielded too: the future belongs to all callers with this key, and its sender sets it.
        return stored if isinstance(stored, MessageRef) else await asyncio.shield(stored)

    async def edit(self, ref: MessageRef, post: Post, *, final: bool = False) -> None:
        """Edit a message at the pace of edits; see the port."""
        if self._edits.request(ref, post):
            self._todo.put_nowait(ref)
        if final:
            await self._edits.wait_until_displayed(ref)

    async def open_thread(self, ref: MessageRef, name: str) -> int:
        """Return the message's thread, whose id is the message's id on Discord."""
        start = partial(
            self._client.http.start_thread_with_message,
            ref.channel_id,
            ref.message_id,
            name=self._redact(name).strip()[:100] or "run",
            auto_archive_duration=1440,
        )
        try:
            created = await self._retry(start)
        except ChatRejected as error:
            cause = error.__cause__
            if isinstance(cause, discord.HTTPException) and cause.code == _THREAD_EXISTS:
                return ref.message_id
            if isinstance(cause, discord.NotFound):
                raise
            explained = self._permissions.explain(error, ref.channel_id, "open a thread")
            raise ThreadsUnavailable(str(explained)) from cause
        return int(created["id"])

    async def archive_thread(self, thread_id: int) -> None:
        """Archive a thread; see the port."""
        try:
            await self._retry(lambda: self._client.http.edit_channel(thread_id, archived=True))
        except ChatRejected as error:
            _log.info("cannot archive the thread %s: %s", thread_id, error)

    async def open_direct_channel(self, person_id: int) -> int:
        """Return the id of a direct channel; Discord returns the same one each time."""
        created = await self._retry(lambda: self._client.http.start_private_message(person_id))
        return int(created["id"])

    # How it is done

    async def _store(
        self, channel_id: int, post: Post, key: str
    ) -> MessageRef | asyncio.Future[MessageRef]:
        """Return the reference of a message that was sent, or a future of it."""
        stored = await self._outbox.enqueue(key, channel_id, post)
        return stored if isinstance(stored, MessageRef) else self._take(stored)

    def _finish_storing(self, task: asyncio.Task[MessageRef | asyncio.Future[MessageRef]]) -> None:
        self._storing.discard(task)
        _look_at_exception(task)  # the caller may have been cancelled

    def _take(self, pending: Pending) -> asyncio.Future[MessageRef]:
        """Queue a message that is not queued yet; return the future of its reference."""
        future = self._awaited.get(pending.key)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(_look_at_exception)  # it may have no caller
            self._awaited[pending.key] = future
            self._todo.put_nowait(pending)
        return future

    def _sort_in(self, item: Pending | MessageRef, group: asyncio.TaskGroup) -> None:
        if isinstance(item, MessageRef):
            group.create_task(self._edits.update(item))
            return
        lane = self._lanes.get(item.channel_id)
        if lane is None:
            lane = self._lanes[item.channel_id] = []
            group.create_task(self._send_lane(item.channel_id, lane))
        # By number and not by arrival: messages of another process are queued after newer ones.
        heapq.heappush(lane, (item.number, item))

    async def _send_lane(self, channel_id: int, lane: list[tuple[int, Pending]]) -> None:
        """Send a channel's messages one after the other, until none is left."""
        while lane:
            _, pending = heapq.heappop(lane)
            future = self._awaited[pending.key]
            try:
                ref = await self._send(pending)
                await self._patient_outbox.mark_sent(pending.key, ref)
                self._edits.note_post(ref, pending.post)
                future.set_result(ref)
            except ChatRejected as error:
                await self._patient_outbox.mark_failed(pending.key, str(error))
                future.set_exception(error)
            self._awaited.pop(pending.key)
        del self._lanes[channel_id]

    async def _send(self, pending: Pending) -> MessageRef:
        """Send all parts. Each has its own nonce, by which Discord detects repetitions."""
        channel = self._client.get_partial_messageable(pending.channel_id)
        try:
            parts = render(pending.post, self._redact)
        except (ValueError, TypeError) as error:  # else it would stop the bot at every start
            raise ChatRejected(f"The message cannot be rendered: {error}") from error
        if parts[0].empty:
            raise ChatRejected("The message is empty.")
        sent: list[discord.Message] = []
        for number, part in enumerate(parts):
            nonce = f"{pending.nonce[:24]}{number}"  # at most 25 characters, for at most 4 parts
            try:
                sent.append(await self._retry(partial(_send_part, channel, part, nonce)))
            except ChatRejected as error:
                cause = error.__cause__
                raise self._permissions.explain(error, pending.channel_id, "write") from cause
        return MessageRef(channel_id=pending.channel_id, message_id=sent[0].id)

    async def _show(self, ref: MessageRef, newest: Callable[[], Post]) -> Post:
        """Edit the message once; its content may change while Discord is unreachable."""
        post = newest()

        async def show() -> None:
            nonlocal post
            post = newest()
            part = render_edit(post, self._redact)
            await _edit(self._get_message(ref), part, pictured=self._edits.has_picture(ref))

        try:
            await self._retry(show)
        except ChatRejected as error:
            reason = self._permissions.explain(error, ref.channel_id, "change my message")
            _log.info("an edit was skipped: %s", reason)  # deleted or too old; see the port
        return post

    def _get_message(self, ref: MessageRef) -> discord.PartialMessage:
        channel = self._client.get_partial_messageable(ref.channel_id)
        return channel.get_partial_message(ref.message_id)

    async def _retry(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `call`; retry while Discord is unreachable."""
        wait = 1.0
        while True:
            # Before the client is ready, and after it is closed, a request cannot succeed.
            await self._client.wait_until_ready()
            try:
                return await map_errors(call)
            except ChatUnavailable as error:
                _log.warning("Discord is unreachable, trying again in %s s: %s", wait, error)
                await self._clock.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)


async def _send_part(
    channel: discord.PartialMessageable, part: Part, nonce: str
) -> discord.Message:
    """Send one message. discord.py requires that unused arguments are absent, hence the dict."""
    options: dict[str, Any] = {"nonce": nonce, "files": part.open_files()}
    options["allowed_mentions"] = _allow_mentions(part.notify)
    if part.embed is not None:
        options["embed"] = part.embed
    if part.view is not None:
        options["view"] = part.view
    if part.reply_to is not None:
        options["reference"] = discord.MessageReference(
            message_id=part.reply_to, channel_id=channel.id, fail_if_not_exists=False
        )
    return await channel.send(part.content, **options)


def _allow_mentions(people: Sequence[int]) -> discord.AllowedMentions:
    """Return the setting that lets only mentions of these people notify."""
    users = [discord.Object(person) for person in people]
    return discord.AllowedMentions(
        everyone=False, roles=False, users=users or False, replied_user=False
    )


async def _edit(message: discord.PartialMessage, part: Part, *, pictured: bool) -> None:
    """Edit one message; its files stay, unless the edit has files or removes a picture."""
    files = part.open_files()
    options: dict[str, Any] = {"attachments": files} if files or pictured else {}
    await message.edit(
        content=part.content,
        embed=part.embed,
        view=part.view,
        allowed_mentions=discord.AllowedMentions.none(),
        **options,
    )


def _look_at_exception(future: asyncio.Future[Any]) -> None:
    """Mark the exception as retrieved, so that asyncio does not warn about it."""
    if not future.cancelled():
        future.exception()
