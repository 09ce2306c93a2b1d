"""Shows the bot's presence in Discord."""

import discord

from bot.notices.presence import Presence


class DiscordPresence:
    """Implements `bot.notices.presence.PresenceDisplay`.

    A new gateway session knows nothing of the presence, so it is sent again then.
    """

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._shown: tuple[object, Presence] | None = None

    async def show(self, presence: Presence) -> None:
        """Send the presence unless this session shows it; without a session, nothing."""
        if not self._client.is_ready():
            return
        current = (self._client.ws, presence)
        if self._shown == current:
            return
        await self._client.change_presence(
            activity=discord.CustomActivity(name=presence.text),
            status=discord.Status(presence.sign),
        )
        self._shown = current
