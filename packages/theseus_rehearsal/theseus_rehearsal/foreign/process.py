"""The sandboxed processes of a bot with its own start: one for each start of a script's bot."""

import asyncio
import importlib.util
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from theseus_rehearsal._runner_process import LIMITS
from theseus_rehearsal.errors import RehearsalError, SandboxUnavailable
from theseus_rehearsal.foreign.postgres import BASE, PostgresServer
from theseus_rehearsal.foreign.start import BotStart, list_python_paths
from theseus_rehearsal.ports.sandbox import Completed, Sandbox

_RUNNER = Path(__file__).parents[1] / "runner"
_OBSERVER = "theseus_observe"
_BOOT = (
    "import sys; sys.path[0] = sys.argv.pop(1); "
    "from theseus_rehearsal_runner.foreign_main import main; main()"
)
_FIXED = {"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1", "TZ": "UTC"}
_LAST_LINES = 3
_SETUP_SECONDS = 60.0
_END_SECONDS = 2.0
_NO_CACHE = shutil.ignore_patterns("__pycache__", ".git")


class ForeignProcess:
    """Implements `BotRunner`: starts the bot in a copy of its tree, which it may change.

    A script's bot gets the same copy again when it restarts. `variables` are its environment.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        tree: Path,
        folder: Path,
        start: BotStart,
        python: Path,
        variables: Mapping[str, str],
    ) -> None:
        self.sockets = folder / "sockets"
        self.state = folder / "state"
        self.tree = tree.absolute()
        self.has_own_start = True
        self.pid = 0  # the processes are bwrap's or their own, and are not measured
        self._sandbox = sandbox
        self._code = folder / "code"
        self._start = start
        self._python = python
        self._variables = variables
        self._postgres: PostgresServer | None = None
        self._running: dict[str, asyncio.Task[Completed]] = {}

    def prepare(self) -> None:
        """Write the code that the process runs beside the bot's own."""
        for folder in (self.sockets, self.state):
            folder.mkdir()
        found = importlib.util.find_spec(_OBSERVER)
        if found is None or found.origin is None:
            raise RehearsalError("install theseus-observe: replays of this bot need it.")
        observer = Path(found.origin).parent
        shutil.copytree(_RUNNER, self._code / "theseus_rehearsal_runner", ignore=_NO_CACHE)
        shutil.copytree(observer, self._code / _OBSERVER, ignore=_NO_CACHE)

    async def fork(self, name: str, cogs: Sequence[str]) -> None:
        """Start a bot that connects to the sockets of that name."""
        if cogs:
            raise RehearsalError("world: cogs: this bot has its own start, and loads its own cogs.")
        folder = self.state / name.rpartition("-")[0]
        if not folder.exists():
            await asyncio.to_thread(
                shutil.copytree, self.tree, folder, symlinks=True, ignore=_NO_CACHE
            )
            folder.with_name(f"{folder.name}-journal").mkdir()
            if self._postgres is not None:
                await self._postgres.copy_base(folder.name)
        self._running[name] = asyncio.create_task(self._run(name, folder), name=f"bot {name}")

    async def _run(self, name: str, folder: Path) -> Completed:
        control = Path(f"{self.sockets / name}.control")
        command = [str(self._python), "-c", _BOOT, str(self._code), str(control)]
        fixed = {**_FIXED, "REHEARSAL_VARIABLES": " ".join(self._variables)}
        if self._postgres is not None:
            fixed["REHEARSAL_DATABASE"] = f"{self._postgres.socket}:{folder.name}"
        done = await self._sandbox.run(
            [*command, *self._start.words],
            cwd=folder / self._start.folder,
            writable=(folder, folder.with_name(f"{folder.name}-journal")),
            env={**self._variables, **fixed},
            limits=LIMITS,
            readable=(self._code, self.sockets, *list_python_paths(self._python)),
        )
        await self._report_missing(control, done)
        return done

    async def start_postgres(self) -> PostgresServer:
        """Start a server for the bots of all scripts. Raises `RehearsalError`."""
        server = PostgresServer(self._sandbox, self.state / "postgres", self.sockets / "postgres")
        self._postgres = server
        await server.start()
        return server

    async def run_setup(self, setup: BotStart) -> None:
        """Run a bot's own set-up of its tables, in a copy of its tree. Raises `RehearsalError`."""
        if self._postgres is None:
            raise RehearsalError("there is no PostgreSQL to set up")
        folder = self.state / "setup"
        await asyncio.to_thread(shutil.copytree, self.tree, folder, symlinks=True, ignore=_NO_CACHE)
        boot = _BOOT.replace("foreign_main", "foreign_setup")
        command = [str(self._python), "-c", boot, str(self._code), str(self._postgres.socket), BASE]
        done = await self._sandbox.run(
            [*command, *setup.words],
            cwd=folder / setup.folder,
            writable=(folder,),
            env={**self._variables, **_FIXED},
            limits=LIMITS.replace(seconds=_SETUP_SECONDS),
            readable=(self._code, self.sockets, *list_python_paths(self._python)),
        )
        if done.returncode != 0:
            raise RehearsalError(
                f"the database cannot be set up: {setup.name}: {_shorten(done.output)}"
            )

    async def _report_missing(self, control: Path, done: Completed) -> None:
        """Tell a script that still waits for the first word of its bot why there is none."""
        with suppress(OSError):
            _, writer = await asyncio.open_unix_connection(control)
            line = {"failed": _shorten(done.output) or "it ended without a message"}
            writer.write(json.dumps(line).encode() + b"\n")
            await writer.drain()
            writer.close()

    async def end(self, name: str) -> None:
        """Kill a bot's processes; return when none is left."""
        running = self._running.pop(name, None)
        if running is None:
            return
        with suppress(TimeoutError):  # its last lines are read, if it ends by itself
            async with asyncio.timeout(_END_SECONDS):
                await asyncio.wait({running})
        running.cancel()
        with suppress(asyncio.CancelledError, SandboxUnavailable, OSError):
            await running

    async def explain_end(self, name: str, reason: str) -> str:
        """Return why the bot ended: `reason`, with its last lines of output if that says little."""
        running = self._running.get(name)
        if running is None:
            return reason
        await asyncio.wait({running}, timeout=_END_SECONDS)
        if not running.done() or running.cancelled() or running.exception() is not None:
            return reason
        output = _shorten(running.result().output)
        return f"{reason} (its last lines: {output})" if _is_vague(reason) and output else reason

    async def close(self) -> None:
        """Kill all processes."""
        for name in [*self._running]:
            await self.end(name)
        if self._postgres is not None:
            await self._postgres.close()


def _is_vague(reason: str) -> bool:
    return reason.startswith(("it exited (", "it ended without", "the bot's process ended"))


def _shorten(output: str) -> str:
    return " / ".join(output.strip().splitlines()[-_LAST_LINES:])
