"""The cost of `theseus_observe` in a bot, against the same bot without it.

A small bot gets requests over sockets in turns with and without it, each time on a new local
Discord in this process. It is processor time of the complete process, with server, user, and the
thread that writes; everything is written before the time is taken.
"""

import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import discord
from discord.ext import commands
from local_discord.client import run_bot
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson
from theseus_observe.observer import Observer
from theseus_observe.settings import Settings

from bench.rows import Row, measure_pairs

PAIRS = 15
COMMANDS = 150
Ask = Callable[[Person, int], Awaitable[object]]


class _DiceBot(commands.Bot):
    """A bot with a slash command and a typed one, and its own answer to failures."""

    def __init__(self) -> None:
        intents = discord.Intents.all()
        super().__init__(command_prefix="?", intents=intents, guild_ready_timeout=0.01)

    async def setup_hook(self) -> None:
        """Add the commands."""

        @self.tree.command(description="Rolls dice")
        async def roll(interaction: discord.Interaction, sides: int) -> None:
            await interaction.response.send_message(f"{6 / sides:g}")

        @self.tree.error
        async def answer(interaction: discord.Interaction, error: object) -> None:
            await interaction.response.send_message(f"Sorry: {type(error).__name__}")

        await self.tree.sync()


async def measure(pairs: int = PAIRS, count: int = COMMANDS) -> Sequence[Row]:
    """Return a row for a command that succeeds, and one for a command that fails."""

    async def measure_row(name: str, ask: Ask) -> Row:
        ours, theirs, ratio = await measure_pairs(
            lambda: _time_commands(ask, count, is_observed=True),
            lambda: _time_commands(ask, count, is_observed=False),
            pairs=pairs,
        )
        return Row(
            bench="observe", name=name, ours=ours, baseline=theirs, baseline_name="not observed",
            ratio=ratio, pairs=pairs,
        )  # fmt: skip

    return [await measure_row("command", _roll), await measure_row("command that fails", _fail)]


async def _roll(alice: Person, number: int) -> object:
    return await alice.run("dev", "roll", sides=number + 1)


async def _fail(alice: Person, _: int) -> object:
    return await alice.run("dev", "roll", sides=0)


async def _time_commands(ask: Ask, count: int, *, is_observed: bool) -> float:
    """Return what one command takes."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as name:
        async with _open_stage() as (bot, alice):
            observer = None
            if is_observed:
                settings = Settings(root=Path(__file__).parent, folder=Path(name))
                observer = Observer(bot, settings)
                observer.attach()
            await ask(alice, 0)
            start = time.process_time()
            for number in range(count):
                await ask(alice, number)
            if observer is not None:
                observer.detach()
                assert (observer.outbox.written, observer.runner.errors) == (count + 1, 0)
            return (time.process_time() - start) / count


@asynccontextmanager
async def _open_stage() -> AsyncIterator[tuple[commands.Bot, Person]]:
    people = [LocalPerson("alice", listed=True)]
    async with (
        LocalDiscord(people, token="local") as local,  # noqa: S106  for this benchmark only
        Person(local.base_url, "alice") as alice,
        run_bot(_DiceBot(), local) as bot,
    ):
        yield bot, alice
