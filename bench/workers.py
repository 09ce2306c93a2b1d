"""What workers save: a comparison of two commits on one, two and four, and what an order costs.

A worker that waits gives the processor away, one that computes does not. So both are measured:
the first kind of replay waits for another process, because the replays' clock is not the wall's,
and the second uses the processor.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from theseus_rehearsal.records import CommandStep, Script, ScriptWorld
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bench.rows import Row, measure_pairs
from bot.adapters.git_trees import GitTrees
from bot.adapters.local_pool import LocalPool
from bot.adapters.rehearsal import BotRehearsal
from bot.adapters.temporal_queue import QueueLimits
from bot.domain.queued_work import CheckCommand
from bot.infra.git import Git
from bot.ports.work_queue import WorkQueue
from bot.proof.commit_comparison import compare_commits
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.temporal_rooms import WorkerRoom, serve_temporal, use_worker_program

SCRIPTS = {"waiting": 16, "computing": 8}  # each is replayed with both commits
WAITING, COMPUTING = 0.5, 0.2  # seconds of each replay
ORDERS = 5
WORKERS = (4, 2, 1)
LIMITS = QueueLimits(wait=120, replay=60)
NAMES = {1: "one worker", 2: "two workers", 4: "four workers"}
COG = f'''
"""Answers after some time: one command waits for another process, the other computes."""

import subprocess
import time

import discord
from discord import app_commands
from discord.ext import commands

class Slow(commands.Cog):
    @app_commands.command(description="Wait for something outside of this process")
    async def waiting(self, interaction: discord.Interaction) -> None:
        subprocess.run(["sleep", "{WAITING}"], check=True)
        await interaction.response.send_message("done")

    @app_commands.command(description="Use the processor")
    async def computing(self, interaction: discord.Interaction) -> None:
        end = time.process_time() + {COMPUTING}
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
        running = [await stack.enter_async_context(AsyncExitStack()) for _ in range(max(WORKERS))]
        await asyncio.gather(*(each.enter_async_context(room.run_worker()) for each in running))
        sandbox = choose_local_sandbox()
        local = LocalPool(
            GitTrees(Git(room.tree)), BotRehearsal(SandboxedRehearsal(sandbox)), sandbox
        )
        rows = [await _measure_order(room, local)]
        seconds: dict[tuple[str, int], float] = {}
        for number in WORKERS:
            while len(running) > number:
                await running.pop().aclose()
            for kind in SCRIPTS:
                # Once without the clock: each worker has to start the code.
                for _ in range(2 if number == max(WORKERS) else 1):
                    seconds[kind, number] = await _compare(
                        room.make_queue(limits=LIMITS), room.commit, kind
                    )
        for kind in SCRIPTS:
            here = await _compare(local, room.commit, kind)
            rows.append(_build_row(f"{kind}: here", here, seconds[kind, 1]))
            for number in sorted(WORKERS)[1:]:
                name = f"{kind}: {NAMES[number]}"
                rows.append(_build_row(name, seconds[kind, number], seconds[kind, 1]))
        return rows


def _build_row(name: str, ours: float, one: float) -> Row:
    return Row(
        bench="workers", name=name, ours=ours, baseline=one, baseline_name=NAMES[1],
        ratio=ours / one,
    )  # fmt: skip


async def _measure_order(room: WorkerRoom, local: LocalPool) -> Row:
    """Measure a command that does nothing, as an order and on this machine."""
    command = CheckCommand(words=("true",))
    async with (
        room.make_queue(limits=LIMITS).open(room.commit) as there,
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

        mine, theirs, ratio = await measure_pairs(order, call, pairs=ORDERS)
    return Row(
        bench="workers", name="an order: true", ours=mine, baseline=theirs, baseline_name="here",
        ratio=ratio, pairs=ORDERS,
    )  # fmt: skip


async def _compare(queue: WorkQueue, commit: str, kind: str) -> float:
    """Return the seconds of a comparison of a commit with itself."""
    world = ScriptWorld(cogs=("slow",))
    scripts = [
        Script(world=world.replace(seed=seed), steps=(CommandStep(command=kind),))
        for seed in range(SCRIPTS[kind])
    ]
    start = time.perf_counter()
    found = await compare_commits(queue, commit, commit, scripts)
    assert (found.answers, found.changed) == (len(scripts), 0), found
    return time.perf_counter() - start
