"""Replaces ids by names, so that a transcript does not depend on the ids of its server."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from local_discord.world import World

_MENTION = re.compile(r"<(@!?|@&|#)(\d{15,20})>")
_TIME = re.compile(r"<t:(-?\d{1,12})(:[a-zA-Z])?>")
_LINK = re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/channels/[\d@me]+/(\d+)(?:/(\d+))?")
_COMMAND = re.compile(r"</([^:<>]{1,100}):\d{15,20}>")
_ID = re.compile(r"(?<!\d)\d{15,20}(?!\d)")
# The short id of an error reply, made by `bot.domain.ids` from the time and chance.
_ERROR_ID = re.compile(r"(Error id `)[0-9a-hjkmnp-tv-z]{8}(`)")


class TranscriptNames:
    """Names for the objects of a world; messages are numbered in order of arrival, as in `m1`.

    `folders` maps paths that differ in each run to fixed names.
    """

    def __init__(self, world: World, folders: Mapping[str, str]) -> None:
        self._world = world
        self._folders = folders
        self._messages: dict[int, tuple[str, int]] = {}  # message id -> its number and channel
        self._ids: dict[str, int] = {}

    def get_number(self, message_id: int, channel_id: int) -> str:
        """Return a message's number; assign one if it has none."""
        entry = self._messages.get(message_id)
        if entry is None:
            entry = (f"m{len(self._messages) + 1}", channel_id)
            self._messages[message_id] = entry
            self._ids[entry[0]] = message_id
        return entry[0]

    def find_message(self, number: str) -> tuple[int, int] | None:
        """Return the message with that number and its channel, as ids; `None` if there is none."""
        message_id = self._ids.get(number)
        return None if message_id is None else (message_id, self._messages[message_id][1])

    def get_person(self, user_id: int) -> str:
        """Return the name of a user."""
        user = self._world.backend.users.get(user_id)
        return user.name if user is not None else "somebody"

    def get_channel(self, channel_id: int) -> str:
        """Return the name of a channel or thread; `dm` for a direct channel with the bot."""
        channel = self._world.backend.channels.get(channel_id)
        if channel is None:
            return "gone"
        return channel.name or "dm"

    def make_readable(self, text: str) -> str:
        """Return a text from Discord with names in place of ids, and with readable times."""
        for path, name in self._folders.items():
            text = text.replace(path, name)
        text = _TIME.sub(_format_timestamp, text)
        text = _LINK.sub(self._format_link, text)
        text = _COMMAND.sub(r"/\1", text)
        text = _MENTION.sub(self._format_mention, text)
        text = _ERROR_ID.sub(r"\1…\2", text)
        return _ID.sub(lambda found: self._find_name(int(found[0])) or found[0], text)

    def _format_mention(self, found: re.Match[str]) -> str:
        kind = found[1].removesuffix("!")
        return f"{kind}{self._find_name(int(found[2])) or 'nobody'}"

    def _format_link(self, found: re.Match[str]) -> str:
        ids = [int(any_id) for any_id in found.groups() if any_id]
        return "/".join(["link", *(self._find_name(any_id) or "nothing" for any_id in ids)])

    def _find_name(self, any_id: int) -> str:
        backend = self._world.backend
        if any_id in self._messages:
            return self._messages[any_id][0]
        if any_id in backend.users:
            return self.get_person(any_id)
        if any_id in backend.channels:
            return self.get_channel(any_id)
        guild = backend.guilds[self._world.guild_id]
        if any_id == guild.id:
            return guild.name
        return guild.roles[any_id].name if any_id in guild.roles else ""


def _format_timestamp(found: re.Match[str]) -> str:
    try:
        at = datetime.fromtimestamp(int(found[1]), UTC)
    except (OverflowError, ValueError, OSError):
        return found[0]
    return f"<{at:%Y-%m-%dT%H:%M:%SZ}{found[2] or ''}>"
