"""Plays a story with a fault at one point of it, and compares its outcome with that of none."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bot.demo.workspace import DemoWorkspace
from bot.domain.message_cursors import MARK
from bot.domain.run import FINAL_STATUSES, Status
from tests.support.casts import Cast, MakeCast, make_claude_cast, open_scripted_cast
from tests.support.page_reader import is_end, is_proposal
from tests.support.reliability.points import EffectLog, FaultPoint
from tests.support.reliability.server_observer import ServerObserver
from tests.support.reliability.stories import PATIENCE, STORIES, Story
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

PROGRAM = str(Path(__file__).with_name("observed_bot.py"))
ACCOUNT_SECONDS = 60.0
"""How long after its start a bot may take until somebody works on each run, or it has ended."""
_QUIET_SECONDS = 2.5
_POLL_SECONDS = 0.05
_COMPARE_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """What is there when a story has ended. A fault may delay it, and changes nothing of it."""

    runs: tuple[tuple[str, str], ...]
    pulls: tuple[tuple[int, str], ...]
    merges: int
    threads: int
    cards: int
    announcements: int
    ends: int


@dataclass(frozen=True)
class Trial:
    """A story with faults. `has_struck` is false if a point did not come up in this run.

    `account_seconds` is how long after a start it took at most until all was accounted for.
    """

    points: tuple[FaultPoint, ...]
    has_struck: bool
    seconds: float
    account_seconds: float | None = None
    problem: str = ""


class Reliability:
    """Plays one kind of story, each time in a folder of its own."""

    def __init__(self, kind: str, cast: str = "offline") -> None:
        self._story: Story = STORIES[kind]
        self._cast = cast

    async def record(self, folder: Path) -> tuple[list[str], Outcome]:
        """Run the story without a fault; return its effects and its outcome."""
        async with self._open(folder) as (world, log):
            place = await self._story.prepare(world)
            log.begin()
            await self._story.play(world, place)
            await _wait_until_quiet(log)
            return log.read(), await _read_outcome(world)

    async def try_points(
        self, points: Sequence[FaultPoint], wanted: Outcome, folder: Path
    ) -> Trial:
        """Run the story with the faults; the trial says what went wrong, if anything did."""
        began = time.monotonic()
        async with self._open(folder) as (world, log):
            place = await self._story.prepare(world)
            log.begin(points)
            watch = asyncio.create_task(_watch_restarts(world))
            problem = ""
            try:
                await self._story.play(world, place)
                await _wait_until_quiet(log)
                problem = await _compare(world, wanted)
            except (AssertionError, TimeoutError) as error:
                problem = _describe_problem(world, error)
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            waits = watch.result() if not watch.cancelled() else []
            late = max(waits, default=None)
            if late is not None and late >= ACCOUNT_SECONDS:
                problem = problem or f"not accounted for after {late:.0f} s"
            seconds = time.monotonic() - began
            return Trial(tuple(points), not log.is_waiting, seconds, late, problem)

    @asynccontextmanager
    async def _open(self, folder: Path) -> AsyncIterator[tuple[SmallBotHarness, EffectLog]]:
        effects = folder / "home" / "effects"
        effects.mkdir(parents=True)
        log, worlds = EffectLog(effects), list[SmallBotHarness]()
        servers = ServerObserver(log, lambda: worlds[0].kill())

        @asynccontextmanager
        async def open_cast(workspace: DemoWorkspace, within: Path) -> AsyncIterator[Cast]:
            async with self._make_cast(servers)(workspace, within) as cast:
                yield replace(cast, program=[PROGRAM, str(effects), *cast.program[1:]])

        around = [servers.build_middleware("discord")]
        async with open_small_bot(folder, open_cast, around=around) as world:
            worlds.append(world)
            # Before, a first start has no place yet from which to read what it missed.
            await world.wait_until(lambda: world.has_stored(MARK), PATIENCE, every=0.05)
            yield world, log

    def _make_cast(self, servers: ServerObserver) -> MakeCast:
        if self._cast == "offline":
            return open_scripted_cast
        return make_claude_cast(
            self._story.turns, around=lambda server: [servers.build_middleware(server)]
        )


async def _watch_restarts(world: SmallBotHarness) -> list[float]:
    """Return, for each new start until cancelled, the seconds until all is accounted for."""
    waits: list[float] = []
    try:
        while True:
            while _is_up(world):  # noqa: ASYNC110 - another process is polled
                await asyncio.sleep(_POLL_SECONDS)
            dead = {run["lease_owner"] for run in world.list_runs()}
            while not _is_up(world):  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
            began = time.monotonic()
            while (  # noqa: ASYNC110
                not _is_accounted(world, dead) and time.monotonic() - began < ACCOUNT_SECONDS
            ):
                await asyncio.sleep(_POLL_SECONDS)
            waits.append(time.monotonic() - began)
    except asyncio.CancelledError:
        return waits


def _is_up(world: SmallBotHarness) -> bool:
    return world.bot.pid is not None


def _is_accounted(world: SmallBotHarness, dead: set[str | None]) -> bool:
    """Return whether each run has ended, waits for a person, or is worked on by the new process."""
    settled = (*FINAL_STATUSES, Status.WAITING)
    runs = world.list_runs()
    return bool(runs) and all(
        run["status"] in settled
        or (run["status"] == Status.RUNNING and run["lease_owner"] not in dead)
        for run in runs
    )


async def _wait_until_quiet(log: EffectLog) -> None:
    """Wait until nothing more happens for a while."""
    count, since = len(log.read()), time.monotonic()
    async with asyncio.timeout(PATIENCE):
        while time.monotonic() - since < _QUIET_SECONDS:
            await asyncio.sleep(_POLL_SECONDS)
            if (now := len(log.read())) != count:
                count, since = now, time.monotonic()


async def _compare(world: SmallBotHarness, wanted: Outcome) -> str:
    """Return how the outcome differs; it may take a moment to be as wanted."""
    found = await _read_outcome(world)
    until = time.monotonic() + ACCOUNT_SECONDS
    while found != wanted and time.monotonic() < until:
        await asyncio.sleep(_COMPARE_SECONDS)
        found = await _read_outcome(world)
    if found != wanted:
        parts = [
            f"{name}: {value} instead of {getattr(wanted, name)}"
            for name, value in vars(found).items()
            if value != getattr(wanted, name)
        ]
        return "; ".join(parts)
    await world.alice.check_wording()
    await world.wait_until_clean()
    return ""


async def _read_outcome(world: SmallBotHarness) -> Outcome:
    told = [each for part in (await world.alice.read_transcript()).values() for each in part]
    return Outcome(
        tuple((run["trigger"]["goal"], run["status"]) for run in world.list_runs()),
        tuple(world.list_pulls()),
        len(world.list_merges()),
        len(await world.alice.person.list_threads("dev")),
        sum(map(is_proposal, told)),
        sum("live at" in message["content"].lower() for message in told),
        sum(map(is_end, told)),
    )


def _describe_problem(world: SmallBotHarness, error: BaseException) -> str:
    runs = [
        " ".join(str(run.get(name)) for name in ("stage", "status", "waiting", "reason"))
        for run in world.list_runs()
    ]
    failures = world.list_failures()[-3:]
    return f"{type(error).__name__}: {str(error)[:500]}; runs: {runs}; failures: {failures}"
