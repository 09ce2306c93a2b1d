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

from local_discord.person import Person
from local_discord.server import LocalDiscord

from bench.rows import Row, measure_pairs
from bench.stage import Event, EventWatch, open_demo, wait_for_run
from bot.adapters.sqlite_store import SqliteStore
from bot.app.demo import find_project_root

PAIRS = 15
REQUEST = "rolling dice keeps crashing, please look into it"


async def measure() -> Sequence[Row]:
    """Return one row."""
    async with (
        open_demo(None) as (demo, alice),
        _echo_bot(demo.discord),
        EventWatch(alice) as watch,
        SqliteStore(demo.workspace.state / "theseus.sqlite3") as store,
    ):
        await _echo_is_there(alice, watch)

        async def measure_ours() -> float:
            taken = await _measure_until(alice, watch, REQUEST, _reaction)
            await wait_for_run(store, lambda run: run.has_ended, 30)  # the next one finds it idle
            return taken

        async def echo() -> float:
            return await _measure_until(alice, watch, "echo hello", _reply)

        ours, baseline, ratio = await measure_pairs(measure_ours, echo, pairs=PAIRS)
    return [
        Row(
            bench="acknowledgement", name="message to reaction", ours=ours, baseline=baseline,
            baseline_name="bare echo bot", ratio=ratio, pairs=PAIRS,
        )
    ]  # fmt: skip


async def _measure_until(alice: Person, watch: EventWatch, text: str, kind: str) -> float:
    start = time.perf_counter()
    said = await alice.say("dev", text)
    return await watch.wait_for(lambda event: _is_answer(event, kind, said["id"])) - start


_reaction, _reply = "reaction_add", "message_create"


def _is_answer(event: Event, kind: str, message_id: str) -> bool:
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
        "-P",  # so that it cannot import this project
        str(find_project_root() / "bench/_echo_bot.py"),
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


async def _echo_is_there(alice: Person, watch: EventWatch) -> None:
    async with asyncio.timeout(30):
        while True:
            said = await alice.say("dev", "echo are you there")
            try:
                await watch.wait_for(lambda event: _is_answer(event, _reply, said["id"]), 1.0)  # noqa: B023
            except TimeoutError:
                continue  # not connected yet
            return
