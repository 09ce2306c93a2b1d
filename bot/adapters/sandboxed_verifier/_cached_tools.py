"""Runs the tools that only read a tree and have a cache, such as type checkers."""

import asyncio
import shlex
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from theseus_guard.source_folders import build_python_path
from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits

from bot.adapters.sandboxed_verifier._commands import Tool
from bot.adapters.sandboxed_verifier._results import check_result
from bot.adapters.sandboxed_verifier._scratch import Once
from bot.domain.change import CheckResult
from bot.domain.checks import Check

CACHES: Mapping[Tool, str] = {"mypy": "MYPY_CACHE_DIR", "ruff": "RUFF_CACHE_DIR"}


class CachedTools:
    """Runs one command of each tool at a time, because two writers would corrupt its cache.

    A command that only fills the cache is stopped when a check needs the tool. Tools write to their
    caches in transactions, so a stopped one leaves a cache that is valid.
    """

    def __init__(self, sandbox: Sandbox, cache: Path, slots: asyncio.Semaphore) -> None:
        self._sandbox, self._cache, self._slots = sandbox, cache, slots
        self._turns = {tool: asyncio.Lock() for tool in CACHES}
        self._filling: dict[Tool, asyncio.Task[CheckResult]] = {}

    async def check(
        self, check: Check, command: Sequence[str], tool: Tool, only_read: Once[Path]
    ) -> CheckResult:
        """Run a tool on a tree, which is read-only for it."""
        if filling := self._filling.get(tool):
            filling.cancel()
        async with self._turns[tool], self._slots:
            return await self._run(check, command, tool, only_read)

    async def fill_cache(
        self, check: Check, command: Sequence[str], tool: Tool, only_read: Once[Path]
    ) -> None:
        """Run a tool in the background; begin again after each time that it was stopped."""
        attempt = partial(self._run, check, command, tool, only_read, background=True)
        while not await self._try_filling(tool, attempt):
            pass

    async def _try_filling(
        self, tool: Tool, attempt: Callable[[], Coroutine[Any, Any, CheckResult]]
    ) -> bool:
        """Return whether the command has ended by itself."""
        async with self._turns[tool]:
            filling = self._filling[tool] = asyncio.create_task(attempt(), name="cache filling")
            try:
                await asyncio.wait({filling})
            finally:
                del self._filling[tool]
                filling.cancel()
                await asyncio.wait({filling})
        if filling.cancelled():
            return False
        filling.result()
        return True

    async def _run(
        self,
        check: Check,
        command: Sequence[str],
        tool: Tool,
        only_read: Once[Path],
        *,
        background: bool = False,
    ) -> CheckResult:
        tree, cache_folder = await only_read() / "tree", self._cache / tool
        cache_folder.mkdir(parents=True, exist_ok=True)
        result = await self._sandbox.run(
            command,
            cwd=tree,
            writable=[cache_folder],
            env={"PYTHONPATH": build_python_path(tree), CACHES[tool]: str(cache_folder)},
            limits=SandboxLimits(seconds=check.seconds, background=background),
        )
        return check_result(check, shlex.join(command), result, tool, None)
