"""Where an action happened, who asked for it, and who could see what was typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

import discord
from discord.ext import commands

from theseus_observe.failures.causes import find_chains
from theseus_observe.failures.safe_access import attempt, get_traceback
from theseus_observe.interaction_inputs import get_event_place
from theseus_observe.records import PRIVATE, TEAM

_NAME = "ephemeral"  # of the argument by which code answers one person alone
_ASKED_IN_PUBLIC = discord.InteractionType.application_command


@dataclass(frozen=True)
class Place:
    """Where an action happened; ids that are not known are `None`."""

    guild_id: int | None = None
    channel_id: int | None = None
    user_id: int | None = None
    shard: int | None = None


def find_interaction_place(interaction: discord.Interaction) -> Place:
    """Return the place of a slash command, a menu, a press or a form."""
    guild = interaction.guild
    return Place(
        interaction.guild_id,
        interaction.channel_id,
        interaction.user.id,
        guild.shard_id if guild is not None else None,
    )


def find_context_place(ctx: commands.Context[Any]) -> Place:
    """Return the place of a typed command."""
    guild = ctx.guild
    return Place(
        guild.id if guild is not None else None,
        ctx.channel.id,
        ctx.author.id,
        guild.shard_id if guild is not None else None,
    )


def find_event_place(arguments: tuple[Any, ...]) -> Place:
    """Return the place of an event, as far as its first argument shows it."""
    found = get_event_place(arguments)
    guild = getattr(arguments[0], "guild", None) if arguments else None
    shard = getattr(guild, "shard_id", None)
    return Place(
        *map(_keep_number, (found.guild_id, found.channel_id, found.user_id, shard)),
    )


def _keep_number(value: object) -> int | None:
    return value if type(value) is int else None


class AudienceFinder:
    """Finds who could see what was typed. In doubt it is private.

    `values` is the setting: of `open` places, `always`, or `never`.
    """

    def __init__(self, client: discord.Client, values: str) -> None:
        self._client = client
        self._values = values

    def find_of_place(self, place: Place) -> str:
        """Return who can read what is said in a channel."""
        return self._decide(place, is_private=False)

    def find_of_interaction(
        self, interaction: discord.Interaction, place: Place, error: BaseException
    ) -> str:
        """Return who could see an interaction; forms and choices are shown to no one else."""
        is_private = interaction.type is not _ASKED_IN_PUBLIC and (
            interaction.type is not discord.InteractionType.component
            or (interaction.message is not None and interaction.message.flags.ephemeral)
        )
        return self._decide(place, is_private=is_private or _can_answer_privately(error))

    def decide_audience(self, place: Place, *, is_private: bool) -> str:
        """Return who can see what is shown in a channel, to everyone there or to one person."""
        return self._decide(place, is_private=is_private)

    def _decide(self, place: Place, *, is_private: bool) -> str:
        if self._values != "open":
            return TEAM if self._values == "always" else PRIVATE
        return attempt(
            lambda: TEAM if not is_private and self._is_open(place) else PRIVATE, PRIVATE
        )

    def _is_open(self, place: Place) -> bool:
        """Return whether everyone in the server can read the channel."""
        guild = self._client.get_guild(place.guild_id) if place.guild_id else None
        if guild is None or place.channel_id is None:
            return False
        channel: Any = guild.get_channel_or_thread(place.channel_id)
        if isinstance(channel, discord.Thread):
            if channel.is_private():
                return False
            channel = channel.parent
        if channel is None:
            return False
        return bool(channel.permissions_for(guild.default_role).view_channel)


def _can_answer_privately(error: BaseException) -> bool:
    """Return whether code on the way to an error names the argument for a private answer."""
    return any(
        has_private_answer(code)
        for chain in find_chains(error)
        for each in chain.errors
        for code in _walk_code(each)
        if not code.co_filename.startswith(_LIBRARY)
    )


def has_private_answer(code: CodeType) -> bool:
    """Return whether code names the argument for a private answer."""
    return any(_NAME in constant for constant in _list_names(code))


_LIBRARY = discord.__file__.rpartition("/")[0] or discord.__file__


def _list_names(code: CodeType) -> Iterator[tuple[Any, ...]]:
    """Yield names that code uses; those of keyword arguments are in a constant."""
    yield code.co_names
    yield tuple(each for each in code.co_consts if isinstance(each, str))
    yield from (each for each in code.co_consts if isinstance(each, tuple))


def _walk_code(error: BaseException) -> Iterator[CodeType]:
    traceback = get_traceback(error)
    while traceback is not None:
        yield traceback.tb_frame.f_code
        traceback = traceback.tb_next
