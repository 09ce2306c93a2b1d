"""Whether replays are repeatable, and how long one takes against starting the bot by hand.

Fifty scripts, with every step and every feature of cogs, are replayed repeatedly over several
starts of the code. Each complete transcript is compared with the script's first one: what users
saw, errors, files at the end. Times are of one command, from a cold start to its answer: by a
replay, and by `python -m bot run` on a local Discord. `python -m bench repeatability 1000` sets the
number of replays.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson
from theseus_rehearsal.behaviour_diff import find_nondeterminism
from theseus_rehearsal.ports.rehearsal import Rehearsal, run_scripts
from theseus_rehearsal.records import Script, Transcript

from bench.rows import Row, compute_median, measure_pairs
from bench.script_data import ALL_COGS, build_script, extract_tree, iterate_scripts, open_rehearsal
from bot.app.demo import find_project_root
from bot.demo.bot_process import BotProcess
from bot.demo.demo import TOKEN
from bot.demo.workspace import DemoPaths, DemoWorkspace, prepare
from tests.support.sample_cogs import DISPLAY_COG, TIMED_COG

REPLAYS = 100
STARTS = 4
PAIRS = 3
FURTHER = 20
ROLL = [{"command": "/roll dice:2d6"}]


class Repeats(NamedTuple):
    """How often scripts were replayed, and why a replay differed from the first, by script."""

    replays: int
    differing: dict[str, list[str]]

    @property
    def rows(self) -> list[Row]:
        """Return a row for all, and one for each script that does not repeat itself."""
        wrong = sum(map(len, self.differing.values()))
        whole = Row(
            bench="repeatability", name="plays that differ", unit="plays", ours=wrong,
            baseline=self.replays, baseline_name="played", ratio=wrong / self.replays,
        )  # fmt: skip
        return [whole] + [
            Row(bench="repeatability", name=f"  {name}: {whys[0]}", unit="plays", ours=len(whys))
            for name, whys in self.differing.items()
        ]


async def measure() -> Sequence[Row]:
    """Return rows for the number of differing replays, and for their times."""
    repeats = await replay_scripts(REPLAYS)
    return [*repeats.rows, *await _measure_times()]


async def replay_scripts(replays: int) -> Repeats:
    """Replay every script, this many times in total (at least twice each), over up to four
    starts.
    """
    named = dict(iterate_scripts("repeated.yaml"))
    each = max(2, round(replays / len(named)))
    starts = min(STARTS, each)
    shares = [each // starts + (at < each % starts) for at in range(starts)]
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        tree = await extract_tree(Path(folder) / "tree", {"shown": DISPLAY_COG, "timed": TIMED_COG})
        rehearsal = await open_rehearsal()
        kept: dict[str, list[Transcript]] = {name: [] for name in named}
        for share in shares:
            await _replay_rounds(rehearsal, tree, named, share, kept)
    return Repeats(each * len(named), _find_differing(kept))


async def _replay_rounds(
    rehearsal: Rehearsal,
    tree: Path,
    named: dict[str, Script],
    rounds: int,
    transcripts: dict[str, list[Transcript]],
) -> None:
    """Replay all scripts with one start of the code, this many times."""
    async with rehearsal.open(tree) as player:
        for _ in range(rounds):
            for name, script in named.items():
                transcripts[name].append(await player.run(script))


def _find_differing(transcripts: dict[str, list[Transcript]]) -> dict[str, list[str]]:
    found = {
        name: [why for other in plays[1:] if (why := find_nondeterminism([plays[0], other]))]
        for name, plays in transcripts.items()
    }
    return {name: whys for name, whys in found.items() if whys}


async def _measure_times() -> list[Row]:
    """Return the time of one command: from cold, on the complete bot, and on code that is
    running.
    """
    rehearsal = await open_rehearsal()
    with tempfile.TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as name:
        tree = await extract_tree(Path(name) / "tree")
        async with LocalDiscord([LocalPerson("alice", listed=True)], token=TOKEN) as discord:
            workspace = await prepare_home(Path(name) / "home", discord)

            async def measure_by_hand() -> float:
                return await time_start(discord, workspace)

            rows = []
            for told, cogs in (("one cog", "dice"), ("the whole bot", ALL_COGS)):
                played = partial(time_replay, rehearsal, tree, build_script(cogs, ROLL))
                rows.append(
                    _build_row(
                        f"a command, {told}",
                        *await measure_pairs(played, measure_by_hand, pairs=PAIRS),
                    )
                )
        further = await time_further_replays(rehearsal, tree, build_script("dice", ROLL))
    base = rows[0].baseline or further
    return [*rows, _build_row("a command, code that is up", further, base, further / base)]


def _build_row(name: str, ours: float, baseline: float, ratio: float) -> Row:
    return Row(
        bench="repeatability", name=name, ours=ours, baseline=baseline,
        baseline_name="the bot by hand", ratio=ratio, pairs=PAIRS,
    )  # fmt: skip


async def prepare_home(home: Path, discord: LocalDiscord) -> DemoWorkspace:
    """Return a home in which the bot can be started on that Discord."""
    await asyncio.to_thread(home.mkdir)
    workspace = DemoWorkspace.from_home(home)
    listed = (discord.people["alice"],)
    guild, channel = discord.guild_id, discord.dev_channel_id
    paths = DemoPaths(guild, channel, listed, discord.base_url, "offline")
    await prepare(find_project_root(), workspace, None, paths)
    return workspace


async def time_start(discord: LocalDiscord, workspace: DemoWorkspace) -> float:
    """Return the seconds from starting the bot until it has answered a command."""
    start = time.perf_counter()
    async with (
        BotProcess(discord, workspace, workspace.home / "bot.log"),
        Person(discord.base_url, "alice") as alice,
    ):
        await alice.wait_for_bot(timeout=60)
        await alice.run("dev", "roll", dice="2d6")
        return time.perf_counter() - start


async def time_replay(rehearsal: Rehearsal, tree: Path, script: Script) -> float:
    """Return the seconds from starting the tree's code to the end of a script."""
    start = time.perf_counter()
    await run_scripts(rehearsal, tree, [script])
    return time.perf_counter() - start


async def time_further_replays(rehearsal: Rehearsal, tree: Path, script: Script) -> float:
    """Return the median time of replays on code that is already running."""
    seconds: list[float] = []
    async with rehearsal.open(tree) as player:
        await player.run(script)
        for _ in range(FURTHER):
            start = time.perf_counter()
            await player.run(script)
            seconds.append(time.perf_counter() - start)
    return compute_median(seconds)
