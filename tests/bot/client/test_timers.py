"""Timers of the recording are no part of what the bot does."""

from pathlib import Path

from tests.cogs.room import open_room


async def test_a_room_waits_for_no_timer_of_the_recording(tmp_path: Path) -> None:
    async with open_room("tests.bot.client.silent_cog", tmp_path) as room:
        await room.alice.slash(room.channel, "panel")

        assert [each.label for each in room.env._work.callbacks] == []
