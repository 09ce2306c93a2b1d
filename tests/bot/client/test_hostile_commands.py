"""Commands whose failures are hard to describe are recorded and answered like any other."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from local_discord.server import LocalDiscord

from bot.domain.ids import shorten_id
from bot.domain.journal import Action, Kind
from tests.support.live_client import Home, LiveClient, run_client

COG = Path(__file__).parent / "hostile_cog.py"


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[LiveClient]:
    home.write("cogs/hostile.py", COG.read_text())
    async with run_client(home, local) as room:
        yield room


def is_named(name: str, action: Action) -> bool:
    """Return whether a record is of that command."""
    return action.name == name


def has_text(text: str, message: dict[str, Any]) -> bool:
    """Return whether a message has that in it."""
    return text in message["content"]


async def test_every_failure_that_is_hard_to_describe_has_a_record_and_an_error_id(
    room: LiveClient,
) -> None:
    failures = {
        "mute": "cogs.hostile.Mute",
        "rude": "cogs.hostile.Rude",
        "closed": "cogs.hostile.Closed",
        "dead": "LookupError",
        "handled": "LookupError",
        "quiet": "LookupError",
        "typed_mute": "cogs.hostile.Mute",
    }
    for command, exception in failures.items():
        if command.startswith("typed"):
            await room.alice.say("dev", f"@Theseus {command}")
        else:
            await room.alice.interact("dev", command=command)
        action = await room.journal.wait_for(Kind.COMMAND, partial(is_named, command))
        assert action.outcome == "error", command
        assert action.error is not None
        assert action.error.exception == exception
        assert [frame.function for frame in action.error.frames][-1] == "fail"
        shown = f"failed with {exception}. Error id `{shorten_id(action.id)}`"
        await room.alice.wait_for("dev", partial(has_text, shown))
    assert len(await room.journal.list_by_kind(Kind.COMMAND)) == len(failures)


async def test_every_exception_of_a_group_is_named(room: LiveClient) -> None:
    answer = await room.alice.run("dev", "parts")
    assert "failed with KeyError, ValueError. Error id" in answer["message"]["content"]


async def test_a_refusal_of_4_megabytes_is_answered_with_its_beginning(room: LiveClient) -> None:
    answer = await room.alice.run("dev", "picky")
    assert answer["message"]["content"].startswith("I could not run that: no no no")
