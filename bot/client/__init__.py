"""The discord client: cog loading, instrumentation, one error reply, reload."""

from bot.client._client import TheseusClient
from bot.client._cog_imports import import_cogs
from bot.client._command_catalog import list_abilities
from bot.client._connection import connect, is_connected, point_discord_at
from bot.client._core_services import ConversationSettings
from bot.client._identity import Identity

__all__ = [
    "ConversationSettings",
    "Identity",
    "TheseusClient",
    "connect",
    "import_cogs",
    "is_connected",
    "list_abilities",
    "point_discord_at",
]
