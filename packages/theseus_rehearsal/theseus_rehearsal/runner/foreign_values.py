"""Harmless values for what a command needs: a member, a channel, a number within its range."""

import enum
import inspect
import types
import typing
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

MEMBER, CHANNEL, ROLE, FILE = "@{person}", "#general", "@&{role}", "{file}"
_TEXT = "test"
_PLAIN = {bool: "yes", int: "1", float: "1", str: _TEXT}
_TARGETS = (
    ((discord.Member, discord.User, discord.abc.User), MEMBER),
    ((discord.Role,), "{role}"),
    ((discord.TextChannel, discord.abc.GuildChannel, discord.Thread), "general"),
)
_RANGE: Any = commands.Range  # it is a class only when the code runs
_KINDS = discord.AppCommandOptionType


def choose_option(option: app_commands.Parameter) -> Any:
    """Return a value for an option of a slash command; `None` if there is none here."""
    if option.choices:
        return option.choices[0].value
    kind = option.type
    if kind in (_KINDS.integer, _KINDS.number):
        low, high = option.min_value, option.max_value
        value = max(1, low) if low is not None else 1
        return min(value, high) if high is not None else value
    if kind is _KINDS.string:
        shortest, longest = option.min_value or 0, option.max_value
        text = _TEXT * (int(shortest) // len(_TEXT) + 1)
        return text[: int(longest)] if longest is not None else text
    if kind is _KINDS.channel:
        is_text = not option.channel_types or discord.ChannelType.text in option.channel_types
        return CHANNEL if is_text else None
    simple = {_KINDS.boolean: True, _KINDS.user: MEMBER, _KINDS.mentionable: MEMBER,
              _KINDS.role: ROLE, _KINDS.attachment: FILE}  # fmt: skip
    return simple.get(kind)


def choose_argument(parameter: commands.Parameter) -> Any:
    """Return a word for an argument of a typed command; `None` if there is none here."""
    return _choose_word(parameter.converter)


def _choose_word(kind: Any) -> Any:
    if isinstance(kind, commands.Greedy):
        return _choose_word(kind.converter)
    if isinstance(kind, _RANGE):
        low = kind.min if kind.min is not None else 1
        return _TEXT if kind.annotation is str else str(low)
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return str(typing.get_args(kind)[0])
    if origin in (typing.Union, getattr(types, "UnionType", None)):
        found = (_choose_word(each) for each in typing.get_args(kind) if each is not type(None))
        return next((each for each in found if each is not None), None)
    return _choose_for_class(kind) if inspect.isclass(kind) else _TEXT


def _choose_for_class(kind: type[Any]) -> Any:
    if kind in _PLAIN:
        return _PLAIN[kind]
    for targets, word in _TARGETS:
        if {*targets} & {*kind.__mro__}:  # some are protocols, which refuse `issubclass`
            return word
    if kind.__name__ in _NAMED:
        return _NAMED[kind.__name__]
    if issubclass(kind, enum.Enum):
        return next(iter(kind)).name
    return None if kind.__module__.startswith("discord.") else _TEXT


_NAMED = {
    "MemberConverter": MEMBER, "UserConverter": MEMBER, "RoleConverter": "{role}",
    "TextChannelConverter": "general", "GuildChannelConverter": "general",
}  # fmt: skip
