"""`DiscordChat`: the outbox's rows go out in order, one lane a channel, each exactly once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import aiohttp
import discord

from bot.adapters.discord_chat._edits import PacedEdits
from bot.adapters.discord_chat._render import Part, Redact, render
from bot.domain.errors import ChatError, ChatRejected, ChatUnavailable
from bot.domain.posts import MessageRef, Post
from bot.ports.clock import Clock
from bot.ports.outbox import OutboxStore, Pending

T = TypeVar("T")

_THREAD_EXISTS = 160004
_TOO_OLD_TO_EDIT = 30046
_LONGEST_WAIT_SECONDS = 30.0
_log = logging.getLogger(__name__)


class DiscordChat:
    """Implements `bot.ports.chat.Chat`. `run_forever` must be running for anything to go out."""

    def __init__(
        self, client: discord.Client, outbox: OutboxStore, clock: Clock, redact: Redact
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._clock = clock
        self._redact = redact
        self._edits = PacedEdits(self._show, clock)
        self._todo: asyncio.Queue[Pending | MessageRef] = asyncio.Queue()
        self._lanes: dict[int, asyncio.Queue[Pending]] = {}
        self._awaited: dict[str, asyncio.Future[MessageRef]] = {}

    async def run_forever(self) -> None:
        """Send what waits, what an earlier process left first, until cancelled."""
        await self._client.wait_until_ready()
        for pending in await self._outbox.pending():
            if pending.key not in self._awaited:
                self._await(pending.key)
                self._todo.put_nowait(pending)
        async with asyncio.TaskGroup() as group:
            while True:
                item = await self._todo.get()
                if isinstance(item, MessageRef):
                    group.create_task(self._edits.bring_up_to_date(item))
                    continue
                if item.channel_id not in self._lanes:
                    self._lanes[item.channel_id] = asyncio.Queue()
                    group.create_task(self._drive(self._lanes[item.channel_id]))
                self._lanes[item.channel_id].put_nowait(item)

    # The door

    async def post(self, channel_id: int, post: Post, *, key: str) -> MessageRef:
        """Send once for ever under this key; see the door."""
        stored = await self._outbox.enqueue(key, channel_id, post)
        if isinstance(stored, MessageRef):
            return stored
        future = self._awaited.get(key)
        if future is None:
            future = self._await(key)
            self._todo.put_nowait(stored)
        return await asyncio.shield(future)

    async def edit(self, ref: MessageRef, post: Post, *, final: bool = False) -> None:
        """Bring a message up to date, paced; see the door."""
        if self._edits.want(ref, post):
            self._todo.put_nowait(ref)
        if final:
            await self._edits.shown(ref)

    async def open_thread(self, ref: MessageRef, name: str) -> int:
        """Return the message's thread; Discord gives a thread the id of its message."""
        try:
            made = await self._retried(
                lambda: self._client.http.start_thread_with_message(
                    ref.channel_id,
                    ref.message_id,
                    name=self._redact(name)[:100] or "run",
                    auto_archive_duration=1440,
                )
            )
        except ChatRejected as error:
            cause = error.__cause__
            if isinstance(cause, discord.HTTPException) and cause.code == _THREAD_EXISTS:
                return ref.message_id
            raise
        return int(made["id"])

    async def react(self, ref: MessageRef, emoji: str) -> None:
        """Add the bot's reaction."""
        message = self._message(ref)
        await self._retried(lambda: message.add_reaction(emoji))

    # How it is done

    def _await(self, key: str) -> asyncio.Future[MessageRef]:
        future: asyncio.Future[MessageRef] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_look_at_exception)
        self._awaited[key] = future
        return future

    async def _drive(self, lane: asyncio.Queue[Pending]) -> None:
        while True:
            pending = await lane.get()
            future = self._awaited[pending.key]
            try:
                ref = await self._send(pending)
                await self._outbox.sent(pending.key, ref)
                future.set_result(ref)
            except ChatRejected as error:
                await self._outbox.failed(pending.key, str(error))
                future.set_exception(error)
            self._awaited.pop(pending.key)

    async def _send(self, pending: Pending) -> MessageRef:
        """Send all parts; each has a nonce of its own, by which Discord knows a repetition."""
        channel = self._client.get_partial_messageable(pending.channel_id)
        sent: list[discord.Message] = []
        for number, part in enumerate(render(pending.post, self._redact)):
            nonce = f"{pending.nonce[:24]}{number}"
            sent.append(await self._retried(partial(_send_part, channel, part, nonce)))
        if not sent:
            raise ChatRejected("There was nothing to say: the message is empty.")
        return MessageRef(channel_id=pending.channel_id, message_id=sent[0].id)

    async def _show(self, ref: MessageRef, post: Post) -> None:
        part = render(post, self._redact)[0]
        try:
            await self._retried(
                lambda: self._message(ref).edit(
                    content=part.content, embed=part.embed, view=part.view
                )
            )
        except ChatError as error:
            _log.info("an edit was left out: %s", error)  # gone, or too old; the door says so

    def _message(self, ref: MessageRef) -> discord.PartialMessage:
        channel = self._client.get_partial_messageable(ref.channel_id)
        return channel.get_partial_message(ref.message_id)

    async def _retried(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what `call` returns, trying again for as long as Discord is out of reach."""
        wait = 1.0
        while True:
            try:
                return await _mapped(call)
            except ChatUnavailable as error:
                _log.warning("discord is out of reach, trying again in %s s: %s", wait, error)
                await self._clock.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)


async def _send_part(
    channel: discord.PartialMessageable, part: Part, nonce: str
) -> discord.Message:
    """Send one message. discord.py wants absent arguments absent, hence the dictionary."""
    options: dict[str, Any] = {"nonce": nonce, "files": part.files()}
    if part.embed is not None:
        options["embed"] = part.embed
    if part.view is not None:
        options["view"] = part.view
    if part.reply_to is not None:
        options["reference"] = discord.MessageReference(
            message_id=part.reply_to, channel_id=channel.id, fail_if_not_exists=False
        )
    return await channel.send(part.content, **options)


async def _mapped(call: Callable[[], Awaitable[T]]) -> T:
    """Map discord.py's errors to ours, here and nowhere else."""
    try:
        return await call()
    except discord.HTTPException as error:
        if error.status >= 500 or error.status == 429:
            raise ChatUnavailable(f"Discord answered {error.status}.") from error
        raise ChatRejected(f"Discord refused ({error.status}): {error.text}") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ChatUnavailable(f"Discord is out of reach: {error}") from error


def _look_at_exception(future: asyncio.Future[MessageRef]) -> None:
    """Mark the exception as seen: a message left by an earlier process has nobody waiting."""
    if not future.cancelled():
        future.exception()
