"""Days of a busy bot on a virtual clock: what grows, and whether it may.

The bot is the real one in a process of its own, with the scripted engine and the local forge. Each
day is the same: traffic with failures, reminders, questions, a reload, the daily work; every fourth
day a fault comes live and is fixed from report to merge; once a week an incident, and sometimes a
restart or a kill. After the days come weeks of silence, in which the retention has to work.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bench._soak_small_bot import ORDERS
from bench.soak_bounds import find_bound, find_silent_bound
from bench.soak_measures import Figures, Growth, judge_growth, measure_outside
from bot.demo.workspace import DemoWorkspace
from tests.fakes.repositories import commit, run_git
from tests.fakes.small_bot_repository import FAIR, FILE, GAMES, Game
from tests.support.casts import Cast, open_scripted_cast
from tests.support.page_reader import get_text, is_from_bot
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

DAYS = 30
SILENT_DAYS = 35
KEEP_DAYS = 30

_HOUR = 3600.0
_BUSY_HOURS = range(8, 20)
_PATIENCE = 900.0  # of the machine; it may be busy with other things
_SETTLE_SECONDS = 0.15  # of the machine, in which what a jump has woken does its turn
_ROOT = Path(__file__).resolve().parents[1]
_PROGRAM = str(Path(__file__).with_name("_soak_small_bot.py"))
_MORE_COGS = ("reminders", "polls", "dice", "incidents", "questions", "memory")
_RESTARTS = {6: "stop", 12: "kill", 18: "stop"}
"""By day; none in the last ten, whose growth is that of one process."""

Say = Callable[[str], None]


@dataclass
class Soak:
    """A bot and its days."""

    world: SmallBotHarness
    say: Say
    types: list[dict[str, int]] = field(default_factory=list)
    _ahead: float = 0.0

    def now(self) -> datetime:
        """Return the virtual time."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    # Orders to the bot

    async def order(self, **order: object) -> dict[str, Any]:
        """Send an order to the bot's process and return its answer."""
        place = self.world.workspace.home / ORDERS
        reader, writer = await asyncio.open_unix_connection(place, limit=2**24)
        writer.write(json.dumps(order).encode() + b"\n")
        answer = json.loads(await reader.readline())
        writer.close()
        return dict(answer)

    async def jump(self, seconds: float) -> None:
        """Move everybody's clock ahead, and let the bot do what is due."""
        self._ahead += seconds
        await self.order(jump=seconds)
        await asyncio.sleep(_SETTLE_SECONDS)

    # A day

    async def play_day(self, day: int) -> None:
        """Run the script of a day, hour by hour."""
        for hour in range(24):
            await self.jump(_HOUR)
            if hour in _BUSY_HOURS:
                await self._talk(day, hour)
            if hour == 9:
                await self._reload(day)
            if hour == 11 and day % 4 == 0:
                await self._fix(GAMES[day // 4 % len(GAMES)])
            if hour == 14 and day % 7 == 2:
                await self._fail_often()
            if hour == 21 and day in _RESTARTS:
                await self._restart(_RESTARTS[day])

    async def _talk(self, day: int, hour: int) -> None:
        """Use commands, some of which fail; chat, ask, be reminded, vote."""
        bob, alice = self.world.bob.person, self.world.alice.person
        await bob.run("general", "roll", dice="2d6")
        await bob.run("general", "spin", number=1)
        await bob.run("general", "share", sweets=hour, people=2)
        await bob.say("general", f"Nothing to do with the bot, {day}/{hour}.")
        if hour % 4 == 0:
            await bob.run("general", "moody")  # fails, and nobody can fix it
            await bob.run("general", "remind", **{"in": "90m", "about": f"the tea of {day}/{hour}"})
        if hour == 10:
            await bob.run("general", "poll create", question="Tea?", options="yes | no")
            question = await alice.say("dev", f"<@{self.world.discord.bot_user_id}> what failed?")
            await alice.wait_for("dev", is_from_bot, _PATIENCE, after=question["id"])

    async def _reload(self, day: int) -> None:
        """Commit a change of a cog by hand; the running bot reloads it."""
        checkout = self.world.workspace.checkout
        before = (checkout / FILE).read_text(encoding="utf-8")
        start = before.rpartition("\n# Day ")[0] or before
        await self._deploy(f"{start}\n# Day {day}.\n", f"Note day {day}")

    async def _deploy(self, text: str, message: str) -> None:
        checkout, reloads = self.world.workspace.checkout, self._count_reloads()
        await asyncio.to_thread(commit, checkout, {FILE: text}, message)
        await asyncio.to_thread(run_git, checkout, "push", "-q", "origin", "HEAD:main")
        await self.world.wait_until(lambda: self._count_reloads() > reloads, _PATIENCE, every=0.2)

    def _count_reloads(self) -> int:
        """Return how often the journal says that the cog was reloaded."""
        days = sorted((self.world.workspace.state / "journal").glob("*.ndjson"))
        return sum(day.read_bytes().count(b'"reload.cogs.fair"') for day in days)

    async def _fix(self, game: Game) -> None:
        """Have a fault come live, report it, and approve its fix."""
        world, alice = self.world, self.world.alice
        begun = time.monotonic()
        before = (world.workspace.checkout / FILE).read_text(encoding="utf-8")
        _, wrong, right = game.edit
        if right in before and right not in FAIR:
            await self._deploy(before.replace(right, wrong), f"Simplify {game.command}")
        world.write_script(game.script)
        await world.break_command(game)
        thread = await alice.ask(game.report)
        await alice.wait_for_proposal(thread, timeout=_PATIENCE)
        await alice.person.say(thread, "ship it")
        await alice.wait_until_live(thread, timeout=_PATIENCE)
        await world.check_command(game)
        self.say(f"  {game.command} is fixed, in {time.monotonic() - begun:.1f} s")

    async def _fail_often(self) -> None:
        """Let a command fail so often that an incident is opened, and wait for its message."""
        bob = self.world.bob.person
        last = (await bob.list_messages("dev"))[-1]
        for _ in range(8):
            await bob.run("general", "moody")
        await self.world.alice.person.wait_for(
            "dev",
            lambda m: is_from_bot(m) and "/moody fails" in get_text(m),
            _PATIENCE,
            after=last["id"],
        )

    async def _restart(self, how: str) -> None:
        starts = self.world.bot.starts
        if how == "kill":
            self.world.kill()
        else:
            self.world.bot.restart()
        await self.world.wait_until_restarted(starts + 1)

    # Measuring

    async def measure(self) -> Figures:
        """Return all figures of now, when no run is under way."""
        await self.world.wait_until_clean(_PATIENCE)
        inside = await self.order(measure=True)
        self.types.append(inside["types"])
        workspace, pid = self.world.workspace, self.world.bot.pid
        assert pid is not None
        outside = await asyncio.to_thread(
            measure_outside, pid, workspace.state, workspace.checkout, workspace.forge
        )
        counts = ("tasks", "python threads", "objects")
        return outside | {name: float(inside[name]) for name in counts}

    def list_growing_types(self, days: int = 10) -> list[str]:
        """Return the types with the most new objects since so many days ago."""
        if len(self.types) <= days:
            return []
        then, now = self.types[-days - 1], self.types[-1]
        grown = sorted(((now[name] - then.get(name, 0), name) for name in now), reverse=True)
        return [f"{count:+} {name}" for count, name in grown[:12] if count > 0]


@asynccontextmanager
async def open_soak(say: Say) -> AsyncIterator[Soak]:
    """Open a bot whose days pass quickly."""
    holder: list[Soak] = []

    def now() -> datetime:
        return holder[0].now() if holder else datetime.now(UTC)

    more = {f"cogs/{name}.py": (_ROOT / f"cogs/{name}.py").read_text() for name in _MORE_COGS}
    with tempfile.TemporaryDirectory(prefix="theseus-soak-", ignore_cleanup_errors=True) as name:
        async with open_small_bot(Path(name), _open_cast, more=more, now=now) as world:
            holder.append(Soak(world, say))
            yield holder[0]


@asynccontextmanager
async def _open_cast(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
    content: dict[str, Any] = yaml.safe_load(workspace.config.read_text(encoding="utf-8"))
    content["cogs"] += [f"cogs.{name}" for name in _MORE_COGS]
    for section in ("runs", "journal", "audit"):
        content.setdefault(section, {})["keep_days"] = KEEP_DAYS
    content["gateway"] = {"keep_days": KEEP_DAYS}
    content["backup"] = {"keep": 3}
    workspace.config.write_text(yaml.safe_dump(content), encoding="utf-8")
    async with open_scripted_cast(workspace, folder) as cast:
        yield Cast([_PROGRAM], cast.bare, cast.pulls)


async def measure_soak(days: int, silent_days: int, say: Say) -> list[Growth]:
    """Run so many days and so many of silence; return what grew and how much it may."""
    async with open_soak(say) as soak:
        busy = [await _run_day(soak, day, days, silent=False) for day in range(days)]
        for each in soak.list_growing_types():
            say(f"  {each}")
        quiet = [await _run_day(soak, day, silent_days, silent=True) for day in range(silent_days)]
    found = judge_growth(busy, find_bound)
    return found + [
        each for each in judge_growth([busy[-1], *quiet], find_silent_bound) if not each.is_within
    ]


async def _run_day(soak: Soak, day: int, days: int, *, silent: bool) -> Figures:
    begun = time.monotonic()
    if silent:
        for _ in range(4):
            await soak.jump(6 * _HOUR)
    else:
        await soak.play_day(day)
    figures = await soak.measure()
    soak.say(
        f"{'silent day' if silent else 'day'} {day + 1} of {days}: "
        f"{figures['memory, MB']:.1f} MB, {figures['tasks']:.0f} tasks, "
        f"{figures['open files']:.0f} files, {time.monotonic() - begun:.1f} s"
    )
    return figures


def format_table(found: Sequence[Growth]) -> str:
    """Return the table for the documents."""
    head = (
        "| figure | first day | last day | most | grows a day | may grow | |\n"
        "|---|---:|---:|---:|---:|---|---|"
    )
    return "\n".join([head, *(each.line for each in found)])


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def print_soak(days: int, silent_days: int) -> int:
    """Run a soak and print its table; return 1 if anything grew faster than it may."""
    found = await measure_soak(days, silent_days, _write)
    sys.stdout.write(format_table(found) + "\n")
    return int(not all(each.is_within for each in found))
