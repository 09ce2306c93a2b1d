"""One message that is for the bot: Discord's object, and what the intake decides with."""

from dataclasses import dataclass

import discord

from bot.domain.intents import Setting
from bot.intake.message import Message
from cogs.conversation._content import MessageContent


@dataclass
class IncomingMessage:
    """A message, its parsed request, what it holds, and where it was said."""

    message: discord.Message
    request: Message
    content: MessageContent
    setting: Setting
