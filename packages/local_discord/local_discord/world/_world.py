"""The virtual Discord: one guild, its people, its channels, one bot."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import discord
from simcord.backend import serializers
from simcord.backend.models import Channel, Interaction, Message, User

from local_discord.world._actions import PersonActions
from local_discord.world._backend import LocalBackend, compute_picture_hash
from local_discord.world._interactions import InteractionBuilder
from local_discord.world._lookup import DM, VOICE, Lookup, Refused
from local_discord.world._modals import list_fields
from local_discord.world._payloads import build_message_object, complete_payload, personalize
from local_discord.world._rest import RestApi

NO_ANSWER = "The application did not respond"
RESPONSE_SECONDS = 3.0  # Discord's limit for an interaction's first response
_RESULTS = {
    "deferred_update": "acknowledged",
    "update": "updated",
    "modal": "modal",
    "autocomplete": "choices",
    "pong": "acknowledged",
}


@dataclass(frozen=True)
class LocalPerson:
    """A member of the guild.

    Args:
        listed: Shown in `/local/world` only: whether the bot's settings allow-list this person. The
            caller that starts both must set up the bot accordingly.
        roles: Names of roles.
        permissions: Additional permissions by Discord's names (`manage_messages`), granted
            through a role of this person alone.
        bot: True for another bot, which can act like a person.
    """

    name: str
    listed: bool
    roles: Sequence[str] = ()
    permissions: Sequence[str] = ()
    bot: bool = False


class World:
    """The state and the actions, without any network."""

    def __init__(
        self,
        people: Sequence[LocalPerson],
        *,
        guild_name: str,
        channels: Sequence[str],
        voice_channels: Sequence[str] = (),
        response_seconds: float = RESPONSE_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.backend = LocalBackend(now, response_seconds)
        self._response_seconds = response_seconds
        self.bot.name = guild_name
        self.listed: dict[int, bool] = {}
        users = {each.name: self.backend.make_user(each.name, bot=each.bot) for each in people}
        owner = next((each for each in people if each.listed), people[0])
        guild = self.backend.create_guild(guild_name, owner_id=users[owner.name].id)
        self.guild_id = guild.id
        self.hint: list[str] = []
        self.backend.limit_logs()
        self.people = {name: user.id for name, user in users.items()}
        self._settle(people, users)
        self.channel_ids = [self.backend.create_channel(guild.id, name).id for name in channels]
        for name in voice_channels:
            self.backend.create_channel(guild.id, name, type=VOICE)
        self.lookup = Lookup(self.backend, guild.id)
        self.actions = PersonActions(self.backend, self.lookup, guild.id)
        self.interactions = InteractionBuilder(self.backend, self.lookup)
        self.rest = RestApi(self.backend, owner_id=guild.owner_id)
        self.rest.on_callback = self._on_response
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self.backend.mark_start()

    @property
    def bot(self) -> User:
        """The user of the bot."""
        return self.backend.bot_user

    @property
    def bot_role_id(self) -> int:
        """The id of the role that the bot received with its invitation."""
        roles = self.backend.guilds[self.guild_id].roles.values()
        return next(role.id for role in roles if role.managed)

    def join(self, person: LocalPerson) -> User:
        """Add a person to the guild, with existing roles; the bot receives the event.

        A former member comes back as the same user. Raises `Refused`.
        """
        if not person.name.strip():
            raise Refused(400, "name: give the new member a name")
        if any(each.name.casefold() == person.name.casefold() for each in self.lookup.people):
            raise Refused(409, f"name: {person.name} is a member already; choose another name")
        roles = [self.lookup.find_role(each, "roles").id for each in person.roles]
        known = self.people.get(person.name)
        user = self.backend.users.get(known) if known is not None else None
        user = user or self.backend.make_user(person.name, bot=person.bot)
        self.people[person.name] = user.id
        self.listed[user.id] = person.listed
        self.backend.get_dm_channel(user.id)
        self.backend.add_member(self.guild_id, user.id, roles=roles, announce=True)
        return user

    def reset(self, *, keep_commands: bool) -> None:
        """Restore the initial state. Ids stay the same; objects obtained before are invalid."""
        self.backend.restore_start()
        if not keep_commands:
            self.backend.commands.clear()

    def _settle(self, people: Sequence[LocalPerson], users: dict[str, User]) -> None:
        guild = self.backend.guilds[self.guild_id]
        titles = list(dict.fromkeys(role for each in people for role in each.roles))
        roles = {
            title: self.backend.create_role(guild.id, title, mentionable=True).id
            for title in titles
        }
        for each in people:
            user = users[each.name]
            mine = [roles[title] for title in each.roles]
            if each.permissions:
                allowed = discord.Permissions(**dict.fromkeys(each.permissions, True)).value
                own = f"{each.name}'s permissions"
                mine.append(self.backend.create_role(guild.id, own, permissions=allowed).id)
            self.backend.add_member(guild.id, user.id, roles=mine)
            self.backend.get_dm_channel(user.id)
            self.listed[user.id] = each.listed

    # ------------------------------------------------------------------ showing

    def show(self) -> dict[str, Any]:
        """Return everything except messages, as in `GET /local/world`."""
        guild = self.backend.guilds[self.guild_id]
        threads = [self.show_channel(self.backend.channels[each]) for each in guild.thread_ids]
        texts = [self.show_channel(self.backend.channels[each]) for each in guild.channel_ids]
        private = [self.show_channel(self.lookup.get_dm(user)) for user in self.lookup.people]
        members = sorted(guild.members, key=lambda each: each == self.bot.id)
        return {
            "guild": {"id": str(guild.id), "name": guild.name},
            "bot": {"id": str(self.bot.id), "name": self.bot.name},
            "channels": [*texts, *private, *threads],
            "threads": threads,
            "users": [self.show_member(self.backend.users[each]) for each in members],
            "roles": [
                {"id": str(role.id), "name": role.name}
                for role in guild.roles.values()
                if role.mentionable
            ],
            "hint": self.hint,
        }

    def show_member(self, user: User) -> dict[str, Any]:
        """Return a member of the guild, as in `GET /local/world`."""
        member = self.backend.guilds[self.guild_id].members[user.id]
        return {
            "id": str(user.id),
            "name": user.name,
            "listed": self.listed.get(user.id, False),
            "bot": user.bot,
            "roles": [str(each) for each in member.role_ids],
        }

    def show_channel(self, channel: Channel) -> dict[str, Any]:
        """Return a channel, a person's direct messages, or a thread."""
        described: dict[str, Any] = {
            "id": str(channel.id),
            "name": channel.name,
            "type": int(channel.type),
            "parent_id": str(channel.parent_id) if channel.parent_id else None,
        }
        meta = channel.thread_metadata
        if channel.type == DM:
            recipient = self.backend.users[channel.recipient_ids[0]]
            return {**described, "name": f"@{recipient.name}", "recipient_id": str(recipient.id)}
        if meta is None:
            return {**described, "topic": channel.topic}
        hangs = channel.id in self.backend.messages.get(channel.parent_id or 0, {})
        return {
            **described,
            "message_id": str(channel.id) if hangs else None,
            "owner_id": str(channel.owner_id),
            "archived": meta.archived,
            "locked": meta.locked,
            "message_count": channel.message_count,
            "created": meta.create_timestamp,
        }

    def show_message(self, message: Message, viewer: int | None = None) -> dict[str, Any]:
        """Return a message as Discord's object, with `users` on its reactions."""
        return build_message_object(self.backend, message, viewer=viewer)

    def show_user(self, user: User) -> dict[str, Any]:
        """Return a user as Discord's object."""
        return dict(complete_payload(serializers.user_payload(user), self.backend, viewer=None))

    personalize = staticmethod(personalize)

    # ------------------------------------------------------------- for the gateway

    def add_guild(
        self, name: str, people: Sequence[str], shard: int, count: int
    ) -> tuple[int, int]:
        """Add a guild that belongs to a shard of `count`; return its id and that of its channel."""
        owner = self.people[people[0]]
        guild_id = self.backend.create_guild_id(shard, count)
        guild = self.backend.create_guild(name, id=guild_id, owner_id=owner)
        for each in people[1:]:
            self.backend.add_member(guild.id, self.people[each])
        channel = self.backend.create_channel(guild.id, "general")
        self.backend.mark_start()
        return guild.id, channel.id

    def list_guilds(self) -> list[dict[str, Any]]:
        """Return each guild as in GUILD_CREATE."""
        payloads = []
        for guild in self.backend.guilds.values():
            payload = serializers.guild_create_payload(self.backend, guild)
            payload["icon"] = compute_picture_hash(guild.name)
            payloads.append(complete_payload(payload, self.backend, viewer=self.bot.id))
        return payloads

    def find_members(
        self, guild_id: int, user_ids: object, query: str, limit: int
    ) -> dict[str, Any]:
        """Return the members for REQUEST_GUILD_MEMBERS, and the ids that were not found."""
        guild = self.backend.guilds[guild_id]
        members = list(guild.members.values())
        missing: list[str] = []
        if user_ids:
            wanted = [
                str(each) for each in (user_ids if isinstance(user_ids, list) else [user_ids])
            ]
            missing = [each for each in wanted if int(each) not in guild.members]
            members = [guild.members[int(each)] for each in wanted if each not in missing]
        elif query:
            start = query.casefold()
            names = self.backend.users
            members = [m for m in members if names[m.user_id].name.casefold().startswith(start)]
        members = members[:limit] if limit else members
        described = [serializers.member_payload(self.backend, guild, each) for each in members]
        found = {"members": described, "not_found": missing}
        return dict(complete_payload(found, self.backend, viewer=self.bot.id))

    # ------------------------------------------------------------- interactions

    async def wait_for_outcome(
        self, record: Interaction, *, reachable: bool = True
    ) -> dict[str, Any]:
        """Wait for the bot's first response within the time limit, and return the outcome."""
        if reachable and not record.responded:
            answered = asyncio.get_running_loop().create_future()
            self._waiting[record.id] = answered
            try:
                async with asyncio.timeout(self._response_seconds):
                    await answered
            except TimeoutError:
                pass
            finally:
                self._waiting.pop(record.id, None)
        if not record.responded:
            # The person sees a failure now, so a later response gets "Unknown interaction".
            record.initial_response_deadline = self.backend.now_iso()
        offline = f"{self.bot.name} is offline"
        return self._describe_outcome(record, None if reachable else offline)

    def _on_response(self, interaction_id: int) -> None:
        waiting = self._waiting.get(interaction_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def _describe_outcome(self, record: Interaction, failure: str | None) -> dict[str, Any]:
        kind = record.response_kind
        outcome: dict[str, Any] = {
            "id": str(record.id),
            "result": "failed",
            "ephemeral": False,
            "loading": record.loading,
            "message": None,
            "modal": None,
            "choices": None,
            "error": failure or NO_ANSWER,
        }
        if kind is None:
            return outcome
        ephemeral = record.ephemeral
        posted = "ephemeral" if ephemeral else "message"
        result = _RESULTS.get(kind, "deferred" if record.loading else posted)
        outcome |= {"error": None, "result": result, "ephemeral": ephemeral}
        messages = self.backend.messages.get(record.channel_id, {})
        message = messages.get(record.message_id or 0)
        if message is not None:
            outcome["message"] = self.show_message(message, record.user_id)
        if result == "modal" and record.modal is not None:
            outcome["modal"] = {
                "custom_id": record.modal["custom_id"],
                "title": record.modal["title"],
                "fields": list_fields(record.modal),
                "components": record.modal["components"],
            }
        if result == "choices":
            outcome["choices"] = record.autocomplete_choices or []
        return outcome
