"""A room tells of commands that end without responding, and of commands typed with a prefix."""

from pathlib import Path

import pytest
from theseus_observe.failures.no_response import NoResponse

from tests.cogs.room import open_room


@pytest.mark.parametrize("command", ["jot", "swallow"])
async def test_a_command_without_a_response_is_an_error_of_the_room(
    tmp_path: Path, command: str
) -> None:
    with pytest.raises(NoResponse, match="without responding to its interaction"):
        async with open_room("tests.bot.client.silent_cog", tmp_path) as room:
            options = {"text": "milk"} if command == "jot" else {}
            await room.alice.slash(room.channel, command, **options)


async def test_a_command_may_be_typed_with_a_prefix_that_another_cog_sets(tmp_path: Path) -> None:
    async with open_room("tests.bot.client.typed_command_cog", tmp_path, prefixes=["!"]) as room:
        typed = await room.say(room.alice, "!half 8")
        assert room.answer_to(typed) == "half is 4.0"
        assert not room.answer_to(await room.say(room.alice, "!wade"))
        assert room.answer_to(await room.say(room.alice, "!nod")) == "👍"
        assert room.answer_to(await room.say(room.alice, "!tidy")) == "deleted"


async def test_a_hybrids_failure_comes_out_of_the_room_as_it_was_raised(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_room("tests.bot.client.hybrid_cog", tmp_path) as room:
            await room.alice.slash(room.channel, "share", coins=9, people=0)


async def test_an_answer_that_shows_an_object_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="shows an object"):
        async with open_room("tests.bot.client.silent_cog", tmp_path) as room:
            room.shown(await room.alice.slash(room.channel, "mumble"))
