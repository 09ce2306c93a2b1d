"""One message that is for the bot: Discord's object, and what the intake decides with."""

from dataclasses import dataclass

import discord

from bot.intake.message import Message
from cogs.conversation._content import MessageContent


@dataclass
class IncomingMessage:
    """A message, its parsed request, and what it holds."""

    message: discord.Message
    request: Message
    content: MessageContent
