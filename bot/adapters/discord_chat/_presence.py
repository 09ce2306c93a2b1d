"""Shows the bot's presence in Discord."""

import discord

from bot.notices.presence import Presence


class DiscordPresence:
    """Implements `bot.notices.presence.PresenceDisplay`.

    A new gateway session knows nothing of the presence, so it is sent again then.
    """

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._current: tuple[object, Presence] | None = None

    async def show(self, presence: Presence) -> None:
        """Send the presence unless this session shows it; without a session, nothing."""
        if not self._client.is_ready():
            return
        wanted = (self._client.ws, presence)
        if self._current == wanted:
            return
        await self._client.change_presence(
            activity=discord.CustomActivity(name=presence.text),
            status=discord.Status(presence.sign),
        )
        self._current = wanted
