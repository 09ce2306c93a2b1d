"""Why a cog did not load, and what its author can do about it."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

import discord
import structlog
from discord import app_commands
from discord.ext import commands
from theseus_observe.failures.endings import EndedByCode

from bot.client._cog_protection import CogDisplaced

_log = structlog.stdlib.get_logger(__name__)
_OWN_NAME = "Give it another name: that one is taken by a cog that is loaded already"
_NO_SETUP = (
    "Add `async def setup(bot)` that adds its cog, or begin the file's name with _ where it is a "
    "helper of other cogs"
)
_NOT_AWAITABLE = "can't be used in 'await' expression"


@contextmanager
def omit_failing(extension: str, reasons: MutableMapping[str, str]) -> Iterator[None]:
    """Keep why a cog does not load within this block, by its name, and go on without it."""
    try:
        yield
    except commands.ExtensionError as error:
        _log.exception("%s was left out: it does not load", extension)
        reasons[extension.removeprefix("cogs.")] = describe_failure(error)


def describe_failure(error: BaseException) -> str:
    """Return why a cog did not load, in a line, with the way out where it is known."""
    cause = error.original if isinstance(error, commands.ExtensionFailed) else error
    if isinstance(cause, EndedByCode):
        name = type(cause.original).__name__
        return f"{name}: it ends the program while it loads. Raise an exception of your own instead"
    reason = f"{type(cause).__name__}: {cause}"
    remedy = _find_remedy(cause)
    return f"{reason.rstrip('.')}. {remedy}" if remedy else reason


def _find_remedy(cause: BaseException) -> str:
    if isinstance(cause, CogDisplaced):
        return "Give its commands and cogs other names, and let it remove none"
    if isinstance(cause, app_commands.CommandAlreadyRegistered | commands.CommandRegistrationError):
        return _OWN_NAME
    if isinstance(cause, commands.NoEntryPointError):
        return _NO_SETUP
    if isinstance(cause, ModuleNotFoundError) and cause.name:
        package = cause.name.split(".")[0]
        return f"Install what provides `{package}` into the bot's environment, or put it into cogs/"
    if isinstance(cause, TypeError) and _NOT_AWAITABLE in str(cause):
        return "Make it `async def setup(bot)`, with `await bot.add_cog(...)`"
    if isinstance(cause, discord.ClientException) and str(cause).startswith("Cog named "):
        return _OWN_NAME
    return ""
