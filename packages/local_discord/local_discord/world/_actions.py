"""A person's actions in a channel: post, edit, delete, react, open a thread, type."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from simcord.backend import serializers
from simcord.backend.access import reaction_permissions
from simcord.backend.errors import BackendError
from simcord.backend.models import Channel, Guild, Message, User

from local_discord.world._backend import LocalBackend
from local_discord.world._lookup import Lookup, Refused

CONTENT_LENGTH = 2_000
FILE_BYTES = 25_000_000
FILES = 10
_CUSTOM_EMOJI = re.compile(r"<?a?:?(\w+:\d+)>?")
_KEYCAP = "\u20e3"
EMOJI_NAMES = {
    "ship": "🚢", "rocket": "🚀", "white_check_mark": "✅", "heavy_check_mark": "✔️",
    "ballot_box_with_check": "☑️", "thumbsup": "👍", "+1": "👍", "thumbsdown": "👎", "-1": "👎",
    "x": "❌", "eyes": "👀", "tada": "🎉", "heart": "❤️", "warning": "⚠️", "question": "❓",
    "wave": "👋", "ok_hand": "👌", "fire": "🔥", "bug": "🐛", "wrench": "🔧", "anchor": "⚓",
    "hourglass": "⌛", "no_entry": "⛔", "stop_sign": "🛑", "game_die": "🎲", "100": "💯",
}  # fmt: skip


def parse_emoji(text: object) -> str:
    """Parse an emoji: the emoji itself, `:name:`, or a custom `<:name:id>`. Raises `Refused`."""
    if not isinstance(text, str) or not text.strip():
        raise Refused(400, "emoji: give the emoji itself, such as ✅, or its name, such as :ship:")
    text = text.strip()
    custom = _CUSTOM_EMOJI.fullmatch(text)
    if custom:
        return custom[1]
    named = EMOJI_NAMES.get(text.strip(":").casefold())
    if named is not None:
        return named
    if len(text) > 20 or (any(c.isascii() for c in text) and _KEYCAP not in text):
        raise Refused(400, f"emoji: {text!r} is not known; give the emoji itself, such as 🚢")
    return text


class PersonActions:
    """Performs a person's actions with that person's own permissions. Methods raise `Refused`."""

    def __init__(self, backend: LocalBackend, lookup: Lookup, guild_id: int) -> None:
        self._backend = backend
        self._lookup = lookup
        self._guild_id = guild_id

    @property
    def _guild(self) -> Guild:
        return self._backend.guilds[self._guild_id]

    def say(
        self,
        user: User,
        channel: Channel,
        content: str,
        *,
        reply_to: object = None,
        forward: object = None,
        files: Sequence[Mapping[str, Any]] = (),
        nonce: str | None = None,
    ) -> Message:
        """Post a message, or forward one; a repeated nonce returns the first message.

        A forward (`{"channel": ..., "message": ...}`) is a message without text: Discord's client
        posts a remark as a second message.
        """
        if nonce is not None and (earlier := self._backend.find_by_nonce(user.id, nonce)):
            return earlier
        self._require_write_permission(user, channel)
        content = self._validate_content(content, has_files=bool(files) or forward is not None)
        uploads = _parse_uploads(files)
        reference = None
        if reply_to is not None:
            target = self._lookup.find_message(channel, reply_to, "reply_to", user)
            reference = {"message_id": str(target.id), "channel_id": str(channel.id)}
        if forward is not None:
            reference = self._build_forward(user, forward)
        self._backend.nonce = nonce
        try:
            stored = self._backend.store_attachments(channel.id, uploads)
            message = self._backend.create_message(
                channel.id, user.id, content, reference=reference, attachments=stored
            )
        finally:
            self._backend.nonce = None
        if nonce is not None:
            self._backend.remember_nonce(message, nonce)
        return message

    def _build_forward(self, user: User, forward: object) -> dict[str, Any]:
        if not isinstance(forward, Mapping):
            raise Refused(400, 'forward: give {"channel": ..., "message": ...}')
        source = self._lookup.find_channel(forward.get("channel"), "forward.channel")
        self._lookup.require_access(user, source)
        target = self._lookup.find_message(source, forward.get("message"), "forward.message", user)
        return {"type": 1, "message_id": str(target.id), "channel_id": str(source.id)}

    def edit(self, user: User, channel: Channel, ref: object, content: str) -> Message:
        """Edit the person's own message."""
        message = self._find_own_message(user, channel, ref)
        content = self._validate_content(content, has_files=bool(message.attachments))
        return self._backend.edit_message(channel.id, message.id, {"content": content})

    def delete(self, user: User, channel: Channel, ref: object) -> Message:
        """Delete the person's own message, or dismiss an ephemeral one."""
        message = self._lookup.find_message(channel, ref, "message", user)
        if not message.is_ephemeral:
            message = self._find_own_message(user, channel, ref)
        self._backend.delete_message(channel.id, message.id)
        return message

    def react(
        self, user: User, channel: Channel, ref: object, emoji: object, *, remove: bool
    ) -> Message:
        """Add or remove a reaction; repeating it changes nothing."""
        message = self._lookup.find_message(channel, ref, "message", user)
        if message.is_ephemeral:
            raise Refused(400, "message: ephemeral messages cannot have reactions")
        wanted = parse_emoji(emoji)
        needed = reaction_permissions(message, wanted, reacted=not remove)
        self._require_permissions(user, channel, *needed)
        self._backend.set_reaction(channel.id, message.id, wanted, user.id, not remove)
        return message

    def open_thread(self, user: User, channel: Channel, name: str, ref: object) -> Channel:
        """Open a thread; with `ref`, from that message."""
        if channel.type != 0:
            raise Refused(400, "channel: threads are opened in text channels")
        self._require_permissions(user, channel, "create_public_threads")
        message_id = None
        if ref is not None:
            message_id = self._lookup.find_message(channel, ref, "message", user).id
        try:
            return self._backend.create_thread(channel.id, name, user.id, message_id=message_id)
        except BackendError as error:
            raise Refused(409 if error.code == 160004 else 400, f"name: {error.message}") from error

    def start_typing(self, user: User, channel: Channel) -> None:
        """Show "is typing" for a moment."""
        self._require_write_permission(user, channel)
        payload: dict[str, Any] = {"channel_id": str(channel.id), "user_id": str(user.id)}
        if channel.guild_id is not None:
            member = self._guild.members[user.id]
            payload["guild_id"] = str(channel.guild_id)
            payload["member"] = serializers.member_payload(self._backend, self._guild, member)
        self._backend.emit("TYPING_START", payload)

    # --------------------------------------------------------------------- rules

    def _find_own_message(self, user: User, channel: Channel, ref: object) -> Message:
        message = self._lookup.find_message(channel, ref, "message", user)
        if message.author_id != user.id:
            raise Refused(403, f"message: it is not {user.name}'s own")
        return message

    def _require_write_permission(self, user: User, channel: Channel) -> None:
        meta = channel.thread_metadata
        if meta is not None and meta.locked:
            raise Refused(403, f"channel: the thread {channel.name!r} is locked")
        self._require_permissions(
            user, channel, "send_messages_in_threads" if channel.is_thread else "send_messages"
        )

    def _require_permissions(self, user: User, channel: Channel, *permissions: str) -> None:
        self._lookup.require_access(user, channel)
        try:
            self._backend.require_permissions(channel.guild_id, user.id, channel.id, *permissions)
        except BackendError as error:
            what = ", ".join(each.replace("_", " ") for each in permissions)
            raise Refused(403, f"user: {user.name} may not {what} there") from error

    def _validate_content(self, content: object, *, has_files: bool) -> str:
        if not isinstance(content, str):
            raise Refused(400, "content: give the text of the message")
        if not content.strip() and not has_files:
            raise Refused(400, "content: a message needs text or attachments")
        content = self._replace_mentions(content)
        if len(content) > CONTENT_LENGTH:
            raise Refused(
                400,
                f"content: {len(content)} characters; Discord takes at most {CONTENT_LENGTH}: "
                "shorten it or attach a file",
            )
        return content

    def _replace_mentions(self, content: str) -> str:
        """Replace `@name` and `#channel` by mentions, as a client does while the user types."""
        guild = self._guild
        users = {self._backend.users[each].name: f"<@{each}>" for each in guild.members}
        roles = {r.name: f"<@&{r.id}>" for r in guild.roles.values() if r.mentionable}
        channels = [self._backend.channels[each] for each in guild.channel_ids]
        named = {str(each.name): f"<#{each.id}>" for each in channels}
        return _replace_names(_replace_names(content, "@", {**roles, **users}), "#", named)


