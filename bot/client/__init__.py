"""The discord client: cog loading, instrumentation, one error reply, reload."""

from bot.client._client import Identity, TheseusClient
from bot.client._cog_imports import import_cogs
from bot.client._command_catalog import abilities
from bot.client._connection import connect, is_connected, point_discord_at

__all__ = [
    "Identity",
    "TheseusClient",
    "abilities",
    "connect",
    "import_cogs",
    "is_connected",
    "point_discord_at",
]
