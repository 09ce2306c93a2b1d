"""Which permission a refusal is for want of, and how to give it: Discord names none."""

import logging
from typing import Literal

import discord

from bot.domain.errors import ChatRejected

Doing = Literal["write", "change my message", "open a thread"]

_REFUSED = (50001, 50013)  # Missing Access, Missing Permissions
# As discord.py calls them and as Discord's own pages do.
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
_log = logging.getLogger(__name__)


class PermissionReport:
    """Puts a refusal into words that name the permission, the place and the way out.

    Each is logged once: whoever runs the bot may not read the channel.
    """

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._logged: set[str] = set()

    def explain(self, error: ChatRejected, channel_id: int, doing: Doing) -> ChatRejected:
        """Return the error as it is told; one that is not for want of a permission unchanged."""
        cause = error.__cause__
        if not isinstance(cause, discord.HTTPException) or cause.code not in _REFUSED:
            return error
        channel = self._client.get_channel(channel_id)
        named = f"#{channel.name}" if isinstance(channel, _Named) else f"<#{channel_id}>"
        missing = self._list_missing(channel, doing)
        names = " and ".join(f"“{_NAMES[each]}”" for each in missing)
        text = (
            f"I lack the permission {names} in {named}, which it takes to {doing} there. "
            "Give it to my role: Edit Channel, Permissions. `theseus doctor` lists what I need."
            if missing
            else f"Discord does not let me {doing} in {named} ({cause.text}), though my role has "
            "what that takes there. Is a setting of the whole server in the way?"
        )
        if text not in self._logged:
            self._logged.add(text)
            _log.error("%s", text)
        return ChatRejected(text)

    def _list_missing(self, channel: object, doing: Doing) -> list[str]:
        """Return what is missing as far as is known here; of an unknown channel, seeing it."""
        if not isinstance(channel, _Named):
            return ["view_channel"]
        allowed = channel.permissions_for(channel.guild.me)
        threaded = isinstance(channel, discord.Thread)
        speaking = "send_messages_in_threads" if threaded else "send_messages"
        needed = (*_NEEDED[doing], *([speaking] if doing == "write" else []))
        return [name for name in needed if not getattr(allowed, name)]


_Named = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
