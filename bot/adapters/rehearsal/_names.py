"""Ids as names: what a play shows must not depend on which ids its server gave."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from local_discord.world import World

_MENTION = re.compile(r"<(@!?|@&|#)(\d{15,20})>")
_TIME = re.compile(r"<t:(-?\d{1,12})(:[a-zA-Z])?>")
_LINK = re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/channels/[\d@me]+/(\d+)(?:/(\d+))?")
_COMMAND = re.compile(r"</([^:<>]{1,100}):\d{15,20}>")
_ID = re.compile(r"(?<!\d)\d{15,20}(?!\d)")
# The short id of an error reply, as `bot.domain.ids` makes them: chance and time.
_ERROR_ID = re.compile(r"(Error id `)[0-9a-hjkmnp-tv-z]{8}(`)")


class TranscriptNames:
    """Names for what exists in a world; messages are numbered as they come: `m1`.

    `folders` are names of folders that lie elsewhere in each play, by their paths.
    """

    def __init__(self, world: World, folders: Mapping[str, str]) -> None:
        self._world = world
        self._folders = folders
        self._messages: dict[int, tuple[str, int]] = {}  # id to number and channel
        self._ids: dict[str, int] = {}

    def get_number(self, message_id: int, channel_id: int) -> str:
        """Return a message's number, given now if it has none."""
        known = self._messages.get(message_id)
        if known is None:
            known = (f"m{len(self._messages) + 1}", channel_id)
            self._messages[message_id] = known
            self._ids[known[0]] = message_id
        return known[0]

    def find_message(self, number: str) -> tuple[int, int] | None:
        """Return the message of that number and its channel, as ids."""
        found = self._ids.get(number)
        return None if found is None else (found, self._messages[found][1])

    def get_person(self, user_id: int) -> str:
        """Return the name of somebody."""
        user = self._world.backend.users.get(user_id)
        return user.name if user is not None else "somebody"

    def get_channel(self, channel_id: int) -> str:
        """Return the name of a channel or thread; `dm` with the bot."""
        found = self._world.backend.channels.get(channel_id)
        if found is None:
            return "gone"
        return found.name or "dm"

    def make_readable(self, text: str) -> str:
        """Return a text of Discord's with names in place of ids, and times written out."""
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
        wanted = [int(each) for each in found.groups() if each]
        return "/".join(["link", *(self._find_name(each) or "nothing" for each in wanted)])

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
