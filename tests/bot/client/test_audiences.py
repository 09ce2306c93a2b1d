"""What the team could not read is nowhere in the journal and in traffic."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import discord
import pytest
from local_discord.server import LocalDiscord
from theseus_observe.redaction import redact

from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.adapters.system_clock import SystemClock
from bot.client._audience import AudienceFinder
from bot.domain.audience import Audience
from bot.domain.journal import Action, Kind
from bot.telemetry import TrafficRecorder
from tests.fakes.fake_traffic import FakeSnapshots
from tests.support.live_client import Home, LiveClient, run_client

COG = Path(__file__).parent / "private_cog.py"
PLANTED = "Zanzibar836251tuna"
PARTS = ("Zanzibar", "836251", "tuna")


class Room:
    """A client whose journal and traffic are in a temporary folder."""

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
                    for action in await self.live.journal.list_by_kind(kind):
                        if action.error is not None and action.name.endswith(name):
                            return action
                await asyncio.sleep(0.01)

    async def stored(self) -> str:
        """Return every byte that was written."""
        await self._recorder.write(flush=True)
        files = (file for file in self._home.state.rglob("*") if file.is_file())
        return "".join(file.read_bytes().decode("latin-1") for file in files).lower()

    async def close_general(self) -> None:
        """Make the channel readable for alice only; bob, who reads the dev channel, loses
        access.
        """
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
        async with run_client(home, local, traffic=recorder) as live:
            yield Room(live, home, recorder)


async def test_no_byte_that_is_stored_holds_what_was_typed_privately(room: Room) -> None:
    alice = room.alice
    await alice.run("dev", "quietly", text=PLANTED, amount=836251)
    await alice.run("dev", "silently", text=PLANTED)
    await alice.run("dev", "shyly", text=PLANTED)
    await alice.run("dev", "bashfully", text=PLANTED)
    await alice.run("dev", "handled", text=PLANTED)
    softly = await alice.run("dev", "softly", text=PLANTED, amount=836251)
    assert PLANTED in softly["message"]["content"]
    opened = await alice.run("dev", "form")
    await alice.submit("dev", opened["modal"]["custom_id"], {"what": PLANTED})
    await alice.say("@alice", f"listen {PLANTED}")
    await room.close_general()
    await alice.say("general", f"@Theseus typed {PLANTED}")
    for name in (
        "quietly",
        "silently",
        "shyly",
        "bashfully",
        "handled",
        "typed",
        "on_message",
        "on_submit",
    ):
        action = await room.failure(name)
        assert action.error is not None
        assert action.error.audience is Audience.PRIVATE, name
        assert action.error.message.startswith("cannot keep ") or "listen" in action.error.message
    stored = await room.stored()
    for part in PARTS:
        assert part.lower() not in stored


async def test_what_everyone_in_the_dev_channel_can_read_is_stored_as_it_was(room: Room) -> None:
    for name in ("openly", "refusing"):
        await room.alice.run("general", name, text=PLANTED)
        action = await room.failure(name)
        assert action.error is not None
        assert action.error.audience is Audience.TEAM, name
        assert action.error.inputs["text"] == repr(PLANTED)
    assert PLANTED.lower() in await room.stored()


@pytest.mark.parametrize(
    ("rules", "is_open"),
    [
        ({}, True),
        ({"everyone": False}, False),
        ({"everyone": False, "team": True}, True),
        ({"everyone": False, "team": True, "muted": False}, True),  # what a role may do counts more
        ({"everyone": False, "team": True, "bob": False}, False),
        ({"muted": False}, False),
        ({"guests": False}, True),
    ],
)
async def test_a_channel_is_open_if_all_who_read_the_dev_channel_read_it(
    home: Home, local: LocalDiscord, rules: dict[str, bool], is_open: bool
) -> None:
    async with run_client(home, local) as live:
        guild = live.client.guilds[0]
        dev, general = (
            next(each for each in guild.text_channels if each.name == name)
            for name in ("dev", "general")
        )
        bob = discord.utils.get(guild.members, name="bob")
        assert bob is not None
        targets: dict[str, discord.Role | discord.Member] = {"everyone": guild.default_role}
        for number, name in enumerate(("team", "muted", "guests"), 1):
            data: Any = {"id": str(number), "name": name, "permissions": "0", "position": 1}
            role = discord.Role(guild=guild, state=live.client._connection, data=data)
            guild._add_role(role)
            targets[name] = role
        targets["bob"] = bob
        for role_id in (1, 2):
            bob._roles.add(role_id)
        _rule(dev, {guild.default_role: False, targets["team"]: True})
        _rule(general, {targets[name]: allowed for name, allowed in rules.items()})
        finder = AudienceFinder(live.client, dev.id)
        found = finder.find_of_place(guild.id, general.id)
        assert found is (Audience.TEAM if is_open else Audience.PRIVATE)


def _rule(
    channel: discord.TextChannel, rules: Mapping[discord.Role | discord.Member, bool]
) -> None:
    """Set who can read a channel in the client's own picture of the server."""
    told = []
    for target, allowed in rules.items():
        allow, deny = discord.PermissionOverwrite(view_channel=allowed).pair()
        kind = 0 if isinstance(target, discord.Role) else 1
        told.append(
            {"id": str(target.id), "type": kind, "allow": str(allow.value),
             "deny": str(deny.value)}
        )  # fmt: skip
    channel._fill_overwrites({"permission_overwrites": told})  # type: ignore[arg-type]
