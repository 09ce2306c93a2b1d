"""From a message to the bot's first sign, against a bare discord.py bot on the same local Discord.

Theseus understands the message, checks who speaks, and reacts; the echo bot only replies. Both are
processes of their own, connected to one server, and are spoken to in turns. The time is taken at
the person's end: from sending to seeing the answer.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.rows import Row, in_turns
from bench.stage import Event, Watch, open_demo, settled
from bot.adapters.sqlite_store import SqliteStore
from bot.app.demo import project_root
from local_discord.person import Person
from local_discord.server import LocalDiscord

PAIRS = 15
REQUEST = "rolling dice keeps crashing, please look into it"


async def measure() -> Sequence[Row]:
    """Return one row."""
    async with (
        open_demo(None) as (demo, alice),
        _echo_bot(demo.discord),
        Watch(alice) as watch,
        SqliteStore(demo.workspace.state / "theseus.sqlite3") as store,
    ):
        await _echo_is_there(alice, watch)

        async def theseus() -> float:
            taken = await _until(alice, watch, REQUEST, _reaction)
            await settled(store, lambda run: run.ended, 30)  # the next one finds it idle
            return taken

        async def echo() -> float:
            return await _until(alice, watch, "echo hello", _reply)

        ours, baseline, ratio = await in_turns(theseus, echo, pairs=PAIRS)
    return [
        Row(
            bench="acknowledgement", name="message to reaction", ours=ours, baseline=baseline,
            baseline_name="bare echo bot", ratio=ratio, pairs=PAIRS,
        )
    ]  # fmt: skip


async def _until(alice: Person, watch: Watch, text: str, kind: str) -> float:
    start = time.perf_counter()
    said = await alice.say("dev", text)
    return await watch.when(lambda event: _answers(event, kind, said["id"])) - start


_reaction, _reply = "reaction_add", "message_create"


def _answers(event: Event, kind: str, message_id: str) -> bool:
    if event["type"] != kind:
        return False
    if kind == _reaction:
        return bool(event["message_id"] == message_id)
    reference = event["message"].get("message_reference") or {}
    return bool(reference.get("message_id") == message_id)


@asynccontextmanager
async def _echo_bot(discord: LocalDiscord) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # nothing of ours is to be imported there
        str(project_root() / "bench/_echo_bot.py"),
        env={
            "DISCORD_TOKEN": discord.token,
            "THESEUS_DISCORD_API_URL": discord.api_url,
            "THESEUS_DISCORD_GATEWAY_URL": discord.gateway_url,
        },
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _echo_is_there(alice: Person, watch: Watch) -> None:
    async with asyncio.timeout(30):
        while True:
            said = await alice.say("dev", "echo are you there")
            try:
                await watch.when(lambda event: _answers(event, _reply, said["id"]), 1.0)  # noqa: B023
            except TimeoutError:
                continue  # not connected yet
            return
