"""Taking on changed files while running: cogs are reloaded, core code asks for a restart."""

import asyncio
import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import aiohttp
import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.client._background_tasks import BackgroundTasks, TasksSurvived
from bot.client._cog_failures import describe_failure
from bot.client._command_sync import CommandSync
from bot.client._leftovers import Leftovers
from bot.domain.adoption import filter_by_way
from bot.domain.cogs import get_cog_name
from bot.domain.errors import ConfigError
from bot.domain.journal import ActionOutcome, Kind
from bot.infra.cog_files import find_module, is_extension
from bot.ports.runtime import Adoption
from bot.telemetry import Recorder

_log = structlog.stdlib.get_logger(__name__)


class Reloader:
    """Implements `bot.ports.runtime.Runtime` for one bot and its folder of cogs.

    `wanted` are the extensions the configuration names; empty means all that are there.
    """

    def __init__(
        self,
        bot: commands.Bot,
        root: Path,
        recorder: Recorder,
        sync: CommandSync,
        tasks: BackgroundTasks,
        wanted: Sequence[str] = (),
    ) -> None:
        self._bot = bot
        self._root = root
        self._recorder = recorder
        self._sync = sync
        self._tasks = tasks
        self._wanted = frozenset(wanted)
        self._one_at_a_time = asyncio.Lock()

    async def adopt(self, changed: Sequence[str]) -> Adoption:
        """Reload the cogs among `changed`; discord.py puts the old one back if loading fails."""
        async with self._one_at_a_time:
            return await self._adopt(changed)

    def list_commands(self) -> Mapping[str, str]:
        """Return the slash commands of the cogs that are loaded. Implements `Runtime`."""
        return {
            each.qualified_name: get_cog_name(f"{each.callback.__module__.replace('.', '/')}.py")
            for each in self._bot.tree.walk_commands()
            if isinstance(each, app_commands.Command)
        }

    async def _adopt(self, changed: Sequence[str]) -> Adoption:
        reloaded: list[str] = []
        failed: dict[str, str] = {}
        # Python caches listings of folders, so a file that was just added would not be found.
        importlib.invalidate_caches()
        for file in changed:
            self._forget_bytecode(file)
        shared = self._forget_shared() if any(self._is_shared(file) for file in changed) else None
        for module in self._list_modules(changed, all_cogs=shared is not None):
            try:
                with self._recorder.measure(Kind.RELOAD, module):
                    await self._reload(module)
                reloaded.append(module)
            except Exception as error:  # noqa: BLE001  # a cog may raise anything
                _log.warning("%s keeps its old code", module, exc_info=error)
                failed[module] = describe_failure(error)
        if shared is not None and failed and not reloaded:
            self._forget_shared()
            sys.modules.update(
                shared
            )  # no cog uses the new shared code, so the old one is restored
        if reloaded:
            await self._sync_commands()
        return Adoption(
            reloaded=tuple(reloaded),
            failed=failed,
            restart_needed=filter_by_way(changed, "settings", "install", "service", "restart"),
        )

    def _list_modules(self, changed: Sequence[str], *, all_cogs: bool) -> list[str]:
        """Return the extensions that must load again, each once."""
        own = [file for file in changed if not self._is_shared(file)]
        names = [f"cogs.{cog}" for file in own if (cog := get_cog_name(file))]
        if all_cogs:
            names = [name for name in self._bot.extensions if name.startswith("cogs.")] + names
        known = self._wanted or frozenset(names)
        return [n for n in dict.fromkeys(names) if n in known or n in self._bot.extensions]

    async def _reload(self, module: str) -> None:
        # Not `find_spec`: that answers from what is loaded, though its file may be gone.
        place = self._root.joinpath(*module.split("."))
        exists = place.with_suffix(".py").exists() or (place / "__init__.py").exists()
        if module in self._bot.extensions:
            left, old = Leftovers(self._bot, module), self._tasks.collect(module)
            try:
                await (self._bot.reload_extension if exists else self._bot.unload_extension)(module)
            finally:  # also after an error, when discord.py has set up the old code again
                left.clear(gone=not exists)
                await self._end_tasks(module, old)
        elif exists:
            await self._bot.load_extension(module)

    async def _end_tasks(self, module: str, tasks: Sequence[asyncio.Task[object]]) -> None:
        """End background tasks of the old code; report those that ignore their cancellation."""
        if survivors := await self._tasks.cancel(tasks):
            error = TasksSurvived(f"The old code of {module} still runs: {'; '.join(survivors)}.")
            name = f"{module} tasks"
            self._recorder.record(Kind.RELOAD, name, ActionOutcome.ERROR, error=error)

    async def _sync_commands(self) -> None:
        """Register changed commands with Discord; a failure is retried in the background."""
        try:
            if self._sync.has_changed():
                with self._recorder.measure(Kind.RELOAD, "commands"):
                    await self._sync.sync()
        except (discord.DiscordException, aiohttp.ClientError, OSError, ConfigError) as error:
            _log.warning("discord was not told the changed commands: %s", error)

    def _forget_shared(self) -> dict[str, ModuleType]:
        """Take what cogs share out of the loaded modules; return it."""
        extensions = tuple(self._bot.extensions)
        shared = {
            name: module
            for name, module in sys.modules.items()
            if name.startswith("cogs.") and not _is_part_of(name, extensions)
        }
        for name in shared:
            del sys.modules[name]
        return shared

    def _is_shared(self, file: str) -> bool:
        """Return whether it is code of the cogs that is no cog's own.

        Such are `cogs/ui/...`, `cogs/_texts.py`, and a helper that is there and is no cog.
        """
        if not (file.startswith("cogs/") and file.endswith(".py")):
            return False
        name, folder = get_cog_name(file), self._root / "cogs"
        if not name or f"cogs.{name}" in self._bot.extensions:
            return not name
        return find_module(folder, name) is not None and not is_extension(folder, name)

    def _forget_bytecode(self, file: str) -> None:
        """Delete the compiled code of a file.

        Python compares whole seconds and the size, so a quick edit could look unchanged.
        """
        if file.endswith(".py"):
            compiled = importlib.util.cache_from_source(str(self._root / file))
            Path(compiled).unlink(missing_ok=True)


def _is_part_of(name: str, extensions: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in extensions)
