"""Reads members and their roles from Discord itself, because cached data may be old."""

import asyncio
from collections.abc import Collection

import discord

from bot.adapters.discord_chat._errors import map_errors
from bot.domain.errors import ChatRejected, ChatUnavailable
from bot.domain.people import PeopleList, Person
from bot.ports.clock import Clock

_WAITS = (1.0, 3.0)  # seconds between attempts; short, because a person waits for the answer
_ATTEMPT_SECONDS = 10.0  # for one attempt; discord.py waits for rate limits within it


class DiscordMemberDirectory:
    """Implements `bot.ports.member_directory.MemberDirectory`.

    It covers one server, or all servers of the bot if `guild_id` is `None`, but those of
    `separate`, which have people of their own.
    """

    def __init__(
        self,
        client: discord.Client,
        guild_id: int | None,
        clock: Clock,
        separate: Collection[int] = (),
    ) -> None:
        self._client = client
        self._guild_id = guild_id
        self._clock = clock
        self._separate = frozenset(separate)

    async def fetch_person(self, person_id: int, guild_id: int | None = None) -> Person | None:
        """Return the member with their current roles; see the port."""
        for wait in _WAITS:
            try:
                return await self._fetch_person(person_id, guild_id)
            except ChatUnavailable:
                await self._clock.sleep(wait)
        return await self._fetch_person(person_id, guild_id)

    def list_names(self, listed: PeopleList, guild_id: int | None = None) -> tuple[str, ...]:
        """Return the names of the members on a list; see the port."""
        wanted = guild_id or self._guild_id
        known = self._list_own() if wanted is None else self._client.guilds
        guilds = [guild for guild in known if wanted in (None, guild.id)]
        people = (_build_person(member) for guild in guilds for member in guild.members)
        return tuple(
            sorted({person.name for person in people if listed.has(person) and not person.bot})
        )

    def _list_own(self) -> list[discord.Guild]:
        return [guild for guild in self._client.guilds if guild.id not in self._separate]

    async def _fetch_person(self, person_id: int, guild_id: int | None) -> Person | None:
        if not self._client.is_ready():
            raise ChatUnavailable("I am not connected to Discord at the moment.")
        wanted = guild_id or self._guild_id
        guilds = self._list_own() if wanted is None else [self._get_guild(wanted)]
        results = [await self._fetch_member(guild, person_id) for guild in guilds]
        members = [member for member in results if member is not None]
        return _build_person(*members) if members else None

    def _get_guild(self, guild_id: int) -> discord.Guild:
        guild = self._client.get_guild(guild_id)
        if guild is None or guild.unavailable:
            raise ChatUnavailable("The server I work for is not available at the moment.")
        return guild

    async def _fetch_member(self, guild: discord.Guild, person_id: int) -> discord.Member | None:
        async def ask() -> discord.Member:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                return await guild.fetch_member(person_id)

        try:
            return await map_errors(ask)
        except ChatRejected as error:
            cause = error.__cause__
            if isinstance(cause, discord.NotFound):
                return None
            raise ChatUnavailable(
                f"Discord did not list the members of the server: {error}"
            ) from error


def _build_person(*members: discord.Member) -> Person:
    """Return a person from their membership in one or several servers, with all their roles."""
    return Person(
        id=members[0].id,
        name=members[0].display_name,
        role_ids=frozenset(role.id for member in members for role in member.roles),
        bot=members[0].bot,
    )
