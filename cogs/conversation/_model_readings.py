"""Has a chat model read a message to the bot before anything is done about it."""

from contextlib import suppress

import discord

from bot.client import TheseusClient
from bot.domain.journal import Kind
from bot.intake.meaning_readings import MeaningReadings
from bot.intake.message import Message
from bot.intake.model_readings import ModelReadings
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import get_audience


async def read_with_model(bot: TheseusClient, incoming: IncomingMessage) -> Message:
    """Return the request as a model reads it; unchanged if there is none, or if it may not.

    Each reading is in the journal, with its cost. Where no model may read it, an encoder compares
    its meaning.
    """
    request, message = incoming.request, incoming.message
    readings = bot.find_part(ModelReadings)
    hint = readings.build_hint(request, incoming.setting) if readings else None
    if readings is None or hint is None:
        comparison = bot.find_part(MeaningReadings)
        return await comparison.read(request, incoming.setting) if comparison else request
    with suppress(discord.HTTPException):  # only decoration
        await message.channel.typing()
    with bot.recorder.measure(
        Kind.MODEL,
        "read",
        user_id=message.author.id,
        channel_id=message.channel.id,
        guild_id=message.guild.id if message.guild else None,
        audience=get_audience(bot, message),
        agent=readings.interpreter.name,
    ) as call:
        request, reading = await readings.read(request, incoming.setting, hint)
        if reading is not None:
            call.note(
                cost_usd=reading.cost_usd,
                tokens_in=reading.tokens_in,
                tokens_out=reading.tokens_out,
            )
    return request