def _replace_names(content: str, sign: str, mentions: Mapping[str, str]) -> str:
    """Replace each of some names that follows a sign by its mention."""
    if sign not in content or not mentions:
        return content
    known = {name.casefold(): mention for name, mention in mentions.items()}
    longest_first = sorted(known, key=len, reverse=True)
    either = "|".join(re.escape(name) for name in longest_first)
    pattern = re.compile(rf"(?<![\w<{sign}`]){sign}({either})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda found: known[found[1].casefold()], content)


def _parse_uploads(files: object) -> list[tuple[str, bytes]]:
    if not isinstance(files, list | tuple) or not all(isinstance(f, Mapping) for f in files):
        raise Refused(400, 'attachments: give a list of {"filename": ..., "content": ...}')
    if len(files) > FILES:
        raise Refused(400, f"attachments: {len(files)} files; Discord takes at most {FILES}")
    return [parse_upload(each, f"attachments[{index}]") for index, each in enumerate(files)]


def parse_upload(file: Mapping[str, Any], key: str) -> tuple[str, bytes]:
    """Parse a file from a person: its name, and `content` (text) or `base64`. Raises `Refused`."""
    name = str(file.get("filename") or "file.txt").replace("/", "_").replace("\\", "_")
    try:
        if "base64" in file:
            content = base64.b64decode(file["base64"], validate=True)
        else:
            content = str(file.get("content", "")).encode()
    except (binascii.Error, TypeError, ValueError) as error:
        raise Refused(400, f"{key}.base64: {error}") from error
    if len(content) > FILE_BYTES:
        raise Refused(413, f"{key}: {len(content)} bytes; the limit is {FILE_BYTES}")
    return name, content
