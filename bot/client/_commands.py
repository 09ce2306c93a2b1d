"""Telling Discord the commands: once at the start, and again when a reload changed them."""

import json
from typing import Any

import discord
from discord import app_commands

from bot.domain.errors import ConfigError


class CommandSync:
    """Keeps the commands Discord shows equal to those of the loaded cogs.

    With a guild they are registered there, where changes show at once; else globally.
    """

    def __init__(self, tree: app_commands.CommandTree[Any], guild_id: int | None) -> None:
        self._tree = tree
        self._guild = discord.Object(guild_id) if guild_id else None
        self._told: str | None = None

    def changed(self) -> bool:
        """Return whether Discord was told other commands than there are."""
        if self._guild is not None:
            self._tree.copy_global_to(guild=self._guild)
        return self._present() != self._told

    async def sync(self) -> None:
        """Tell Discord the commands, if they changed.

        Raises `ConfigError` when the bot may not, `discord.HTTPException` when Discord fails.
        """
        if not self.changed():
            return
        present = self._present()
        try:
            await self._tree.sync(guild=self._guild)
        except discord.Forbidden as error:
            raise ConfigError(
                f"discord.guild_id: Theseus may not add commands to {self._where()}. Is the id "
                "right? Invite the bot there with the scopes `bot` and `applications.commands`."
            ) from error
        self._told = present

    def _where(self) -> str:
        return f"the server {self._guild.id}" if self._guild else "its servers"

    def _present(self) -> str:
        """Return all that Discord would be told, in an order that does not depend on reloads."""
        told = [
            command.to_dict(self._tree) for command in self._tree.get_commands(guild=self._guild)
        ]
        return "\n".join(sorted(json.dumps(each, sort_keys=True, default=str) for each in told))
