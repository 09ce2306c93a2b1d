"""The rehearsal: a tree's code runs in the sandbox; its Discord server and recorder run outside."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from theseus_rehearsal._runner_process import RunnerProcess
from theseus_rehearsal._script_run import ScriptRun
from theseus_rehearsal.errors import RehearsalError, SandboxUnavailable
from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import Script, Transcript
from theseus_rehearsal.temporary_folder import open_temporary_folder

STEP_SECONDS = 10.0


class SandboxedRehearsal:
    """Implements `theseus_rehearsal.ports.rehearsal.Rehearsal` with processes on this machine.

    A step that takes longer than `step_seconds` ends its script. Time in which the processes wait
    for a processor does not count.
    """

    def __init__(self, sandbox: Sandbox, *, step_seconds: float = STEP_SECONDS) -> None:
        self._sandbox = sandbox
        self._step_seconds = step_seconds

    @property
    def refusal(self) -> str:
        """The reason why scripts cannot be run on this machine; empty if they can."""
        return self._sandbox.refusal

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Start the tree's bot, except its connection, and provide a runner for scripts.

        Raises `RehearsalError` if scripts cannot be run.
        """
        if self._sandbox.refusal:
            raise RehearsalError(self._sandbox.refusal)
        async with SandboxedPlayer(self._sandbox, tree, self._step_seconds) as player:
            await player.prepare()
            yield player


class SandboxedPlayer:
    """Implements `ScriptRunner`; a process that has ended is replaced for the next script."""

    def __init__(self, sandbox: Sandbox, tree: Path, step_seconds: float) -> None:
        self._sandbox = sandbox
        self._step_seconds = step_seconds
        self._tree = tree
        self._stack = AsyncExitStack()
        self._runner: RunnerProcess | None = None
        self._numbers = itertools.count(1)
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> "SandboxedPlayer":
        """Return the player itself; no process is started yet."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """End all processes."""
        await self._stack.aclose()

    async def prepare(self) -> RunnerProcess:
        """Return the process that runs scripts; start it if there is none."""
        async with self._one_at_a_time:
            if self._runner is None or not (self._runner.alive or self._runner.broken):
                scratch = open_temporary_folder("theseus-play-")
                folder = await self._stack.enter_async_context(scratch)
                runner = RunnerProcess(self._sandbox, self._tree, folder)
                try:
                    self._runner = await self._stack.enter_async_context(runner)
                except SandboxUnavailable as error:
                    raise RehearsalError(str(error)) from error
            return self._runner

    async def run(
        self, script: Script, *, keep_files: bool = False, probe: RunProbe | None = None
    ) -> Transcript:
        """Run a script from its beginning."""
        runner = await self.prepare()
        if runner.broken:
            return Transcript(trouble=f"the bot cannot be imported: {runner.broken}")
        name = f"p{next(self._numbers)}"
        script_run = ScriptRun(
            runner, name, script, self._step_seconds, keep_files=keep_files, probe=probe
        )
        return await script_run.run()
