"""Has a chat model read a message to the bot before anything is done about it."""

from contextlib import suppress

import discord

from bot.client import TheseusClient
from bot.intake.meaning_readings import MeaningReadings
from bot.intake.message import Message
from bot.intake.model_readings import ModelReadings
from cogs.conversation._incoming_message import IncomingMessage
from cogs.conversation._model_calls import measure_call, note_cost


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
    with measure_call(bot, message, "read", readings.interpreter.name) as call:
        request, reading = await readings.read(request, incoming.setting, hint)
        if reading is not None:
            note_cost(call, reading)
    return request
