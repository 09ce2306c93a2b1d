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

from bench.stage import settled
from bot.adapters.sqlite_store import SqliteStore
from bot.domain.run import Run
from tests.fakes.small_bot_repository import Game
from tests.support.casts import claude_with
from tests.support.scripted_model import ScriptedModelBehaviour
from tests.support.small_world import SmallWorld, small_world
from tests.twins.model import Request, ScriptedModel, Turn, forever, held, slow, told

TYPES = '{name: types, command: [mypy, "{changed}"], seconds: 60}'


@dataclass
class Pace:
    """How the model takes its turns: `seconds` before each; the executor's wait for the `gate`."""

    seconds: float = 0.0
    gate: asyncio.Event | None = None


@dataclass
class Scene:
    """A world, its model, and the requests to it as they came."""

    world: SmallWorld
    model: ScriptedModel
    store: SqliteStore
    folder: Path
    pace: Pace
    arrivals: list[tuple[datetime, Request]] = field(default_factory=list)

    @property
    def database(self) -> Path:
        """Return where the bot keeps its runs."""
        return self.world.workspace.state / "theseus.sqlite3"

    async def ready(self, game: Game) -> None:
        """Let a command fail, and let the model know what mends it."""
        self.world.script(game.script)
        await self.world.break_it(game)

    async def asked(self, who: str) -> datetime:
        """Return when the next question of that role reaches the model, waiting for it."""
        await self.model.heard(len(self.model.asked(who)) + 1, who)
        return datetime.now(UTC)

    async def until(self, wanted: str, seconds: float = 180.0) -> Run:
        """Return the newest run once it is at that stage, or in that state."""
        return await settled(self.store, lambda run: wanted in (run.stage, run.status), seconds)


@asynccontextmanager
async def scene(*, workers: int = 2) -> AsyncIterator[Scene]:
    """Open one; everything in it ends with the block."""
    pace, arrivals = Pace(), list[tuple[datetime, Request]]()
    with tempfile.TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        behaviour = ScriptedModelBehaviour(folder / "home" / "script.json").story
        cast = claude_with(_noted(behaviour, pace, arrivals))
        async with small_world(folder, cast, checks=[TYPES], workers=workers) as world:
            assert world.cast.model is not None
            async with SqliteStore(world.workspace.state / "theseus.sqlite3") as store:
                yield Scene(world, world.cast.model, store, folder, pace, arrivals)


def _noted(
    story: Mapping[str, Sequence[Turn]], pace: Pace, arrivals: list[tuple[datetime, Request]]
) -> Mapping[str, Sequence[Turn]]:
    """Return the same story; when it is asked, that is noted, and it is told at that pace."""

    def paced(turn: Turn) -> Turn:
        def decide(request: Request) -> Turn:
            arrivals.append((datetime.now(UTC), request))
            if pace.gate is not None and request.who == "executor":
                return held(pace.gate, turn)
            return slow(pace.seconds, turn) if pace.seconds else turn

        return forever(told(decide))

    return {who: [paced(turn) for turn in turns] for who, turns in story.items()}
