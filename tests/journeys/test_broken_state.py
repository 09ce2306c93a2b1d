"""The state file is overwritten while the bot runs: it goes on, says so, and answers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from bot.demo.workspace import DemoWorkspace
from tests.support.casts import Cast, open_scripted_cast
from tests.support.small_bot_harness import open_small_bot

pytestmark = pytest.mark.slow
PAGE = 4096


def overwrite(state: Path) -> None:
    """Overwrite all of the state but the header, in the file and in what waits to go there."""
    for name, kept in (("theseus.sqlite3", PAGE), ("theseus.sqlite3-wal", 32)):
        file = state / name
        size = file.stat().st_size
        with file.open("r+b") as stream:
            stream.seek(kept)
            stream.write(b"\xa5" * max(size - kept, 0))


async def test_a_state_file_that_is_overwritten_is_announced_and_people_are_answered(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    @asynccontextmanager
    async def with_http(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
        async with open_scripted_cast(workspace, folder) as cast:
            variables = {**cast.variables, "THESEUS_HTTP_PORT": str(port)}
            yield replace(cast, variables=variables)

    async with open_small_bot(tmp_path, with_http) as world, aiohttp.ClientSession() as session:
        pid, address = world.bot.pid, f"http://127.0.0.1:{port}/health/ready"
        await world.alice.person.wait_for_bot()
        await asyncio.to_thread(overwrite, world.workspace.state)
        people = world.alice.person
        told = await people.wait_for(
            "dev", lambda m: m["content"].startswith("⚠️ I cannot use my state"), timeout=60
        )
        assert "theseus.sqlite3 is damaged" in told["content"]
        assert "`theseus restore" in told["content"]
        asked = await people.say("dev", f"<@{world.discord.bot_user_id}> spinning fails, fix it")
        assert "is damaged" in await world.alice.wait_for_reply("dev", asked)
        async with session.get(address) as answer:
            reasons = (await answer.json())["reasons"]
        assert (answer.status, reasons) == (503, ["the state file theseus.sqlite3 is damaged"])
        messages = await people.list_messages("dev")
        assert sum("I cannot use my state" in each["content"] for each in messages) == 1
        assert (world.bot.pid, world.bot.starts) == (pid, 1)
