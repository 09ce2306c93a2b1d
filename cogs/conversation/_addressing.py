"""Who a message is addressed to, and its text: mentions, forwards, channels with one person."""

import re

import discord

from bot.client import TheseusClient

_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_SEPARATOR = re.compile(r"\W+")
_OUR_NAMES = re.compile(r"(?:theseus|bot)?", re.IGNORECASE)
_MANY = 500  # members: in a larger server, checking who may read a channel takes too long


def get_forwarded_message(message: discord.Message) -> discord.MessageSnapshot | None:
    """Return the forwarded message: text by its author, which the sender only shows."""
    return message.message_snapshots[0] if message.message_snapshots else None


def is_mentioned(bot: TheseusClient, message: discord.Message) -> bool:
    """Return whether the bot or the role that came with it is mentioned.

    A forward shows the mentions of another message, which are in its text alone.
    """
    snapshot = get_forwarded_message(message)
    if snapshot is not None:
        return any(each in snapshot.content for each in _list_own_mentions(bot, message))
    by_role = any(each in message.content for each in _list_own_mentions(bot, message))
    return bot.user in message.mentions or by_role


def extract_text(bot: TheseusClient, message: discord.Message) -> str:
    """Return the text without the bot's mention, with other people's mentions as `@name`.

    If the bot is mentioned, `@everyone` and `@here` are removed too.
    """
    snapshot = get_forwarded_message(message)
    text = message.content if snapshot is None else snapshot.content
    mentioned = is_mentioned(bot, message)
    for mention in _list_own_mentions(bot, message):
        text = text.replace(mention, "")
    for user in message.mentions:
        name = "" if user == bot.user else _mention_of(user.display_name)
        text = text.replace(f"<@{user.id}>", name).replace(f"<@!{user.id}>", name)
    if mentioned:
        text = _EVERYONE.sub("", text)
    return text.strip()


def is_addressed(bot: TheseusClient, message: discord.Message) -> bool:
    """Return whether the message addresses the bot directly or by mention."""
    return message.guild is None or is_mentioned(bot, message)


def is_for_bot_alone(bot: TheseusClient, message: discord.Message, has_content: bool) -> bool:
    """Return whether only the bot can be addressed, because only it reads the channel.

    Even there, only questions and requests are for it.
    """
    if message.guild is None or message.mentions or message.reference or not has_content:
        return False
    return bot.identity.answers_unaddressed or _is_alone(message)


def _mention_of(name: str) -> str:
    """Return how a mentioned person appears in text: `@Ada_Byron`, always one word.

    Otherwise a person named “theseus, ship it” would put that sentence into every message that
    mentions them.
    """
    word = _SEPARATOR.sub("_", name).strip("_")
    return "@someone" if _OUR_NAMES.fullmatch(word) else f"@{word}"


def _is_alone(message: discord.Message) -> bool:
    """Return whether only the bot and who wrote the message may read the channel."""
    guild, channel = message.guild, message.channel
    place = channel.parent if isinstance(channel, discord.Thread) else channel
    if guild is None or not guild.chunked or (guild.member_count or 0) > _MANY:
        return False
    if not isinstance(place, discord.abc.GuildChannel):
        return False
    both = {message.author.id, guild.me.id}
    others = (each for each in guild.members if each.id not in both)
    return not any(place.permissions_for(each).view_channel for each in others)


def _list_own_mentions(bot: TheseusClient, message: discord.Message) -> tuple[str, ...]:
    """Return how the bot and its own role are mentioned in text."""
    me = bot.user.id if bot.user else 0
    role = message.guild.self_role if message.guild else None
    return (f"<@{me}>", f"<@!{me}>", *((f"<@&{role.id}>",) if role else ()))
