"""`DiscordChat`: the outbox's rows go out in order, one lane a channel, each exactly once."""

import asyncio
import heapq
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import discord

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

_THREAD_EXISTS = 160004
_LONGEST_WAIT_SECONDS = 30.0
_log = logging.getLogger(__name__)


class DiscordChat:
    """Implements `bot.ports.chat.Chat`. `run_forever` must be running for anything to go out."""

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
        """Remove what is kept of messages sent before then; they stay in Discord."""
        return await self._outbox.forget(discord.utils.time_snowflake(older_than))

    async def run_forever(self) -> None:
        """Send what waits, what an earlier process left first, until cancelled.

        The client's login must have begun.
        """
        await self._client.wait_until_ready()
        # A message of this process may be in the queue already: sorted by number, in its lane, it
        # comes after what an earlier process left.
        left = [p for p in await self._patient_outbox.list_pending() if p.key not in self._awaited]
        try:
            async with asyncio.TaskGroup() as group:
                for pending in left:
                    self._take(pending)
                while True:
                    # All that is known goes into the lanes before any lane starts.
                    self._sort_in(await self._todo.get(), group)
                    while not self._todo.empty():
                        self._sort_in(self._todo.get_nowait(), group)
        finally:
            for task in self._storing:
                task.cancel()
            await asyncio.gather(*self._storing, return_exceptions=True)

    async def wait_until_sent(self, seconds: float) -> bool:
        """Wait until all that was posted is sent; `False`: that takes longer."""
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
        """Send what another process has left in the outbox since this one began."""
        for pending in await self._patient_outbox.list_pending():
            self._take(pending)

    async def send_directly(self, channel_id: int, post: Post) -> None:
        """Send a message that is not stored first: for when nothing can be stored.

        It may come twice, or not at all if the process ends. Raises `ChatRejected`.
        """
        channel = self._client.get_partial_messageable(channel_id)
        for part in render(post, self._redact):
            await self._retry(partial(_send_part, channel, part, secrets.token_hex(12)))

    # The port

    async def post(self, channel_id: int, post: Post, *, key: str) -> MessageRef:
        """Send once for ever under this key; see the port."""
        # A task of its own: a caller cancelled while the row is written must not leave a message
        # that is stored but waits for the next start.
        storing = asyncio.create_task(self._store(channel_id, post, key), name=f"outbox {key}")
        self._storing.add(storing)
        storing.add_done_callback(self._finish_storing)
        stored = await asyncio.shield(storing)
        return stored if isinstance(stored, MessageRef) else await asyncio.shield(stored)

    async def edit(self, ref: MessageRef, post: Post, *, final: bool = False) -> None:
        """Bring a message up to date, paced; see the port."""
        if self._edits.request(ref, post):
            self._todo.put_nowait(ref)
        if final:
            await self._edits.wait_until_displayed(ref)

    async def open_thread(self, ref: MessageRef, name: str) -> int:
        """Return the message's thread; Discord gives a thread the id of its message."""
        start = partial(
            self._client.http.start_thread_with_message,
            ref.channel_id,
            ref.message_id,
            name=self._redact(name).strip()[:100] or "run",
            auto_archive_duration=1440,
        )
        try:
            made = await self._retry(start)
        except ChatRejected as error:
            cause = error.__cause__
            if isinstance(cause, discord.HTTPException) and cause.code == _THREAD_EXISTS:
                return ref.message_id
            if isinstance(cause, discord.NotFound):
                raise
            told = self._permissions.explain(error, ref.channel_id, "open a thread")
            raise ThreadsUnavailable(str(told)) from cause
        return int(made["id"])

    async def archive_thread(self, thread_id: int) -> None:
        """Fold a thread away; see the port."""
        try:
            await self._retry(lambda: self._client.http.edit_channel(thread_id, archived=True))
        except ChatRejected as error:
            _log.info("the thread %s stays open: %s", thread_id, error)

    async def open_direct_channel(self, person_id: int) -> int:
        """Return the direct channel's id; Discord opens the same one each time."""
        made = await self._retry(lambda: self._client.http.start_private_message(person_id))
        return int(made["id"])

    # How it is done

    async def _store(
        self, channel_id: int, post: Post, key: str
    ) -> MessageRef | asyncio.Future[MessageRef]:
        """Return where the message stands, or the future of that."""
        stored = await self._outbox.enqueue(key, channel_id, post)
        return stored if isinstance(stored, MessageRef) else self._take(stored)

    def _finish_storing(self, task: asyncio.Task[MessageRef | asyncio.Future[MessageRef]]) -> None:
        self._storing.discard(task)
        _look_at_exception(task)  # the caller may be gone

    def _take(self, pending: Pending) -> asyncio.Future[MessageRef]:
        """Queue a message that is not queued yet; return the future of where it stands."""
        future = self._awaited.get(pending.key)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(_look_at_exception)  # one of an earlier process has no caller
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
        heapq.heappush(lane, (item.number, item))

    async def _send_lane(self, channel_id: int, lane: list[tuple[int, Pending]]) -> None:
        """Send a channel's messages one after the other, until there is none left."""
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
        """Send all parts; each has a nonce of its own, by which Discord knows a repetition."""
        channel = self._client.get_partial_messageable(pending.channel_id)
        try:
            parts = render(pending.post, self._redact)
        except (ValueError, TypeError) as error:  # else it would stop the bot at every start
            raise ChatRejected(f"The message cannot be drawn: {error}") from error
        if parts[0].empty:
            raise ChatRejected("There was nothing to say: the message is empty.")
        sent: list[discord.Message] = []
        for number, part in enumerate(parts):
            nonce = f"{pending.nonce[:24]}{number}"  # 25 characters at most, and at most 4 parts
            try:
                sent.append(await self._retry(partial(_send_part, channel, part, nonce)))
            except ChatRejected as error:
                cause = error.__cause__
                raise self._permissions.explain(error, pending.channel_id, "write") from cause
        return MessageRef(channel_id=pending.channel_id, message_id=sent[0].id)

    async def _show(self, ref: MessageRef, newest: Callable[[], Post]) -> Post:
        """Edit the message once; what is wanted may change while Discord is out of reach."""
        post = newest()

        async def show() -> None:
            nonlocal post
            post = newest()
            part = render_edit(post, self._redact)
            await _edit(self._get_message(ref), part, pictured=self._edits.has_picture(ref))

        try:
            await self._retry(show)
        except ChatRejected as error:
            told = self._permissions.explain(error, ref.channel_id, "change my message")
            _log.info("an edit was left out: %s", told)  # gone, or too old; the port says so
        return post

    def _get_message(self, ref: MessageRef) -> discord.PartialMessage:
        channel = self._client.get_partial_messageable(ref.channel_id)
        return channel.get_partial_message(ref.message_id)

    async def _retry(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what `call` returns, trying again for as long as Discord is out of reach."""
        wait = 1.0
        while True:
            # Not ready yet, or closed: there is nothing to send with, and nothing comes of trying.
            await self._client.wait_until_ready()
            try:
                return await map_errors(call)
            except ChatUnavailable as error:
                _log.warning("discord is out of reach, trying again in %s s: %s", wait, error)
                await self._clock.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)


async def _send_part(
    channel: discord.PartialMessageable, part: Part, nonce: str
) -> discord.Message:
    """Send one message. discord.py wants absent arguments absent, hence the dictionary."""
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
    """Return what lets mentions of these people ring, and of nobody else."""
    users = [discord.Object(person) for person in people]
    return discord.AllowedMentions(
        everyone=False, roles=False, users=users or False, replied_user=False
    )


async def _edit(message: discord.PartialMessage, part: Part, *, pictured: bool) -> None:
    """Change one message; its files stay, unless the edit brings its own or loses a picture."""
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
    """Mark the exception as seen, so that asyncio does not complain that nobody waited for it."""
    if not future.cancelled():
        future.exception()
