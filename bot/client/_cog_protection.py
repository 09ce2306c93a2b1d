"""Cogs of the bot's own stay as they are, whatever another cog does while it is loaded."""

from collections.abc import Awaitable, Callable, Mapping

from discord import app_commands
from discord.ext import commands

from bot.domain.cogs import is_own_cog

_Item = tuple[str, object]


class CogDisplaced(commands.ExtensionError):
    """A cog took the place of a cog, command or menu of the bot's own; it is unloaded again."""


class CogProtection:
    """Compares what the bot's own cogs brought before and after another one is loaded.

    discord.py refuses a second command or cog of a name, unless its author says `override=True` or
    removes the first one.
    """

    def __init__(self, bot: commands.Bot) -> None:
        self._bot = bot

    async def guard(self, extension: str, load: Callable[[], Awaitable[None]]) -> None:
        """Run `load`. Raises `CogDisplaced` where it displaced something, which is put back."""
        if is_own_cog(extension.rpartition(".")[2]):
            await load()
            return
        before = self._collect()
        try:
            await load()
        finally:
            # Also after an error: discord.py removes what the cog added, but does not restore what
            # the cog replaced.
            displaced = self._find_displaced(before)
            if displaced:
                await self._restore(extension, displaced)
        if displaced:
            names = ", ".join(sorted(name for _, name in displaced))
            raise CogDisplaced(f"it displaces {names} of the bot's own", name=extension)

    def _collect(self) -> Mapping[tuple[str, str], _Item]:
        """Return what the bot's own cogs brought, by kind and name, with the module and object."""
        found: dict[tuple[str, str], _Item] = {}
        for name, cog in self._bot.cogs.items():
            found["cog", name] = (type(cog).__module__, cog)
        for text in self._bot.commands:
            found["text command", text.name] = (_get_module(text.callback), text)
        for each in self._bot.tree.get_commands():
            kind = "slash command" if not isinstance(each, app_commands.ContextMenu) else "menu"
            found[kind, each.name] = (each.module or "", each)
        return {key: item for key, item in found.items() if _is_own_module(item[0])}

    def _find_displaced(
        self, before: Mapping[tuple[str, str], _Item]
    ) -> Mapping[tuple[str, str], _Item]:
        after = self._collect()
        return {
            key: item
            for key, item in before.items()
            if key not in after or after[key][1] is not item[1]
        }

    async def _restore(self, extension: str, displaced: Mapping[tuple[str, str], _Item]) -> None:
        """Unload the cog that displaced commands of others, and reload the cogs it displaced."""
        if extension in self._bot.extensions:
            await self._bot.unload_extension(extension)
        for own in sorted({_get_extension(module) for module, _ in displaced.values()}):
            if own in self._bot.extensions:
                await self._bot.reload_extension(own)
            else:
                await self._bot.load_extension(own)


class ProtectingBot(commands.Bot):
    """A bot in which no cog displaces one of the bot's own."""

    async def load_extension(self, name: str, *, package: str | None = None) -> None:
        """Load a cog. Raises `CogDisplaced` where it displaced another; it is unloaded then."""
        load = super().load_extension
        await CogProtection(self).guard(name, lambda: load(name, package=package))

    async def reload_extension(self, name: str, *, package: str | None = None) -> None:
        """Load a cog again, guarded in the same way."""
        reload = super().reload_extension
        await CogProtection(self).guard(name, lambda: reload(name, package=package))


def _get_module(callback: object) -> str:
    return str(getattr(callback, "__module__", ""))


def _get_extension(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _is_own_module(module: str) -> bool:
    parts = module.split(".")
    return len(parts) > 1 and parts[0] == "cogs" and is_own_cog(parts[1])
