"""A simulated guild with a few people, and the real client with one cog in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import simcord

from bot.client import Identity, TheseusClient
from bot.domain.people import AllowList
from bot.redaction import redact
from bot.telemetry import Recorder
from tests.fakes.fake_journal import FakeJournal

ROOT = Path(__file__).resolve().parents[2]


class SimulatedClock:
    """Implements `bot.ports.clock.Clock` with the simulation's time, which tests can skip."""

    def __init__(self) -> None:
        self.env: simcord.Env | None = None

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) if self.env is None else self.env.now()

    def monotonic(self) -> float:
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Room:
    """What a cog's test needs: the channel, people in it, and the bot that listens there."""

    def __init__(self, cog_module: str, state: Path) -> None:
        self._cog_module = cog_module
        self._state = state
        self._clock = SimulatedClock()
        self.journal = FakeJournal()
        self.bot = self._new_bot()
        self.env = simcord.Env(self.bot)
        self._clock.env = self.env

    async def open(self) -> None:
        await self.env.start()
        guild = self.env.create_guild()
        self.channel = guild.create_text_channel("dev")
        self.alice = guild.add_member(self.env.create_user("alice"))
        self.bob = guild.add_member(self.env.create_user("bob"))

    async def restart(self, away: float = 0) -> None:
        """End the bot and, `away` seconds later, start a new one on the same files."""
        await self.bot.unload_extension(self._cog_module)
        await self.env.advance_time(away)
        self.bot = self._new_bot()
        await self.env.restart_bot(self.bot)

    def said(self) -> list[str]:
        """What stands in the channel, oldest first."""
        return [message.content for message in self.channel.history()]

    def _new_bot(self) -> TheseusClient:
        recorder = Recorder(
            self.journal, self._clock, ROOT, b"salt for the tests", lambda: None, redact=redact
        )
        return TheseusClient(
            root=ROOT,
            state=self._state,
            clock=self._clock,
            recorder=recorder,
            identity=Identity(guild_id=None, dev_channel_id=0, people=AllowList()),
            extensions=[self._cog_module],
        )


@asynccontextmanager
async def open_room(
    cog_module: str, state: Path, *, errors_expected: bool = False
) -> AsyncIterator[Room]:
    """Lend a room with that cog; the cog is unloaded and the bot ended afterwards.

    Errors the bot met are raised at the end, unless they are expected; the only one as it came out
    of the cog.
    """
    room = Room(cog_module, state)
    await room.open()
    try:
        yield room
    finally:
        await room.bot.unload_extension(cog_module)
        await room.env.shutdown()
    if errors_expected:
        return
    if len(room.env.errors) == 1:
        (error,) = room.env.errors
        raise getattr(error, "original", error)
    room.env.raise_errors()
