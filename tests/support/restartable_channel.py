"""A dev channel that stays while bots come and go: what is durable outlives each of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.adapters.discord_chat import DiscordChat, DiscordMemberDirectory
from bot.client import Identity, TheseusClient
from bot.domain.people import AllowList, PeopleList
from bot.redaction import redact
from bot.self_improvement import RunSettings
from bot.settings import MissedConfig
from bot.telemetry import Recorder
from bot.telemetry.endings import EndedByCode
from local_discord.person import Message, Person
from local_discord.server import LocalDiscord
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_outbox import FakeOutbox
from tests.support.dev_channel import COGS, PEOPLE, ROOT
from tests.support.discord_client import online
from tests.support.kill_at import Fuse, Killed, fused
from tests.support.world import World


class RestartableChannel:
    """Alice and bob are approvers, dora is a developer, mallory is nobody."""

    def __init__(self, folder: Path, local: LocalDiscord) -> None:
        self.local = local
        self.people: dict[str, Person] = {}
        self.missed = MissedConfig()
        # Messages bear Discord's own time: what failed has to have failed by that.
        self.world = World(folder, clock=FakeClock(datetime.now(UTC)))
        ids = dict(local.people)
        self.listed = AllowList(
            developers=PeopleList(users=frozenset({ids["dora"]})),
            approvers=PeopleList(users=frozenset({ids["alice"], ids["bob"]})),
        )
        self.world.limits = RunSettings(
            people=self.listed, dev_channel_id=local.dev_channel_id, per_person=20
        )
        self._folder = folder
        self._outbox = FakeOutbox()
        self._client: TheseusClient | None = None

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    @property
    def mention(self) -> str:
        return f"<@{self.local.bot_user_id}>"

    @asynccontextmanager
    async def bot(self, fuse: Fuse | None = None) -> AsyncIterator[TheseusClient]:
        """Run a bot until the block ends; once the fuse is blown nothing it does lasts."""
        fuse = fuse or Fuse()
        world = self.world
        self._client = client = self._new_client()
        chat = DiscordChat(client, fused(self._outbox, fuse), world.clock, redact)
        world.speak_through(chat)
        client.chat = fused(chat, fuse)
        client.key_values = fused(world.key_values, fuse)
        client.agent = world.agent(fuse)
        async with online(client, self.local):
            working = [
                asyncio.create_task(work)
                for work in (chat.run_forever(), client.agent.run_forever(), self._time_flies())
            ]
            try:
                yield client
            finally:
                for task in working:
                    task.cancel()
                for ended in await asyncio.gather(*working, return_exceptions=True):
                    _check(ended)

    def _new_client(self) -> TheseusClient:
        world, local = self.world, self.local
        client = TheseusClient(
            root=ROOT,
            state=self._folder,
            clock=world.clock,
            recorder=Recorder(world.journal, world.clock, ROOT, b"salt", lambda: None),
            identity=Identity(local.guild_id, local.dev_channel_id, self.listed),
            flags=world.flags.find,
            extensions=COGS,
            guild_ready_timeout=0.01,
        )
        client.missed = self.missed
        world.member_directory = DiscordMemberDirectory(client, local.guild_id, world.clock)
        return client

    async def _time_flies(self) -> None:
        while True:
            await self.world.clock.advance(0.5)
            await asyncio.sleep(0.01)

    @property
    def settled(self) -> bool:
        """Whether the bot that runs has looked for what it missed, and answered that."""
        cog = self._client and self._client.get_cog("Conversation")
        return bool(getattr(cog, "caught_up", False))  # its class is another one each time

    async def until_settled(self) -> None:
        """Wait until the bot has answered what it missed."""
        await until(lambda: self.settled)

    async def answers(self, channel: str) -> list[tuple[str, str]]:
        """Return the ids of the messages that were answered, and with what, oldest answer first."""
        said = await self["alice" if not channel.startswith("@") else channel[1:]].messages(channel)
        return [
            (answered, message["content"])
            for message in said
            if message["author"].get("bot") and (answered := _answered(message))
        ]

    async def until_answered(self, channel: str, said: Message) -> str:
        """Return the bot's answer to a message, once it is there."""
        who = self["alice" if not channel.startswith("@") else channel[1:]]
        told = await who.wait_for(channel, lambda message: _answered(message) == said["id"])
        return str(told["content"])


async def until(true: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


def _answered(message: dict[str, Any]) -> str | None:
    return (message.get("message_reference") or {}).get("message_id")


def _check(ended: BaseException | None) -> None:
    """Raise what a task died of, unless it was stopped or killed."""
    if isinstance(ended, BaseExceptionGroup):
        _, ended = ended.split(_is_stop)
    if ended is not None and not _is_stop(ended):
        raise ended


def _is_stop(error: BaseException) -> bool:
    """Return whether a task was stopped or killed; the client contains what ends its tasks."""
    original = error.original if isinstance(error, EndedByCode) else error
    return isinstance(original, Killed | asyncio.CancelledError)


@asynccontextmanager
async def channel(folder: Path) -> AsyncIterator[RestartableChannel]:
    """Open the channel with everybody but a bot in it, until the block ends."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDiscord(PEOPLE, token="local"))
        opened = RestartableChannel(folder, local)
        for name in dict(local.people):
            person = Person(local.base_url, name)
            opened.people[name] = await stack.enter_async_context(person)
        yield opened
