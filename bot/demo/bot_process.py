"""Runs the bot of the demo in a separate process, and restarts it whenever it ends."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from local_discord.server import LocalDiscord

from bot.demo.workspace import DemoWorkspace

PROGRAM = ("-m", "bot", "run", "--no-supervisor")
"""Starts a bot without a supervisor. Here it is started again whenever it ends."""
SUPERVISED = ("-m", "bot", "run")
"""Starts a bot under its supervisor, which replaces it when its core changes."""

_INHERITED = (
    "PATH", "HOME", "LANG", "TMPDIR", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL",
    "THESEUS_HTTP_PORT", "THESEUS_HTTP_TOKEN", "THESEUS_WEBHOOK_SECRET",
)  # fmt: skip
_RESTART_PAUSES = (0.5, 1.0, 2.0, 5.0)
_CLOSING_SECONDS = 10.0
_KILL_SECONDS = 15.0  # what a supervisor needs to end its bot, once it is asked again


class BotProcess:
    """The bot, running from its private checkout, and started again whenever it ends.

    `variables` are added to its environment.
    """

    def __init__(
        self,
        discord: LocalDiscord,
        workspace: DemoWorkspace,
        log: Path,
        program: Sequence[str] = PROGRAM,
        *,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._program = tuple(program)
        self._variables = dict(variables or {})
        self._discord = discord
        self._workspace = workspace
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self.starts = 0
        self.refused = False
        """Whether it ended with exit code 2: a setting is wrong."""

    @property
    def pid(self) -> int | None:
        """The process id, while one runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and alive else None

    def restart(self) -> None:
        """Ask it to stop; it is started again when it did."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)

    def stop_all(self) -> None:
        """Pass on the signal that stops everything."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGUSR1)

    async def __aenter__(self) -> Self:
        """Start it."""
        self._supervisor = asyncio.create_task(self._supervise(), name="bot supervisor")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ask it to stop, and end it if it does not."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        await self._end()

    async def _supervise(self) -> None:
        while True:
            pause = _RESTART_PAUSES[min(self.starts, len(_RESTART_PAUSES) - 1)]
            self._process = await self._start()
            self.starts += 1
            self.refused = await self._process.wait() == 2
            await asyncio.sleep(pause)

    async def _start(self) -> asyncio.subprocess.Process:
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *self._program,
                cwd=self._workspace.checkout,
                env=self._build_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _build_environment(self) -> dict[str, str]:
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        return inherited | {
            "DISCORD_TOKEN": self._discord.token,
            "THESEUS_DISCORD_API_URL": self._discord.api_url,
            "THESEUS_DISCORD_CLIENT_SECRET": self._discord.client_secret,
            "THESEUS_DISCORD_GATEWAY_URL": self._discord.gateway_url,
            "THESEUS_CONFIG": str(self._workspace.config),
            "THESEUS_STATE": str(self._workspace.state),
            **self._variables,
        }

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        for patience in (_CLOSING_SECONDS, _KILL_SECONDS):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), patience)
                return
            process.send_signal(signal.SIGTERM)  # to a supervisor: at once
        process.kill()
        await process.wait()
