"""Records calls of models that a message causes, each with its cost."""

from contextlib import AbstractContextManager

import discord

from bot.client import TheseusClient
from bot.domain.cost import Cost
from bot.domain.journal import Kind
from bot.telemetry.recorder import Timed
from cogs.ui import get_audience


def measure_call(
    bot: TheseusClient, message: discord.Message, name: str, agent: str
) -> AbstractContextManager[Timed]:
    """Record what happens inside a `with` as a call of the model `agent` for a message."""
    return bot.recorder.measure(
        Kind.MODEL,
        name,
        user_id=message.author.id,
        channel_id=message.channel.id,
        guild_id=message.guild.id if message.guild else None,
        audience=get_audience(bot, message),
        agent=agent,
    )


def note_cost(call: Timed, cost: Cost) -> None:
    """Note in the record what the call has cost so far."""
    call.note(cost_usd=cost.cost_usd, tokens_in=cost.tokens_in, tokens_out=cost.tokens_out)
