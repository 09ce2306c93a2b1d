"""What people can do with the bot: every command and context menu, as the journal calls them."""

from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.journal import Kind
from bot.domain.self_audit import Ability

_MENUS = (discord.AppCommandType.message, discord.AppCommandType.user)


def list_abilities(bot: commands.Bot) -> tuple[Ability, ...]:
    """Return what is loaded now, each once, sorted by event."""
    found = {each.event: each for each in _walk_abilities(bot)}
    return tuple(found[event] for event in sorted(found))


def _walk_abilities(bot: commands.Bot) -> Iterator[Ability]:
    for typed in bot.walk_commands():
        if not isinstance(typed, commands.Group):
            yield _build_ability(Kind.COMMAND, typed.qualified_name, "@bot ", typed.callback)
    for command in bot.tree.walk_commands():
        if isinstance(command, app_commands.Command):
            yield _build_ability(Kind.COMMAND, command.qualified_name, "/", command.callback)
    for kind in _MENUS:
        for menu in bot.tree.get_commands(type=kind):
            if isinstance(menu, app_commands.ContextMenu):
                yield _build_ability(Kind.CONTEXT_MENU, menu.qualified_name, "", menu.callback)


def _build_ability(kind: Kind, name: str, before: str, callback: Any) -> Ability:
    """Return a command with the cog it belongs to, by the module its code is in."""
    module = str(getattr(callback, "__module__", ""))
    cog = ".".join(module.split(".")[:2]) if module.startswith("cogs.") else module
    return Ability(event=f"{kind}.{name}", label=f"{before}{name}", cog=cog, module=cog)
