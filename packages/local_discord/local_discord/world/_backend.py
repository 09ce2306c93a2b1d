"""simcord's virtual Discord, with real time, bounded memory and corrections where it differs."""

import copy
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from simcord.backend import Backend, errors, serializers
from simcord.backend.models import Channel, Interaction, Message, User

from local_discord.world._payloads import complete_payload
from local_discord.world._stores import AttachmentStore, BoundedList, SystemClock

Listener = Callable[[str, dict[str, Any]], None]

MAX_MESSAGES = 2_000
MAX_THREADS = 1_000
_MAX_AUDIT_ENTRIES = 500
NONCE_LENGTH = 25
_ARCHIVED = 50083
_THREADED = (0, 5)  # text and announcement channels; a voice channel's chat has no threads
COMPONENT, MODAL = 3, 5
_MAX_NONCES = 5_000
_NONCE_SECONDS = 300.0
# Commands are not listed: they belong to the bot, which may still be connected.
_STATE = (
    "skus", "entitlements", "users", "guilds", "channels", "messages", "webhooks",
    "webhook_tokens", "dm_channels", "invites", "application_emojis", "stage_instances",
    "interactions", "interaction_tokens", "command_permissions", "_nonces",
)  # fmt: skip


def compute_picture_hash(name: str) -> str:
    """Return what Discord calls the picture of a user or server: 32 hexadecimal digits."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


class LocalBackend(Backend):
    """The state of everything that exists.

    `gateway` listeners receive the events that Discord sends to bots; `people` listeners also
    receive ephemeral messages. Each listener gets its own copy of the payload, in order.
    """

    _last_id = 0

    def __init__(self, now: Callable[[], datetime], response_seconds: float) -> None:
        self.gateway: list[Listener] = []
        self.people: list[Listener] = []
        self._nonces: OrderedDict[tuple[int, str], tuple[float, int, int]] = OrderedDict()
        self.nonce: str | None = None
        self._response_seconds = response_seconds
        self._start: dict[str, Any] = {}
        super().__init__(clock=SystemClock(now))
        self.http_requests = BoundedList(0)
        self.transcript = BoundedList(0)
        self.files = AttachmentStore()
        self.cdn = self.files
        # Applications made since 2016 share their id with their bot user.
        self.application_id = self.bot_user.id

    def make_user(self, name: str, **fields: Any) -> User:
        """Create a user with a picture: many bots show it, and few expect that there is none."""
        return super().make_user(name, **{"avatar": compute_picture_hash(name), **fields})

    def _allocate_at(self, milliseconds: int) -> int:
        # simcord stores every id it has issued; growing numbers need no memory.
        self._last_id = max(milliseconds << 22, self._last_id + 1)
        return self._last_id

    def create_guild_id(self, shard: int, count: int) -> int:
        """Return an id of the next millisecond of a shard of `count`; later ids are greater."""
        milliseconds = (self.snowflake() >> 22) + 1
        return self._allocate_at(milliseconds + (shard - milliseconds) % count)

    # ------------------------------------------------------------- reset

    def mark_start(self) -> None:
        """Save the current state, to be called once the guild exists."""
        self._start = copy.deepcopy({name: getattr(self, name) for name in _STATE})

    def restore_start(self) -> None:
        """Restore the saved state, ids included; bots receive the deletion of threads.

        Objects of guilds, channels and users obtained before must be looked up again.
        """
        for guild in self.guilds.values():
            for thread_id in list(guild.thread_ids):
                self.delete_channel(thread_id)
        for name, saved in copy.deepcopy(self._start).items():
            setattr(self, name, saved)
        self.bot_user = self.users[self.bot_user.id]
        self.files.clear()

    # ------------------------------------------------------------------- events

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "TYPING_START":
            payload = {**payload, "timestamp": int(self.clock.now().timestamp())}
        for listener in self.gateway:
            listener(event, complete_payload(payload, self, viewer=self.bot_user.id))
        self._notify_people(event, payload)

    def _notify_people(self, event: str, payload: Mapping[str, Any]) -> None:
        for listener in self.people:
            listener(event, complete_payload(payload, self, viewer=None))

    # ----------------------------------------------------------------- messages

    def prepare_message(self, *args: Any, **fields: Any) -> Message:
        message = super().prepare_message(*args, **fields)
        # A person's page may use longer nonces than Discord accepts; they are not sent back.
        short = self.nonce is not None and len(self.nonce) <= NONCE_LENGTH
        message.__dict__["nonce"] = self.nonce if short else None
        if message.interaction_metadata is not None:
            message.interaction_metadata |= self._build_origin(
                int(message.interaction_metadata["id"])
            )
        return message

    def _build_origin(self, interaction_id: int) -> dict[str, Any]:
        """Return the metadata of an interaction's origin: the message pressed, or the form's
        opener.
        """
        record = self.interactions.get(interaction_id)
        if record is None:
            return {}
        opener = self.interactions.get(record.__dict__.get("opened_by", 0))
        if record.type == MODAL and opener is not None:
            user = serializers.user_payload(self.users[opener.user_id])
            owners: dict[str, Any] = {"authorizing_integration_owners": {}}
            origin = {"id": str(opener.id), "type": opener.type, "user": user, **owners}
            return {"triggering_interaction_metadata": origin | self._build_origin(opener.id)}
        if record.type == COMPONENT and record.source_message_id is not None:
            return {"interacted_message_id": str(record.source_message_id)}
        return {"name": record.command_name} if record.command_name else {}

    def commit_message(self, message: Message, *, broadcast: bool = True) -> Message:
        channel = self.get_channel(message.channel_id)
        meta = channel.thread_metadata
        if meta is not None and meta.archived and not meta.locked:
            self.edit_channel(channel.id, {}, thread_metadata={"archived": False})
        message = super().commit_message(message, broadcast=broadcast)
        messages = self.messages[channel.id]
        while len(messages) > MAX_MESSAGES:
            del messages[next(iter(messages))]
        if message.is_ephemeral:
            self._decrease_count(channel, 1)
            self._notify_people("MESSAGE_CREATE", dict(serializers.message_payload(self, message)))
        return message

    def edit_message(self, channel_id: int, message_id: int, fields: dict[str, Any]) -> Message:
        meta = self.get_channel(channel_id).thread_metadata
        edited = self.get_message(channel_id, message_id)
        if meta is not None and meta.archived and not edited.is_ephemeral:
            raise errors.BackendError(400, _ARCHIVED, "Thread is archived")
        message = super().edit_message(channel_id, message_id, fields)
        if message.is_ephemeral:
            self._notify_people("MESSAGE_UPDATE", dict(serializers.message_payload(self, message)))
        return message

    def delete_message(self, channel_id: int, message_id: int) -> None:
        gone = self.get_message(channel_id, message_id)
        if not gone.is_ephemeral:
            self._decrease_count(self.get_channel(channel_id), 1)
        super().delete_message(channel_id, message_id)
        if gone.is_ephemeral:
            owner = (gone.interaction_metadata or {}).get("user", {}).get("id")
            payload = {"id": str(message_id), "channel_id": str(channel_id), "only_for": owner}
            self._notify_people("MESSAGE_DELETE", payload)

    def bulk_delete_messages(self, channel_id: int, message_ids: Iterable[int]) -> list[int]:
        wanted = list(message_ids)
        present = self.messages.get(channel_id, {}).keys() & set(wanted)
        self._decrease_count(self.get_channel(channel_id), len(present))
        return super().bulk_delete_messages(channel_id, wanted)

    def _decrease_count(self, channel: Channel, gone: int) -> None:
        """Subtract messages from a thread's count, as Discord does for deleted and ephemeral ones.

        simcord counts every message ever posted. Call this before the event that contains the
        count.
        """
        if channel.is_thread:
            channel.message_count -= gone

    def find_by_nonce(self, author_id: int, nonce: str) -> Message | None:
        """Return the message that this author sent with this nonce in the last five minutes."""
        at, channel_id, message_id = self._nonces.get((author_id, nonce), (0.0, 0, 0))
        if self.clock.now().timestamp() - at > _NONCE_SECONDS:
            return None
        return self.messages.get(channel_id, {}).get(message_id)

    def remember_nonce(self, message: Message, nonce: str) -> None:
        key = (message.author_id, nonce)
        self._nonces[key] = (self.clock.now().timestamp(), message.channel_id, message.id)
        self._nonces.move_to_end(key)
        while len(self._nonces) > _MAX_NONCES:
            self._nonces.popitem(last=False)

    # ------------------------------------------------------------------ threads

    def create_thread(
        self,
        parent_id: int,
        name: str,
        owner_id: int,
        *,
        type: int = 11,
        auto_archive_duration: int = 1440,
        message_id: int | None = None,
        applied_tags: Iterable[int] = (),
        broadcast: bool = True,
    ) -> Channel:
        """Open a thread as Discord does.

        simcord would replace an earlier thread of the same message. It also posts "started a
        thread" into the channel when the thread belongs to a message, where Discord marks that
        message.
        """
        if self.get_channel(parent_id).type not in _THREADED:
            raise errors.BackendError(400, 50024, "Cannot execute action on this channel type")
        if message_id is not None and message_id in self.channels:
            raise errors.BackendError(
                400, 160004, "A thread has already been created for this message"
            )
        if not isinstance(name, str) or not 1 <= len(name.strip()) <= 100:
            raise errors.invalid_form_body("name: Must be between 1 and 100 in length.")
        thread = super().create_thread(
            parent_id,
            name,
            owner_id,
            type=type,
            auto_archive_duration=auto_archive_duration,
            message_id=message_id,
            applied_tags=applied_tags,
            broadcast=broadcast and message_id is None,
        )
        if broadcast and message_id is not None:
            self.announce_thread_create(thread)
            starter = self.get_message(parent_id, message_id)
            self.emit("MESSAGE_UPDATE", dict(serializers.message_payload(self, starter)))
        self._drop_oldest_thread(thread)
        return thread

    def _drop_oldest_thread(self, newest: Channel) -> None:
        threads = self.guilds[newest.guild_id or 0].thread_ids
        if len(threads) > MAX_THREADS:
            self.delete_channel(threads[0])

    # ------------------------------------------------------------- interactions

    def register_commands(
        self, guild_id: int | None, payloads: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Register a list of commands; the version of a command changes only if the command
        does.
        """
        before = self.commands.get(guild_id, {})
        registered = super().register_commands(guild_id, payloads)
        for command in registered:
            allowed = command.get("default_member_permissions")
            command["default_member_permissions"] = None if allowed is None else str(allowed)
            earlier = before.get((command["name"], command["type"]), {})
            same = {**command, "version": earlier.get("version")} == earlier
            command["version"] = earlier["version"] if same else str(self.snowflake())
        return registered

    def new_interaction(
        self, type: int, channel_id: int, user_id: int, guild_id: int | None
    ) -> Interaction:
        now = self.now_iso()
        for old in list(self.interactions.values()):
            if old.expires_at is None or old.expires_at > now:
                break
            del self.interactions[old.id]
            self.interaction_tokens.pop(old.token, None)
        record = super().new_interaction(type, channel_id, user_id, guild_id)
        record.initial_response_deadline = self.iso_after(self._response_seconds)
        return record

    def interaction_by_token(self, token: str) -> Interaction:
        """Return the interaction of a follow-up.

        simcord accepts follow-ups before the first response, and calls an expired token unknown.
        """
        record = self.interactions.get(self.interaction_tokens.get(token, 0))
        if record is None or not record.responded:
            raise errors.unknown_webhook()
        if (record.expires_at or "") <= self.now_iso():
            raise errors.BackendError(401, 50027, "Invalid Webhook Token")
        return record

    def limit_logs(self) -> None:
        """Bound simcord's growing audit log; to be called once the guild exists."""
        for guild in self.guilds.values():
            guild.audit_log_entries = BoundedList(_MAX_AUDIT_ENTRIES)
