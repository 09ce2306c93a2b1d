"""Finds out which permission a refusal was about, and explains how to grant it.

Discord's errors do not name the permission.
"""

from typing import Literal

import discord
import structlog

from bot.domain.errors import ChatRejected

Doing = Literal["write", "change my message", "open a thread"]

_REFUSED = (50001, 50013)  # Missing Access, Missing Permissions
# The names in discord.py and in Discord's settings.
_NAMES = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
    "create_public_threads": "Create Public Threads",
}
_SPEAKING = ("view_channel", "embed_links", "attach_files", "read_message_history")
_NEEDED: dict[Doing, tuple[str, ...]] = {
    "write": _SPEAKING,
    "change my message": ("view_channel", "embed_links", "attach_files"),
    "open a thread": ("view_channel", "read_message_history", "create_public_threads"),
}
_log = structlog.stdlib.get_logger(__name__)


class PermissionReport:
    """Explains refusals with the permission, the channel and a way to grant it.

    Each explanation is logged once, because the bot's owner may not read the channel.
    """

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._logged: set[str] = set()

    def explain(self, error: ChatRejected, channel_id: int, doing: Doing) -> ChatRejected:
        """Return an explained error, or the same error if permissions are not the cause."""
        cause = error.__cause__
        if not isinstance(cause, discord.HTTPException) or cause.code not in _REFUSED:
            return error
        channel = self._client.get_channel(channel_id)
        channel_name = f"#{channel.name}" if isinstance(channel, _Named) else f"<#{channel_id}>"
        missing = self._list_missing(channel, doing)
        names = " and ".join(f"“{_NAMES[permission]}”" for permission in missing)
        text = (
            f"I lack the permission {names} in {channel_name}, which I need to {doing} there. "
            "Grant it to my role: Edit Channel, Permissions. `theseus doctor` lists what I need."
            if missing
            else f"Discord does not let me {doing} in {channel_name} ({cause.text}), although my "
            "role has the permissions there. Does a setting of the server prevent it?"
        )
        if text not in self._logged:
            self._logged.add(text)
            _log.error("%s", text)
        return ChatRejected(text)

    def _list_missing(self, channel: object, doing: Doing) -> list[str]:
        """Return the missing permissions; for an unknown channel, the permission to view it."""
        if not isinstance(channel, _Named):
            return ["view_channel"]
        allowed = channel.permissions_for(channel.guild.me)
        threaded = isinstance(channel, discord.Thread)
        speaking = "send_messages_in_threads" if threaded else "send_messages"
        required = (*_NEEDED[doing], *([speaking] if doing == "write" else []))
        return [name for name in required if not getattr(allowed, name)]


_Named = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
