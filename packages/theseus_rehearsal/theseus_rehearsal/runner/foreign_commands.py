"""Lists a running bot's commands, and registers slash commands as an earlier run would have."""

from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from .foreign_values import choose_argument, choose_option

TYPED, SLASH, USER_MENU, MESSAGE_MENU = "typed", "slash", "user_menu", "message_menu"


_MENUS = (
    (discord.AppCommandType.user, USER_MENU),
    (discord.AppCommandType.message, MESSAGE_MENU),
)


async def register_commands(client: Any) -> None:
    """Register the slash commands if the bot did not: many register them only when told to."""
    tree = client._connection._command_tree
    if tree is None:
        return
    for guild in (None, *client.guilds):
        if tree.get_commands(guild=guild) and not await tree.fetch_commands(guild=guild):
            await tree.sync(guild=guild)


async def describe_commands(client: Any) -> list[dict[str, Any]]:
    """Return each command's kind, text, what it needs, harmless values for it, and its module."""
    found = [*_iterate_slash(client)]
    if isinstance(client, commands.bot.BotBase):
        prefix = await _find_prefix(client)
        found += _iterate_typed(client, prefix)
    return sorted(found, key=lambda each: (each["kind"], each["text"]))  # theirs is a set


def _iterate_slash(client: Any) -> Iterator[dict[str, Any]]:
    tree = client._connection._command_tree
    if tree is None:
        return
    seen: set[Any] = set()
    for guild in (None, *client.guilds):
        for each in tree.walk_commands(guild=guild):
            if isinstance(each, app_commands.Command) and each.qualified_name not in seen:
                seen.add(each.qualified_name)
                needed = [option for option in each.parameters if option.required]
                values = {option.display_name: choose_option(option) for option in needed}
                yield _describe(SLASH, each.qualified_name, values, each.module)
        for kind, menu in _MENUS:
            for each in tree.walk_commands(guild=guild, type=kind):
                if (menu, each.qualified_name) not in seen:
                    seen.add((menu, each.qualified_name))
                    yield _describe(menu, each.qualified_name, {}, each.module)


def _iterate_typed(bot: Any, prefix: str) -> Iterator[dict[str, Any]]:
    for each in bot.walk_commands():
        is_group = isinstance(each, commands.Group) and not each.invoke_without_command
        if not each.enabled or (is_group and isinstance(each, commands.HybridGroup)):
            continue
        needed = {name: option for name, option in each.clean_params.items() if option.required}
        values = {name: choose_argument(option) for name, option in needed.items()}
        yield _describe(TYPED, f"{prefix}{each.qualified_name}", values, each.module)


def _describe(kind: str, text: str, values: dict[str, Any], module: str | None) -> dict[str, Any]:
    known = {name: value for name, value in values.items() if value is not None}
    described = {"kind": kind, "text": text, "needs": [*values], "values": known}
    return {**described, "module": module or ""}


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
