"""What workers save: a comparison of two commits on one, two and four, and what an order costs."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from theseus_rehearsal.records import CommandStep, Script, ScriptWorld
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bench.rows import Row, Timed, measure_pairs
from bot.adapters.git_trees import GitTrees
from bot.adapters.local_pool import LocalPool
from bot.adapters.rehearsal import BotRehearsal
from bot.domain.queued_work import CheckCommand
from bot.infra.git import Git
from bot.ports.work_queue import WorkQueue
from bot.proof.commit_comparison import compare_commits
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.temporal_rooms import WorkerRoom, serve_temporal, use_worker_program

SCRIPTS = 20  # each is replayed with both commits
SECONDS = 0.2  # of each replay
PAIRS = 3
ORDERS = 9
WORKERS: Mapping[str, int] = {"one": 1, "two": 2, "four": 4}
COG = f'''
"""Answers after some time: one command waits, the other computes."""

import time

import discord
from discord import app_commands
from discord.ext import commands


class Slow(commands.Cog):
    @app_commands.command(description="Wait for something outside of this process")
    async def waiting(self, interaction: discord.Interaction) -> None:
        time.sleep({SECONDS})
        await interaction.response.send_message("done")

    @app_commands.command(description="Use the processor")
    async def computing(self, interaction: discord.Interaction) -> None:
        end = time.process_time() + {SECONDS}
        while time.process_time() < end:
            pass
        await interaction.response.send_message("done")


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Slow())
'''


async def measure() -> Sequence[Row]:
    """Return a row for an order, then one for each kind of replay and number of workers."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="theseus-bench-")))
        server, client = await stack.enter_async_context(serve_temporal())
        room = await stack.enter_async_context(
            use_worker_program(server.address, client, folder, {"slow": COG})
        )
        for group, number in WORKERS.items():
            for _ in range(number):
                await stack.enter_async_context(room.run_worker(group))
        sandbox = choose_local_sandbox()
        rehearsal = BotRehearsal(SandboxedRehearsal(sandbox))
        local = LocalPool(GitTrees(Git(room.tree)), rehearsal, sandbox)
        rows = [await _measure_order(room, local)]
        for command in ("waiting", "computing"):
            one = _time_comparison(room.make_queue(name="one"), room.commit, command)
            here = _time_comparison(local, room.commit, command)
            rows.append(await _measure(f"{command}: here", here, "one worker", one))
            for group in list(WORKERS)[1:]:
                more = _time_comparison(room.make_queue(name=group), room.commit, command)
                rows.append(await _measure(f"{command}: {group} workers", more, "one worker", one))
        return rows


async def _measure_order(room: WorkerRoom, local: LocalPool) -> Row:
    """Measure a command that does nothing, as an order and on this machine."""
    command = CheckCommand(words=("true",))
    async with (
        room.make_queue(name="one").open(room.commit) as there,
        local.open(room.commit) as here,
    ):

        async def order() -> float:
            start = time.perf_counter()
            await there.check(command)
            return time.perf_counter() - start

        async def call() -> float:
            start = time.perf_counter()
            await here.check(command)
            return time.perf_counter() - start

        return await _measure("an order: true", order, "here", call, pairs=ORDERS)


def _time_comparison(queue: WorkQueue, commit: str, command: str) -> Timed:
    scripts = [
        Script(world=ScriptWorld(cogs=("slow",), seed=seed), steps=(CommandStep(command=command),))
        for seed in range(SCRIPTS)
    ]

    async def compare() -> float:
        start = time.perf_counter()
        found = await compare_commits(queue, commit, commit, scripts)
        assert (found.answers, found.changed) == (SCRIPTS, 0), found
        return time.perf_counter() - start

    return compare


async def _measure(
    name: str, ours: Timed, baseline_name: str, baseline: Timed, *, pairs: int = PAIRS
) -> Row:
    mine, theirs, ratio = await measure_pairs(ours, baseline, pairs=pairs)
    return Row(
        bench="workers", name=name, ours=mine, baseline=theirs, baseline_name=baseline_name,
        ratio=ratio, pairs=pairs,
    )  # fmt: skip
