"""What ended a command: a fault of its cog's code, or a refusal that its person can read.

discord.py has two families of command errors, and a third wrapper where a hybrid command is used
as a slash command: `HybridCommandError` around the error of the slash command.
"""

import discord
from discord import app_commands
from discord.ext import commands

_CHANGED = app_commands.CommandNotFound | app_commands.CommandSignatureMismatch
_WRAPPERS = (
    app_commands.CommandInvokeError,
    commands.CommandInvokeError,
    commands.ConversionError,
)


def find_bug(error: discord.DiscordException) -> BaseException | None:
    """Return what the cog's code raised; `None` when the person or Discord is the cause.

    A transformer says by a `ValueError` that an option makes no sense; anything else is its own.
    """
    error = _open_hybrid(error)
    if isinstance(error, _WRAPPERS):
        return error.original
    if isinstance(error, app_commands.TransformerError):
        cause = error.__cause__
        return None if isinstance(cause, ValueError) else cause
    return None


def describe_refusal(error: discord.DiscordException) -> str:
    """Return why a command was not run, for its person."""
    error = _open_hybrid(error)
    if isinstance(error, _CHANGED):
        return "That command has changed meanwhile; try it once more in a moment."
    return f"I could not run that: {error}"


def _open_hybrid(error: discord.DiscordException) -> discord.DiscordException:
    return error.original if isinstance(error, commands.HybridCommandError) else error
