"""A cog of the bot's own without the bot behind it says so, and no mistake of the code's."""

from pathlib import Path

import pytest

from bot.domain.errors import PartMissing
from bot.ports.chat import Chat
from tests.cogs.room import open_room


async def test_a_core_cog_that_is_played_alone_says_what_it_lacks(tmp_path: Path) -> None:
    async with open_room("cogs.approvals", tmp_path, errors_expected=True) as room:
        asked = await room.alice.slash(room.channel, "ship")
        assert (
            "works in the whole bot alone: here its cog is played without 'Approvals'"
            in room.shown(asked)
        )
        with pytest.raises(PartMissing):
            await room.bot.key_values.remove("x")
        assert room.bot.find_part(Chat) is None
        with pytest.raises(AttributeError, match="'TheseusClient' object has no attribute 'agen'"):
            _ = room.bot.agen  # type: ignore[attr-defined]
