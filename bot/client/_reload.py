"""Taking on changed files while running: cogs are reloaded, core code asks for a restart."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from discord.ext import commands

from bot.domain.journal import Kind
from bot.ports.runtime import Adoption
from bot.telemetry import Recorder

_SHARED = "cogs.ui"


class Reloader:
    """Implements `bot.ports.runtime.Runtime` for one bot and its folder of cogs."""

    def __init__(self, bot: commands.Bot, root: Path, recorder: Recorder) -> None:
        self._bot = bot
        self._root = root
        self._recorder = recorder

    async def adopt(self, changed: Sequence[str]) -> Adoption:
        """Reload the cogs among `changed`; discord.py puts the old one back if loading fails."""
        reloaded, failed = [], {}
        importlib.invalidate_caches()
        for module in self._modules(changed):
            try:
                with self._recorder.timed(Kind.RELOAD, module):
                    await self._reload(module)
                reloaded.append(module)
            except commands.ExtensionError as error:
                failed[module] = _reason(error)
        return Adoption(
            reloaded=tuple(reloaded),
            failed=failed,
            restart_needed=tuple(file for file in changed if _is_core(file)),
        )

    def _modules(self, changed: Sequence[str]) -> list[str]:
        """Return the extensions that must load again, each once."""
        for file in changed:
            self._forget_bytecode(file)
        loaded = [name for name in self._bot.extensions if name.startswith("cogs.")]
        if any(file.startswith("cogs/ui/") for file in changed):
            for module in [name for name in sys.modules if name.startswith(_SHARED)]:
                del sys.modules[module]
            return loaded
        names = [name for file in changed if (name := extension_of(file))]
        return list(dict.fromkeys(names))

    async def _reload(self, module: str) -> None:
        exists = importlib.util.find_spec(module) is not None
        if module in self._bot.extensions:
            await (self._bot.reload_extension if exists else self._bot.unload_extension)(module)
        elif exists:
            await self._bot.load_extension(module)

    def _forget_bytecode(self, file: str) -> None:
        """Compiled code is matched by whole seconds and size; a quick fix could look unchanged."""
        if file.endswith(".py"):
            compiled = importlib.util.cache_from_source(str(self._root / file))
            Path(compiled).unlink(missing_ok=True)


def extension_of(file: str) -> str | None:
    """Return a file's extension: `cogs/dice.py` and `cogs/dice/x.py` -> `cogs.dice`."""
    parts = PurePosixPath(file).parts
    if len(parts) < 2 or parts[0] != "cogs" or not file.endswith(".py"):
        return None
    name = parts[1].removesuffix(".py")
    return None if name.startswith("_") or name == "ui" else f"cogs.{name}"


def _is_core(file: str) -> bool:
    return file.startswith("bot/") or file in ("pyproject.toml", "uv.lock", "data/config.yaml")


def _reason(error: commands.ExtensionError) -> str:
    cause = error.original if isinstance(error, commands.ExtensionFailed) else error
    return f"{type(cause).__name__}: {cause}"
