"""Lists a running bot's commands, and registers slash commands as an earlier run would have."""

from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

TYPED, SLASH = "typed", "slash"


async def register_commands(client: Any) -> None:
    """Register the slash commands if the bot did not: many register them only when told to."""
    tree = client._connection._command_tree
    if tree is None:
        return
    for guild in (None, *client.guilds):
        if tree.get_commands(guild=guild) and not await tree.fetch_commands(guild=guild):
            await tree.sync(guild=guild)


async def describe_commands(client: Any) -> list[dict[str, Any]]:
    """Return each command's kind, text, whether it needs something, and its source's name."""
    found = [*_iterate_slash(client)]
    if isinstance(client, commands.bot.BotBase):
        prefix = await _find_prefix(client)
        found += _iterate_typed(client, prefix)
    return sorted(found, key=lambda each: (each["kind"], each["text"]))  # theirs is a set


def _iterate_slash(client: Any) -> Iterator[dict[str, Any]]:
    tree = client._connection._command_tree
    if tree is None:
        return
    seen = set()
    for guild in (None, *client.guilds):
        for each in tree.walk_commands(guild=guild):
            if isinstance(each, app_commands.Command) and each.qualified_name not in seen:
                seen.add(each.qualified_name)
                needed = [option.display_name for option in each.parameters if option.required]
                yield _describe(SLASH, each.qualified_name, needed, each.module)


def _iterate_typed(bot: Any, prefix: str) -> Iterator[dict[str, Any]]:
    for each in bot.walk_commands():
        is_group = isinstance(each, commands.Group) and not each.invoke_without_command
        if not each.enabled or (is_group and isinstance(each, commands.HybridGroup)):
            continue
        needed = [name for name, option in each.clean_params.items() if option.required]
        yield _describe(TYPED, f"{prefix}{each.qualified_name}", needed, each.module)


def _describe(kind: str, text: str, needed: list[str], module: str | None) -> dict[str, Any]:
    return {"kind": kind, "text": text, "needs": needed, "module": module or ""}


async def _find_prefix(bot: Any) -> str:
    """Return a prefix that the bot accepts from its guild's owner; a mention, if it has none."""
    mention = f"<@{bot.user.id}> "
    guild = next(iter(bot.guilds), None)
    channel = next(iter(guild.text_channels), None) if guild else None
    if channel is None or guild is None or not bot.intents.message_content:
        return mention  # without this intent, only messages that mention the bot have a text
    user = {"id": str(guild.owner_id), "username": "owner", "discriminator": "0", "avatar": None}
    data: Any = {
        "id": str(channel.id), "channel_id": str(channel.id), "guild_id": str(guild.id),
        "author": user, "content": "", "attachments": [], "embeds": [], "edited_timestamp": None,
        "type": 0, "pinned": False, "mention_everyone": False, "tts": False,
    }  # fmt: skip
    message = discord.Message(state=bot._connection, channel=channel, data=data)
    try:
        found = await bot.get_prefix(message)
    except Exception:  # noqa: BLE001 - the bot's own function; a mention works for most bots
        return mention
    prefixes = [found] if isinstance(found, str) else list(found)
    plain = [each for each in prefixes if each and not each.startswith("<@")]
    return plain[0] if plain else mention
