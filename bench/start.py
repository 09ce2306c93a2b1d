"""From the start of the bot's process to its first answer, against a bare discord.py bot.

Both connect to the same local Discord, one after the other, in turns. Theseus is asked to roll dice
as soon as it is shown as online; the bare bot is told to repeat a word. What counts is the
difference: what the bot adds to interpreter, discord.py and connection.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bench.repeatability import prepare_home, time_start
from bench.rows import Row, measure_pairs
from bench.stage import run_echo_bot
from bot.demo.demo import TOKEN

PAIRS = 5
_SECONDS = 60.0


async def measure(pairs: int = PAIRS) -> Sequence[Row]:
    """Return one row."""
    people = [LocalPerson("alice", listed=True)]
    with tempfile.TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as name:
        async with LocalDiscord(people, token=TOKEN) as discord:
            workspace = await prepare_home(Path(name) / "home", discord)

            async def measure_ours() -> float:
                return await time_start(discord, workspace)

            async def measure_bare() -> float:
                return await _time_bare_start(discord)

            ours, baseline, ratio = await measure_pairs(measure_ours, measure_bare, pairs=pairs)
    return [
        Row(
            bench="start", name="start to the first answer", ours=ours, baseline=baseline,
            baseline_name="bare echo bot", ratio=ratio, pairs=pairs,
        )
    ]  # fmt: skip


async def _time_bare_start(discord: LocalDiscord) -> float:
    start = time.perf_counter()
    async with Person(discord.base_url, "alice") as alice, run_echo_bot(discord):
        await alice.wait_for_bot(_SECONDS)
        said = await alice.say("dev", "echo hello")
        await alice.wait_for(
            "dev", lambda message: message["content"] == "hello", _SECONDS, after=said["id"]
        )
        return time.perf_counter() - start
