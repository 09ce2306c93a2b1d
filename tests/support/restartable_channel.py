"""A dev channel that stays while bots come and go: what is durable outlives each of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_discord.person import Message, Person
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import run_bot
from local_discord_tests.trust import trust_programs
from theseus_observe.failures.endings import EndedByCode
from theseus_observe.redaction import redact

from bot.adapters.discord_chat import DiscordChat, DiscordMemberDirectory
from bot.client import ConversationSettings, Identity, TheseusClient
from bot.domain.guilds import AllowLists
from bot.domain.people import AllowList, PeopleList
from bot.infra.injector import Injector
from bot.self_improvement import RunSettings
from bot.settings import MissedConfig
from bot.telemetry import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_outbox import FakeOutbox
from tests.support.agent_harness import AgentHarness
from tests.support.crash_point import CrashPoint, Killed, add_crash_point
from tests.support.dev_channel import COGS, PEOPLE, ROOT
from tests.support.intake_harness import create_intake


class RestartableChannel:
    """A dev channel whose bot can be restarted.

    Alice and bob are approvers, dora is a developer, mallory is not listed.
    """

    def __init__(self, folder: Path, local: LocalDiscord) -> None:
        self.local = local
        self.people: dict[str, Person] = {}
        self.missed = MissedConfig()
        # Messages bear Discord's own time: what failed has to have failed by that.
        self.world = AgentHarness(folder, clock=FakeClock(datetime.now(UTC)))
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
    async def run_bot(self, crash_point: CrashPoint | None = None) -> AsyncIterator[TheseusClient]:
        """Run a bot until the block ends; after its crash point is triggered, no action
        succeeds.
        """
        crash_point = crash_point or CrashPoint()
        world = self.world
        services = Injector()
        self._client = client = self._create_client(services)
        chat = DiscordChat(client, add_crash_point(self._outbox, crash_point), world.clock, redact)
        world.use_chat(chat)
        agent = world.create_agent(crash_point, services)
        services.add(create_intake(client, services))
        async with run_bot(client, self.local):
            working = [
                asyncio.create_task(work)
                for work in (chat.run_forever(), agent.run_forever(), self._advance_time())
            ]
            try:
                yield client
            finally:
                for task in working:
                    task.cancel()
                for ended in await asyncio.gather(*working, return_exceptions=True):
                    _check(ended)

    def _create_client(self, services: Injector) -> TheseusClient:
        world, local = self.world, self.local
        client = TheseusClient(
            root=ROOT,
            state=self._folder,
            clock=world.clock,
            recorder=Recorder(world.journal, world.clock, ROOT, b"salt", lambda: None),
            identity=Identity(local.guild_id, local.dev_channel_id, AllowLists(self.listed)),
            flags=world.flags.find,
            extensions=COGS,
            guild_ready_timeout=0.01,
            services=services,
        )
        services.add(ConversationSettings(missed=self.missed))
        world.member_directory = DiscordMemberDirectory(client, local.guild_id, world.clock)
        return client

    async def _advance_time(self) -> None:
        while True:
            await self.world.clock.advance(0.5)
            await asyncio.sleep(0.01)

    @property
    def is_settled(self) -> bool:
        """Return whether the running bot has searched for missed messages and answered them."""
        cog = self._client and self._client.get_cog("Conversation")
        return bool(getattr(cog, "caught_up", False))  # its class is another one each time

    async def wait_until_settled(self) -> None:
        """Wait until the bot has answered what it missed."""
        await wait_until(lambda: self.is_settled)

    async def list_answers(self, channel: str) -> list[tuple[str, str]]:
        """Return the ids of the messages that were answered, and with what, oldest answer first."""
        said = await self["alice" if not channel.startswith("@") else channel[1:]].list_messages(
            channel
        )
        return [
            (answered, message["content"])
            for message in said
            if message["author"].get("bot") and (answered := _get_answered_id(message))
        ]

    async def wait_for_answer(self, channel: str, question: Message) -> str:
        """Return the bot's answer to a message, once it is there."""
        who = self["alice" if not channel.startswith("@") else channel[1:]]
        told = await who.wait_for(
            channel, lambda message: _get_answered_id(message) == question["id"]
        )
        return str(told["content"])


async def wait_until(true: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


def _get_answered_id(message: dict[str, Any]) -> str | None:
    return (message.get("message_reference") or {}).get("message_id")


def _check(error: BaseException | None) -> None:
    """Raise the exception of a task, unless it was stopped or killed."""
    if isinstance(error, BaseExceptionGroup):
        _, error = error.split(_is_stop)
    if error is not None and not _is_stop(error):
        raise error


def _is_stop(error: BaseException) -> bool:
    """Return whether a task was stopped or killed; the client contains what ends its tasks."""
    original = error.original if isinstance(error, EndedByCode) else error
    return isinstance(original, Killed | asyncio.CancelledError)


@asynccontextmanager
async def open_channel(folder: Path) -> AsyncIterator[RestartableChannel]:
    """Open the channel with everybody but a bot in it, until the block ends."""
    async with AsyncExitStack() as stack:
        here = LocalDiscord(PEOPLE, token="local", page_token=trust_programs())
        local = await stack.enter_async_context(here)
        opened = RestartableChannel(folder, local)
        for name in dict(local.people):
            person = Person(local.base_url, name)
            opened.people[name] = await stack.enter_async_context(person)
        yield opened
