"""Builds and sends the replies that people get when their command or button failed."""

from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands
from discord.ext import commands
from theseus_observe.command_failures import open_hybrid
from theseus_observe.failures.bounded_text import redact_beginning
from theseus_observe.failures.safe_access import escape_surrogates, get_message
from theseus_observe.redaction import redact

from bot.domain.ids import shorten_id
from bot.domain.journal import Action

_log = structlog.stdlib.get_logger(__name__)


_CHANGED = app_commands.CommandNotFound | app_commands.CommandSignatureMismatch
_MAX_CHARS = 1_500  # Discord refuses messages of more than 2,000 characters
_IF_THEY_MAY = "I do it for people who may ask me, and note it for them if you may not."
_TO_ALL = f"Reply “fix this”, or “look into this” for the cause. {_IF_THEY_MAY}"
# For private replies, which Discord does not let people reply to.
_TO_ONE = f"Say what is broken, and “fix it”. {_IF_THEY_MAY}"


def format_error(what: str, action: Action, *, private: bool = False) -> str:
    """Return what people read when `what` failed; the id leads to the record."""
    failed = (action.error.children or (action.error,)) if action.error else ()
    name = ", ".join(dict.fromkeys(each.exception for each in failed)) or "an error"
    summary = f"⚠️ {what} failed with {name}. Error id `{shorten_id(action.id)}`."
    return f"{summary}\n-# {_TO_ONE if private else _TO_ALL}"


def format_missing_response(what: str, action: Action, *, private: bool = False) -> str:
    """Return what people read when `what` ended without a response."""
    text = f"⚠️ {what} ended without an answer. Error id `{shorten_id(action.id)}`."
    return f"{text}\n-# {_TO_ONE if private else _TO_ALL}"


def brief_message(error: BaseException) -> str:
    """Return what an error says, as much as fits into an answer."""
    return redact_beginning(escape_surrogates(get_message(error)), _MAX_CHARS, redact)


def describe_refusal(error: Exception) -> str:
    """Return why a command was not run, for its person."""
    refusal = open_hybrid(error)
    if isinstance(refusal, _CHANGED):
        return "That command has changed meanwhile; try it once more in a moment."
    return f"I could not run that: {brief_message(refusal)}"


async def answer(interaction: discord.Interaction, text: str, *, private: bool = False) -> None:
    """Answer, whatever the state of the interaction; if it has expired, answer in the channel.

    Errors of Discord are logged and not raised, because no one is left to be informed.
    """
    try:
        if await _try_send(interaction, text, private=private):
            return
        if isinstance(interaction.channel, discord.abc.Messageable):
            message = f"{interaction.user.mention} {text}"
            await interaction.channel.send(message, allowed_mentions=discord.AllowedMentions.none())
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        _log.warning("a failure could not be told: %s", error)


async def _try_send(interaction: discord.Interaction, text: str, *, private: bool) -> bool:
    """Answer or follow up; `False` if Discord takes neither any more (3 s, 15 min)."""
    if interaction.is_expired():
        return False
    try:
        if not interaction.response.is_done():
            await interaction.response.send_message(text, ephemeral=private)
        else:
            await interaction.followup.send(text, ephemeral=private)
    except discord.InteractionResponded:
        await interaction.followup.send(text, ephemeral=private)
    except discord.HTTPException as error:
        if error.status >= 500:
            raise
        return False
    return True


def has_own_reply(ctx: commands.Context[Any]) -> bool:
    """Return whether the cog has its own error handler, so that people do not get two replies."""
    own = ctx.command is not None and ctx.command.has_error_handler()
    return own or (ctx.cog is not None and ctx.cog.has_error_handler())
