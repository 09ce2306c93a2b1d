"""Looks up users, roles, channels and messages by id or name, with helpful errors."""

from collections.abc import Mapping
from typing import Any

from simcord.backend.access import channel_accessible
from simcord.backend.models import Channel, Guild, Message, User

from local_discord.world._backend import LocalBackend

TEXT, DM, VOICE = 0, 1, 2


class Refused(Exception):
    """Raised if a person's request cannot be performed: an HTTP status and a message to show."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def as_id(ref: object, key: str) -> int | None:
    """Parse an id from a number, digits or an object; return `None` if `ref` is a name."""
    if isinstance(ref, Mapping):
        ref = ref.get("id")
    if isinstance(ref, bool) or not isinstance(ref, int | str) or ref == "":
        raise Refused(400, f"{key}: give an id (a string of digits) or a name, not {ref!r}")
    if isinstance(ref, int):
        return ref
    text = ref.strip()
    return int(text) if text.isascii() and text.isdecimal() else None


class Lookup:
    """Looks up users, channels, messages and roles of the guild. Methods raise `Refused`."""

    def __init__(self, backend: LocalBackend, guild_id: int) -> None:
        self._backend = backend
        self._guild_id = guild_id

    @property
    def _guild(self) -> Guild:
        return self._backend.guilds[self._guild_id]

    @property
    def people(self) -> list[User]:
        """Everyone but bots, in the order in which they joined."""
        users = (self._backend.users[user_id] for user_id in self._guild.members)
        return [user for user in users if not user.bot]

    def find_person(self, ref: object, key: str = "user") -> User:
        """Return the person (or other bot) who acts; never the connected bot."""
        user = self.find_user(ref, key)
        if user.id == self._backend.bot_user.id:
            raise Refused(403, f"{key}: {user.name} is the bot and acts for itself; name a person")
        return user

    def find_user(self, ref: object, key: str = "user") -> User:
        """Return a member of the guild, the connected bot included."""
        user_id = as_id(ref, key)
        wanted = str(ref).strip().lstrip("@").casefold()
        for member_id in self._guild.members:
            user = self._backend.users[member_id]
            if user.id == user_id or (user_id is None and user.name.casefold() == wanted):
                return user
        names = ", ".join(user.name for user in self.people)
        raise Refused(404, f"{key}: there is no {ref!r} here; there are {names} (GET /local/world)")

    def find_role(self, ref: object, key: str) -> Any:
        """Return a role of the guild."""
        role_id = as_id(ref, key)
        wanted = str(ref).strip().lstrip("@").casefold()
        for role in self._guild.roles.values():
            if role.id == role_id or (role_id is None and role.name.casefold() == wanted):
                return role
        names = ", ".join(role.name for role in self._guild.roles.values())
        raise Refused(404, f"{key}: there is no role {ref!r}; there are {names}")

    def find_channel(self, ref: object, key: str = "channel") -> Channel:
        """Return a text channel, a person's direct messages, or a thread."""
        channel_id = as_id(ref, key)
        if channel_id is not None:
            found = self._backend.channels.get(channel_id)
        else:
            found = self._find_channel_by_name(str(ref).strip())
        if found is None:
            texts = [self._backend.channels[each] for each in self._guild.channel_ids]
            names = ", ".join(f"{each.name}" for each in texts)
            raise Refused(404, f"{key}: there is no {ref!r}; there are {names} (GET /local/world)")
        return found

    def _find_channel_by_name(self, name: str) -> Channel | None:
        wanted = name.casefold()
        if name.startswith("@"):
            return next(
                (self.get_dm(u) for u in self.people if u.name.casefold() == wanted[1:]), None
            )
        wanted = wanted.lstrip("#")
        newest_threads = reversed(self._guild.thread_ids)
        for channel_id in [*self._guild.channel_ids, *newest_threads]:
            channel = self._backend.channels[channel_id]
            if (channel.name or "").casefold() == wanted:
                return channel
        return None

    def get_dm(self, user: User) -> Channel:
        """Return the person's direct messages with the bot."""
        return self._backend.get_dm_channel(user.id)

    def require_access(self, user: User, channel: Channel) -> None:
        """Raise `Refused` (403) if this person cannot see the channel."""
        if not channel_accessible(self._backend, channel.id, user.id):
            name = channel.name or "this conversation"
            raise Refused(403, f"channel: {user.name} cannot see {name}")

    def find_message(
        self, channel: Channel, ref: object, key: str = "message", viewer: User | None = None
    ) -> Message:
        """Return a message of this channel that the viewer can see."""
        message_id = as_id(ref, key)
        found = self._backend.messages.get(channel.id, {}).get(message_id or 0)
        if found is None or (viewer is not None and not found.visible_to(viewer.id)):
            place = channel.name or channel.id
            raise Refused(
                404,
                f"{key}: there is no message {ref!r} in {place}; "
                f"ids are in GET /local/channels/{channel.id}/messages",
            )
        return found
