"""One process for one shard: what it sees, takes over, and whom it knows there."""

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from local_discord.client import run_bot
from local_discord.server import LocalDiscord, LocalPerson

from bot.adapters.discord_chat import DiscordMemberDirectory
from bot.adapters.system_clock import SystemClock
from bot.app.guilds import build_identity
from bot.client import TheseusClient
from bot.client._gateway_handover import fetch_guilds
from bot.domain.errors import ConfigError
from bot.settings import load, parse_config
from bot.telemetry import Recorder
from cogs.ui import get_person
from tests.fakes.fake_journal import FakeJournal

CHECKS = "checks: {quick: [{name: lint, command: ['true']}]}\n"


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    people = [LocalPerson(name, listed=True) for name in ("alice", "bob", "carol")]
    async with LocalDiscord(people, token="local-token") as opened:
        yield opened


def make_client(folder: Path, text: str) -> TheseusClient:
    (folder / "data").mkdir()
    (folder / "data/config.yaml").write_text(CHECKS + text)
    clock = SystemClock()
    return TheseusClient(
        root=folder,
        state=folder / "state",
        clock=clock,
        recorder=Recorder(FakeJournal(), clock, folder, b"salt", lambda: None),
        identity=build_identity(load(folder, {})),
        extensions=("cogs.about",),
        guild_ready_timeout=0.01,
    )


async def test_a_process_sees_and_takes_over_the_servers_of_its_shard(
    local: LocalDiscord, tmp_path: Path
) -> None:
    home = (local.guild_id >> 22) % 2
    local.add_guild("Elsewhere", ["bob"], shard=1 - home, count=2)
    own, _ = local.add_guild("Near", ["carol", "bob"], shard=home, count=2)
    client = make_client(
        tmp_path,
        f"discord: {{guild_id: {local.guild_id}, dev_channel_id: {local.dev_channel_id}, "
        f"shard: {{id: {home}, count: 2}}}}\n"
        f"guilds: {{{own}: {{channel_id: 5, people: {{approvers: {{users: [1]}}}}}}}}\n",
    )
    async with run_bot(client, local):
        assert {each.id for each in client.guilds} == {local.guild_id, own}
        taken = await fetch_guilds(client)
        assert taken is not None
        assert {int(each["id"]) for each in taken} == {local.guild_id, own}
        for guild_id in (local.guild_id, own):  # commands show and are found in both
            shown = await client.http.get_guild_commands(client.application_id or 0, guild_id)
            assert [each["name"] for each in shown] == ["about"]
            assert client.tree.get_command("about", guild=discord.Object(guild_id)) is not None
        near, ours = client.get_guild(own), client.get_guild(local.guild_id)
        assert near is not None
        assert ours is not None
        bob = await near.fetch_member(local.people["bob"])
        role = discord.Object(local.world.backend.create_role(own, "crew").id)
        await bob.add_roles(role)
        bob = await near.fetch_member(bob.id)
        person = get_person(client, bob)
        assert not person.outsider, "a server with people of its own"
        assert role.id in person.role_ids
        at_home = await ours.fetch_member(bob.id)
        assert role.id not in get_person(client, at_home).role_ids
        members = DiscordMemberDirectory(client, local.guild_id, SystemClock(), separate=[own])
        assert await members.fetch_person(local.people["alice"], own) is None
        there, here = await members.fetch_person(bob.id, own), await members.fetch_person(bob.id)
        assert there is not None
        assert here is not None
        assert role.id in there.role_ids
        assert role.id not in here.role_ids
        everywhere = DiscordMemberDirectory(client, None, SystemClock(), separate=[own])
        found = await everywhere.fetch_person(bob.id)
        assert found is not None
        assert role.id not in found.role_ids, "not among those of all servers"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("discord: {shard: {id: 2, count: 2}, guild_id: 1}", "with 2 shards, id is 0 to 1"),
        ("discord: {shard: {id: 0, count: 2}}", "set guild_id"),
        (f"discord: {{shard: {{id: 0, count: 2}}, guild_id: {1 << 22}}}", "set shard.id to 1"),
        (
            f"discord: {{shard: {{id: 1, count: 2}}, guild_id: {1 << 22}}}\n"
            f"guilds: {{{2 << 22}: {{channel_id: 1, people: {{}}}}}}",
            "this server is in shard 0; move the entry",
        ),
    ],
)
def test_a_shard_without_its_server_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_config(CHECKS + text, "c.yaml")
    assert problem in str(raised.value)
