"""Who speaks, where, and which message, card or run they refer to."""

import re
from typing import Any

import discord

from bot.authority.policy import Act, is_allowed_here
from bot.client import TheseusClient
from bot.domain.audience import Audience
from bot.domain.errors import UnknownRun
from bot.domain.people import Person, Place
from bot.domain.run import Run
from bot.intake.message import CardReference

_ERROR_ID = re.compile(r"\bError id `([0-9a-z]{8,26})`")
_SHIP_ID = re.compile(r"^theseus:ship:(?P<run>[0-9a-z]+):(?P<head>[0-9a-f]{40})$")


def get_person(bot: TheseusClient, user: discord.abc.User) -> Person:
    """Return the speaker with their current roles in the bot's server, also in direct messages.

    Roles of other servers do not count, but for a server with people of its own. A person who left
    the server, or writes in another one, is an outsider.
    """
    home = bot.identity.guild_id
    member = user if isinstance(user, discord.Member) else None
    if member is not None and member.guild.id in bot.identity.people.guilds:
        home = member.guild.id
    guild = bot.get_guild(home) if home else None
    elsewhere = member is not None and home is not None and member.guild.id != home
    if guild is not None and (member is None or elsewhere):
        member = guild.get_member(user.id)
    left = guild is not None and guild.chunked and member is None
    return Person(
        id=user.id,
        name=user.display_name,
        role_ids=frozenset(role.id for role in member.roles) if member else frozenset(),
        bot=user.bot,
        outsider=elsewhere or left,
    )


def get_audience(bot: TheseusClient, message: discord.Message) -> Audience:
    """Return who can read the place of a message."""
    guild_id = message.guild.id if message.guild else None
    return bot.audiences.find_of_place(guild_id, message.channel.id)


def get_speaker(interaction: discord.Interaction[Any]) -> Person:
    """Return who used a command, pressed a button or sent a form, and where."""
    message, channel = interaction.message, interaction.channel_id
    place = Place(
        channel_id=channel or 0,
        message_id=message.id if message else None,
        guild_id=interaction.guild_id,
    )
    bot: TheseusClient = interaction.client
    return get_person(bot, interaction.user).replace(at=place if channel else None)


def get_author(bot: TheseusClient, message: discord.Message) -> Person:
    """Return who wrote a message, and where."""
    return get_person(bot, message.author).replace(at=place_of(message))


def is_listed(bot: TheseusClient, person: Person) -> bool:
    """Return whether the person may ask for work on the code."""
    return is_allowed_here(bot.identity.people, person, Act.ASK)


def is_in_dev_channel(bot: TheseusClient, channel: object) -> bool:
    """Return whether this is the dev channel, that of a server that has its own, or a thread."""
    own = {each.channel_id for each in bot.identity.guilds.values()} - {None}
    return _get_main_id(channel) in {bot.identity.dev_channel_id, *own}


def is_in_work_channel(bot: TheseusClient, channel: object) -> bool:
    """Return whether this is the dev channel, the channel of another bot, or a thread in one."""
    others = bot.intake.targets.others.values()
    return is_in_dev_channel(bot, channel) or _get_main_id(channel) in {
        each.channel_id for each in others if each.channel_id is not None
    }


def _get_main_id(channel: object) -> int | None:
    """Return the id of a channel, or of the channel that a thread is in."""
    if isinstance(channel, discord.Thread):
        return channel.parent_id
    return getattr(channel, "id", None)


def place_of(message: discord.Message) -> Place:
    """Return the place of a message; threads include their parent channel."""
    channel = message.channel
    thread = isinstance(channel, discord.Thread)
    return Place(
        channel_id=channel.parent_id if isinstance(channel, discord.Thread) else channel.id,
        thread_id=channel.id if thread else None,
        message_id=message.id,
        guild_id=message.guild.id if message.guild else None,
    )


def is_own_message(bot: TheseusClient, message: discord.Message) -> bool:
    """Return whether the bot itself wrote a message."""
    return bot.user is not None and message.author.id == bot.user.id


def find_error_id(bot: TheseusClient, message: discord.Message) -> str | None:
    """Return the journal record that an error message of the bot names; others name none."""
    found = _ERROR_ID.search(message.content) if is_own_message(bot, message) else None
    return found[1] if found else None


def find_interaction_id(bot: TheseusClient, message: discord.Message) -> int | None:
    """Return the interaction that a message of the bot answers; other messages have none."""
    asked = message.interaction_metadata if is_own_message(bot, message) else None
    return asked.id if asked else None


def find_card(bot: TheseusClient, message: discord.Message) -> CardReference | None:
    """Return which proposal a message of the bot offers to ship, read from its own button."""
    if not is_own_message(bot, message):
        return None
    for row in message.components:
        for item in getattr(row, "children", ()):
            found = _SHIP_ID.match(getattr(item, "custom_id", None) or "")
            if found:
                return CardReference(message.id, found["run"], found["head"])
    return None


def place_asked_in(interaction: discord.Interaction[Any]) -> Place:
    """Return where a command was used or a button pressed; threads include their parent."""
    channel = interaction.channel
    thread = isinstance(channel, discord.Thread)
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return Place(
        channel_id=parent or interaction.channel_id or 0,
        thread_id=interaction.channel_id if thread else None,
        guild_id=interaction.guild_id,
    )


async def run_in(bot: TheseusClient, channel: object) -> Run | None:
    """Return the run whose thread a channel is."""
    if not isinstance(channel, discord.Thread):
        return None
    try:
        return await bot.agent.find(thread_id=channel.id)
    except UnknownRun:
        return None


async def fetch_replied_text(interaction: discord.Interaction[Any]) -> str:
    """Return the text of the message that the pressed message replies to.

    It is empty if that message is gone or edited, or if the bot wrote it.
    """
    reference = interaction.message.reference if interaction.message else None
    if reference is None or reference.message_id is None or interaction.message is None:
        return ""
    try:
        asked = await interaction.message.channel.fetch_message(reference.message_id)
    except discord.HTTPException:
        return ""
    own = is_own_message(interaction.client, asked)
    return "" if own or asked.edited_at else asked.content
