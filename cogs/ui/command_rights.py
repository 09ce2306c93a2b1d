"""Which commands a person may use, so that only these are offered to them."""

from typing import Any

import discord
from discord import app_commands

from bot.authority.command_acts import list_allowed_acts, list_allowed_commands
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.people import Person


def list_usable_commands(bot: TheseusClient, person: Person) -> frozenset[str]:
    """Return the slash commands and menus, by full name, that a person may use now.

    A command needs both the permission of the bot's policy, and the Discord permissions that the
    command requires of server members.
    """
    permissions = _get_permissions(bot, person)
    shown = [
        command.qualified_name
        for command in [*bot.tree.walk_commands(), *_list_menus(bot)]
        if not isinstance(command, app_commands.Group)
        and _get_required_permissions(command) <= permissions
    ]
    return list_allowed_commands(bot.identity.people, person, shown)


def list_acts(bot: TheseusClient, person: Person) -> frozenset[Act]:
    """Return everything that a person may ask of the bot now."""
    return list_allowed_acts(bot.identity.people, person)


def _list_menus(bot: TheseusClient) -> list[app_commands.ContextMenu]:
    kinds = (discord.AppCommandType.message, discord.AppCommandType.user)
    found = [each for kind in kinds for each in bot.tree.get_commands(type=kind)]
    return [each for each in found if isinstance(each, app_commands.ContextMenu)]


def _get_required_permissions(
    command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu,
) -> discord.Permissions:
    """Return the required permissions; Discord checks those of a command's whole group."""
    root = command.root_parent if isinstance(command, app_commands.Command) else None
    return (root or command).default_permissions or discord.Permissions.none()


def _get_permissions(bot: TheseusClient, person: Person) -> discord.Permissions:
    """Return the permissions in the bot's server; people who are not members have none."""
    guild = bot.get_guild(bot.identity.guild_id) if bot.identity.guild_id else None
    member = guild.get_member(person.id) if guild else None
    if member is None:
        return discord.Permissions.none()
    rights = member.guild_permissions
    return discord.Permissions.all() if rights.administrator else rights
