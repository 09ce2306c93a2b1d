"""Guilds: servers with people, a channel, a budget and models of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import Field, model_validator
from theseus_guard.record import Record

from bot.domain.account import Purpose
from bot.domain.budget import BudgetRules
from bot.domain.people import AllowList, Person, Place
from bot.domain.target import OWN_TARGET


class GuildModels(Record):
    """The models that work for a guild's runs, by role; without one, that of the bot works."""

    planner: str | None = Field(default=None, min_length=1)
    executor: str | None = Field(default=None, min_length=1)
    reviewer: str | None = Field(default=None, min_length=1)

    def choose(self, purpose: Purpose) -> str | None:
        """Return the model for a purpose, or `None` if the bot's own works."""
        return {
            "diagnose": self.planner,
            "plan": self.planner,
            "execute": self.executor,
            "review": self.reviewer,
        }.get(purpose)


class GuildSettings(Record):
    """What one server has of its own; everything else is as for all servers.

    With `people`, only these may do anything in this server, and only for its own runs. Then
    `channel_id` is needed too, because nothing of this server may be posted in another one.
    """

    channel_id: int | None = Field(default=None, gt=0)
    people: AllowList | None = None
    budget: BudgetRules | None = None
    models: GuildModels = GuildModels()

    @model_validator(mode="after")
    def _require_channel(self) -> Self:
        if self.people is not None and self.channel_id is None:
            raise ValueError(
                "a server with people of its own needs channel_id, a channel of this server"
            )
        return self


@dataclass(frozen=True)
class Scope:
    """What an act is about: a bot, and the server with people of its own that it belongs to."""

    target: str = OWN_TARGET
    guild_id: int | None = None


@dataclass(frozen=True)
class AllowLists:
    """Who may do what for one bot: the list of all servers, and those of single servers.

    A server that is not in `guilds` has the `common` list. With `requires_both`, people of such a
    server have to be on the common list too: it is that of a bot with people of its own.
    """

    common: AllowList
    guilds: Mapping[int, AllowList] = field(default_factory=dict)
    requires_both: bool = False

    def find_guild(self, place: Place | None) -> int | None:
        """Return the id of a place's server if that has people of its own."""
        guild_id = place.guild_id if place is not None else None
        return guild_id if guild_id in self.guilds else None

    def is_elsewhere(self, person: Person, guild_id: int | None) -> bool:
        """Return whether the person acts in another server than the act belongs to.

        A direct message and the dashboard are in no server.
        """
        is_nowhere = person.at is None or person.at.guild_id is None
        return not is_nowhere and self.find_guild(person.at) != guild_id

    def select(self, guild_id: int | None) -> tuple[AllowList, ...]:
        """Return the lists for a server; a person has to be on all of them."""
        own = self.guilds.get(guild_id) if guild_id is not None else None
        if own is None:
            return (self.common,)
        return (own, self.common) if self.requires_both else (own,)

    def select_here(self, person: Person) -> tuple[AllowList, ...]:
        """Return the lists for the server in which a person acts."""
        return self.select(self.find_guild(person.at))


def collect_people(guilds: Mapping[int, GuildSettings]) -> dict[int, AllowList]:
    """Return the lists of the servers that have people of their own."""
    return {key: guild.people for key, guild in guilds.items() if guild.people is not None}


def choose_lists(listed: AllowList | None, own: AllowLists) -> AllowLists:
    """Return the lists of a bot that has a list of its own, or, without one, those of Theseus."""
    return own if listed is None else AllowLists(listed, own.guilds, requires_both=True)


@dataclass(frozen=True)
class RunChannels:
    """The channels for news about runs: the dev channel, and those that servers have instead."""

    dev_channel_id: int
    guilds: Mapping[int, GuildSettings] = field(default_factory=dict)

    def choose(self, place: Place) -> int:
        """Return the channel for news about what was asked in a place."""
        guild = self.guilds.get(place.guild_id) if place.guild_id is not None else None
        if guild is None or guild.channel_id is None:
            return self.dev_channel_id
        return guild.channel_id
