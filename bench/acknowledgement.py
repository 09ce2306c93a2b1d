"""From a message to the bot's first sign, against a bare discord.py bot on the same local Discord.

Theseus understands the message, checks who speaks, and reacts; the echo bot only replies. Both are
processes of their own, connected to one server, and are spoken to in turns. The time is taken at
the person's end: from sending to seeing the answer. It is measured idle, and while other people
write 200 messages a second, which both bots receive; those people are another process. The
server and the measured person share this process, and each row says which rate was reached.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from local_discord.person import Person
from local_discord.server import LocalDiscord

from bench.rows import Row, Timed, compute_median, compute_p95
from bench.stage import Event, EventWatch, open_demo, run_echo_bot, run_program
from cogs.conversation._limits import LISTED

PAIRS = 30
A_SECOND = 200
REQUEST = "rolling dice keeps crashing, please look into it"
_BASELINE = "bare echo bot"
_SECONDS = 30.0


async def measure(pairs: int = PAIRS) -> Sequence[Row]:
    """Return a row for the median and one for p95, idle and with other people's messages."""
    async with (
        open_demo(None) as (demo, alice),
        run_echo_bot(demo.discord),
        EventWatch(alice) as watch,
    ):
        await _echo_is_there(alice, watch)

        async def measure_ours() -> float:
            return await _measure_until(alice, watch, REQUEST, _reaction)

        async def echo() -> float:
            return await _measure_until(alice, watch, "echo hello", _reply)

        idle = await _measure_in_turns(measure_ours, echo, pairs)
        async with _talk(demo.discord) as stop_talk:
            busy = await _measure_in_turns(measure_ours, echo, pairs)
            rate = await stop_talk()
    return [
        *_build_rows("idle", *idle, pairs),
        *_build_rows(f"{rate:.0f} messages/s", *busy, pairs),
    ]


async def _measure_in_turns(
    ours: Timed, baseline: Timed, pairs: int
) -> tuple[list[float], list[float]]:
    """Return the times of both; the first pair is a warm-up and does not count."""
    mine, theirs = list[float](), list[float]()
    for _ in range(pairs + 1):
        mine.append(await ours())
        theirs.append(await baseline())
        await asyncio.sleep(LISTED.seconds)  # the bot accepts no more requests from one person
    return mine[1:], theirs[1:]


def _build_rows(
    load: str, mine: Sequence[float], theirs: Sequence[float], pairs: int
) -> Sequence[Row]:
    measures: dict[str, Callable[[Sequence[float]], float]] = {
        "median": compute_median, "p95": compute_p95,
    }  # fmt: skip
    return [
        Row(
            bench="acknowledgement", name=f"{load}: {name}", ours=compute(mine),
            baseline=compute(theirs), baseline_name=_BASELINE,
            ratio=compute(mine) / compute(theirs), pairs=pairs,
        )
        for name, compute in measures.items()
    ]  # fmt: skip


async def _measure_until(alice: Person, watch: EventWatch, text: str, kind: str) -> float:
    start = time.perf_counter()
    said = await alice.say("dev", text)
    sign, reply = (partial(_is_answer, kind=each, message_id=said["id"]) for each in (kind, _reply))
    seen = await watch.wait_for(sign, _SECONDS, after=start)
    await watch.wait_for(reply, _SECONDS, after=start)  # the next message finds the bot idle
    return seen - start


_reaction, _reply = "reaction_add", "message_create"


def _is_answer(event: Event, kind: str, message_id: str) -> bool:
    if event["type"] != kind:
        return False
    if kind == _reaction:
        return bool(event["message_id"] == message_id)
    reference = event["message"].get("message_reference") or {}
    return bool(reference.get("message_id") == message_id)


@asynccontextmanager
async def _talk(discord: LocalDiscord) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Let other people write; yield what ends that and returns how many messages a second."""
    arguments = (discord.base_url, str(A_SECOND))
    async with run_program("bench/_chatter.py", *arguments) as process:
        assert process.stdout is not None
        await process.stdout.readline()  # its first message has been sent

        async def stop() -> float:
            process.terminate()
            told, _ = await process.communicate()
            return float(told)

        yield stop


async def _echo_is_there(alice: Person, watch: EventWatch) -> None:
    async with asyncio.timeout(_SECONDS):
        while True:
            said = await alice.say("dev", "echo are you there")
            try:
                await watch.wait_for(partial(_is_answer, kind=_reply, message_id=said["id"]), 1.0)
            except TimeoutError:
                continue  # not connected yet
            return
