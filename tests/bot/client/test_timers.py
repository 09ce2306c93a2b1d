"""Timers of the recording are no part of what the bot does."""

import asyncio
from contextvars import ContextVar
from pathlib import Path

from bot.client._timers import start_observer_timer
from tests.cogs.room import open_room

OWNER: ContextVar[str] = ContextVar("OWNER", default="nobody")


async def test_a_timer_of_the_recording_does_not_belong_to_whom_it_observes() -> None:
    OWNER.set("a command")
    owners: asyncio.Queue[str] = asyncio.Queue()
    start_observer_timer(asyncio.get_running_loop(), 0, lambda: owners.put_nowait(OWNER.get()))

    assert await owners.get() == "nobody"


async def test_a_room_waits_for_no_timer_of_the_recording(tmp_path: Path) -> None:
    async with open_room("tests.bot.client.silent_cog", tmp_path) as room:
        await room.alice.slash(room.channel, "panel")

        assert [each.label for each in room.env._work.callbacks] == []
