"""What the team could not read is nowhere in the journal and in traffic."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest

from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.adapters.system_clock import SystemClock
from bot.domain.audience import Audience
from bot.domain.journal import Action, Kind
from bot.redaction import redact
from bot.telemetry import TrafficRecorder
from local_discord.server import LocalDiscord
from tests.fakes.fake_traffic import FakeSnapshots
from tests.support.live_client import Home, LiveClient, living

COG = Path(__file__).parent / "private_cog.py"
PLANTED = "Zanzibar836251tuna"
PARTS = ("Zanzibar", "836251", "tuna")


class Room:
    """A client whose journal and traffic lie in a folder."""

    def __init__(self, live: LiveClient, home: Home, recorder: TrafficRecorder) -> None:
        self.live = live
        self.alice = live.alice
        self._home = home
        self._recorder = recorder

    async def failure(self, name: str) -> Action:
        """Return the failure of that name, waiting for it."""
        kinds = (Kind.COMMAND, Kind.COMPONENT, Kind.LISTENER)
        async with asyncio.timeout(10):
            while True:
                for kind in kinds:
                    for action in await self.live.journal.of(kind):
                        if action.error is not None and action.name.endswith(name):
                            return action
                await asyncio.sleep(0.01)

    async def stored(self) -> str:
        """Return every byte that was written."""
        await self._recorder.write(everything=True)
        files = (file for file in self._home.state.rglob("*") if file.is_file())
        return "".join(file.read_bytes().decode("latin-1") for file in files).lower()

    async def close_general(self) -> None:
        """Let alice alone read the channel; bob, who reads the dev channel, cannot any more."""
        guild = self.live.client.guilds[0]
        general = discord.utils.get(guild.text_channels, name="general")
        alice = discord.utils.get(guild.members, name="alice")
        assert general is not None
        assert alice is not None
        for reader in (alice, guild.me):
            await general.set_permissions(reader, view_channel=True)
        everyone = guild.default_role
        closed = asyncio.create_task(
            self.live.client.wait_for(
                "guild_channel_update",
                check=lambda _, after: not after.permissions_for(everyone).view_channel,
                timeout=10,
            )
        )
        await general.set_permissions(everyone, view_channel=False)
        await closed


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[Room]:
    home.write("cogs/notes.py", COG.read_text())
    clock = SystemClock()
    async with SqliteTraffic(home.state / "traffic.sqlite3", redact=redact) as log:
        recorder = TrafficRecorder(log, FakeSnapshots(clock), clock, b"salt", lambda: None)
        async with living(home, local, traffic=recorder) as live:
            yield Room(live, home, recorder)


async def test_no_byte_that_is_stored_holds_what_was_typed_privately(room: Room) -> None:
    alice = room.alice
    await alice.run("dev", "quietly", text=PLANTED, amount=836251)
    await alice.run("dev", "silently", text=PLANTED)
    softly = await alice.run("dev", "softly", text=PLANTED, amount=836251)
    assert PLANTED in softly["message"]["content"]
    opened = await alice.run("dev", "form")
    await alice.submit("dev", opened["modal"]["custom_id"], {"what": PLANTED})
    await alice.say("@alice", f"listen {PLANTED}")
    await room.close_general()
    await alice.say("general", f"@Theseus typed {PLANTED}")
    for name in ("quietly", "silently", "typed", "on_message", "on_submit"):
        action = await room.failure(name)
        assert action.error is not None
        assert action.error.audience is Audience.PRIVATE, name
        assert action.error.message.startswith("cannot keep ") or "listen" in action.error.message
    stored = await room.stored()
    for part in PARTS:
        assert part.lower() not in stored


async def test_what_everyone_in_the_dev_channel_can_read_is_stored_as_it_was(room: Room) -> None:
    await room.alice.run("general", "openly", text=PLANTED)
    action = await room.failure("openly")
    assert action.error is not None
    assert action.error.audience is Audience.TEAM
    assert action.error.inputs["text"] == repr(PLANTED)
    assert PLANTED.lower() in await room.stored()
