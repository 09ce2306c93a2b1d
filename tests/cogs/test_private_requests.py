"""A request that was said where not all of the team can read is not shown to them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest

from tests.support.dev_channel import RUN_COGS, DevChannel, open_dev_channel

PLANTED = ("zanzibar", "836251")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        await _close_general(opened)
        yield opened


async def _close_general(room: DevChannel) -> None:
    """Let alice alone read the channel."""
    guild = room.client.guilds[0]
    general = discord.utils.get(guild.text_channels, name="general")
    alice = discord.utils.get(guild.members, name="alice")
    assert general is not None
    assert alice is not None
    everyone = guild.default_role
    closed = asyncio.create_task(
        room.client.wait_for(
            "guild_channel_update",
            check=lambda _, after: not after.permissions_for(everyone).view_channel,
            timeout=10,
        )
    )
    for reader in (alice, guild.me):
        await general.set_permissions(reader, view_channel=True)
    await general.set_permissions(everyone, view_channel=False)
    await closed


async def test_only_the_command_of_a_private_report_goes_on(room: DevChannel) -> None:
    me = room.local.bot_user_id
    await room["alice"].say("general", f"<@{me}> /roll fails with zanzibar 836251, fix it")
    run = await room.wait_until(lambda run: True)
    assert "/roll" in f"{run.trigger.subject} {run.trigger.text}"
    for text in (run.model_dump_json(), str(await room["bob"].list_messages("dev"))):
        assert not [planted for planted in PLANTED if planted in text]


async def test_a_private_feature_request_is_not_taken_and_says_where_to_ask(
    room: DevChannel,
) -> None:
    message = f"<@{room.local.bot_user_id}> add a /zanzibar command"
    await room["alice"].say("general", message)
    answer = await room["alice"].wait_for(
        "general", lambda m: "would see your request" in m["content"]
    )
    assert f"<#{room.local.dev_channel_id}>" in answer["content"]
    assert await room.list_runs() == ()
    assert list(await room.agent.wishes.list_requests()) == []
