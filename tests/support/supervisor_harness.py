"""A supervisor over scripted bots in a repository of their own, with its times scaled down."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.supervisor.children import SupervisedBot
from bot.supervisor.records import RestartFile, RestartRecords
from bot.supervisor.rules import RestartRules
from bot.supervisor.supervisor import Supervisor
from tests.fakes.repositories import commit, run_git

PROGRAM = Path(__file__).with_name("scripted_bot.py")
RULES = RestartRules(
    drain_seconds=5.0,
    probation_seconds=0.3,
    prepare_seconds=10.0,
    ready_seconds=1.0,
    silent_seconds=0.8,
    hung_seconds=1.2,
    memory_mb=96.0,
    crashes=4,
    kill_seconds=1.0,
    backoff=(0.01, 0.02),
)


class SupervisorHarness:
    """A supervisor at work. `code` is the folder its bots run from; `logged` what it says."""

    def __init__(self, folder: Path, rules: RestartRules) -> None:
        self.code = folder / "code"
        self.log = folder / "log"
        self.records_file = folder / "state" / "restarts.json"
        self.logged: list[str] = []
        if not self.code.exists():
            self.code.mkdir()
            run_git(self.code, "init", "-q", "-b", "main")
        self.bot = SupervisedBot(
            self.command,
            self.code,
            self.records_file,
            {"PATH": "/usr/bin"},
            core=("behaviour",),
        )
        self.supervisor = Supervisor(self.bot, rules, lambda _, text: self.logged.append(text))
        self.running: asyncio.Task[int] | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """The command that starts a bot."""
        return (sys.executable, "-I", str(PROGRAM), str(self.log))

    def write(self, behaviour: str, **files: str) -> str:
        """Commit code that behaves so; return the commit."""
        named = {name.replace("__", "/"): text for name, text in files.items()}
        commit(self.code, {"behaviour": behaviour, **named}, behaviour)
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out in the folder."""
        return run_git(self.code, "rev-parse", "HEAD")

    @property
    def records(self) -> RestartRecords:
        """The supervisor's records."""
        return RestartFile(self.records_file).read()

    def list_alive(self) -> set[int]:
        """Return the processes that are still running, among those that have received a message."""
        return {
            pid for each in self.list_events() if Path(f"/proc/{(pid := each['pid'])}").exists()
        }

    def list_events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the messages that bots received, and their ends, oldest first."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        told = [json.loads(line) for line in lines]
        return [each for each in told if kind in (None, each["type"])]

    def begin(self) -> None:
        """Start the supervisor."""
        self.running = asyncio.create_task(self.supervisor.run())

    async def wait_until(self, true: Callable[[], object]) -> None:
        """Wait until the condition holds, at most 20 s; a failure shows all messages in both
        directions.
        """
        try:
            async with asyncio.timeout(20):
                while not true():  # noqa: ASYNC110  what other processes do sets no event
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"{self.logged} {self.list_events()}") from None

    async def wait_for_probation(self, commit: str) -> None:
        """Wait until that commit has passed its probation."""
        told = f"{commit[:12]} has passed its probation"
        await self.wait_until(lambda: told in self.logged)

    def ask(self, **told: object) -> None:
        """Make the running bot request a restart onto the current content of the folder, with
        this text.
        """
        active = self.supervisor.active
        assert active is not None
        active.send("restart", **{"with": told})

    async def wait_for_exit(self) -> int:
        """Return the exit code."""
        assert self.running is not None
        async with asyncio.timeout(20):
            return await self.running


@asynccontextmanager
async def run_supervisor(
    folder: Path, behaviour: str = "good", *, rules: RestartRules = RULES
) -> AsyncIterator[SupervisorHarness]:
    """Open a world whose first commit behaves so; its supervisor runs, and ends with the block."""
    world = SupervisorHarness(folder, rules)
    world.write(behaviour)
    world.begin()
    try:
        yield world
    finally:
        assert world.running is not None
        world.supervisor.stop()
        world.supervisor.stop()
        await asyncio.wait([world.running])
