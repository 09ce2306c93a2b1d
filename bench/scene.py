"""A small world with the claude engine, to measure in: who asks the model, and when, is noted.

The real Claude Code program asks a model that follows a script, on a small repository and a GitHub
of this machine. Both are the tests' own: benchmarks run from the repository, where those are.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.stage import wait_for_run
from bot.adapters.sqlite_store import SqliteStore
from bot.domain.run import Run
from tests.fakes.small_bot_repository import Game
from tests.support.casts import make_claude_cast
from tests.support.scripted_model import ScriptedModelBehaviour
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot
from tests.twins.model import (
    Request,
    ScriptedModel,
    Turn,
    choose_turn,
    delay_turn,
    hold_turn,
    repeat_turn,
)

TYPES = '{name: types, command: [mypy, "{changed}"], seconds: 60}'


@dataclass
class Pace:
    """How the model takes its turns: `seconds` before each; the executor's wait for the `gate`."""

    seconds: float = 0.0
    gate: asyncio.Event | None = None


@dataclass
class BenchScene:
    """A world, its model, and the requests to it as they came."""

    world: SmallBotHarness
    model: ScriptedModel
    store: SqliteStore
    folder: Path
    pace: Pace
    arrivals: list[tuple[datetime, Request]] = field(default_factory=list)

    @property
    def database(self) -> Path:
        """Return where the bot keeps its runs."""
        return self.world.workspace.state / "theseus.sqlite3"

    async def prepare(self, game: Game) -> None:
        """Make a command fail, and give the model the fix."""
        self.world.write_script(game.script)
        await self.world.break_command(game)

    async def wait_for_request(self, who: str) -> datetime:
        """Return when the next question of that role reaches the model, waiting for it."""
        await self.model.wait_for_requests(len(self.model.list_requests(who)) + 1, who)
        return datetime.now(UTC)

    async def wait_until(self, wanted: str, seconds: float = 180.0) -> Run:
        """Return the newest run once it is at that stage, or in that state."""
        return await wait_for_run(
            self.store, lambda run: wanted in (run.stage, run.status), seconds
        )


@asynccontextmanager
async def open_scene(*, workers: int = 2) -> AsyncIterator[BenchScene]:
    """Open one; everything in it ends with the block."""
    pace, arrivals = Pace(), list[tuple[datetime, Request]]()
    with tempfile.TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        behaviour = ScriptedModelBehaviour(folder / "home" / "script.json").story
        cast = make_claude_cast(_record_arrivals(behaviour, pace, arrivals))
        async with open_small_bot(folder, cast, checks=[TYPES], workers=workers) as world:
            assert world.cast.model is not None
            async with SqliteStore(world.workspace.state / "theseus.sqlite3") as store:
                yield BenchScene(world, world.cast.model, store, folder, pace, arrivals)


def _record_arrivals(
    story: Mapping[str, Sequence[Turn]], pace: Pace, arrivals: list[tuple[datetime, Request]]
) -> Mapping[str, Sequence[Turn]]:
    """Return the same story, with the time of each request recorded and answers at this pace."""

    def set_pace(turn: Turn) -> Turn:
        def decide(request: Request) -> Turn:
            arrivals.append((datetime.now(UTC), request))
            if pace.gate is not None and request.who == "executor":
                return hold_turn(pace.gate, turn)
            return delay_turn(pace.seconds, turn) if pace.seconds else turn

        return repeat_turn(choose_turn(decide))

    return {who: [set_pace(turn) for turn in turns] for who, turns in story.items()}
