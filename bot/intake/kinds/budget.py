"""What the bot has spent. Nothing that is said in chat changes a budget."""

import re
from dataclasses import dataclass

from bot.budget.reports import BudgetReports
from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent
from bot.intake.message import Message, Reply, can_ask
from bot.intake.places import WRONG_CHANNEL, is_about_work
from bot.ports.chat import Chat
from bot.presentation.cards import NO_CAP_FROM_CHAT

INTENTS = (Intent.BUDGET,)

_CHANGES = re.compile(
    r"\b(?:raise|increase|reset|top up|refill|extend|double|lift|ignore|bypass|skip|disable|remove)"
    r"\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Request:
    """The message, and whether the costs may be posted where it is."""

    message: Message
    is_allowed_here: bool


@dataclass(frozen=True, eq=False)
class Handler:
    """Posts the costs: in the dev channel, in a run's thread, or to a listed person directly."""

    budget: BudgetReports
    chat: Chat
    people: AllowLists
    dev_channel_id: int

    async def decide(self, message: Message) -> Request:
        """Return whether the costs may be posted. People who are not listed are refused later."""
        here = is_about_work(message, self.dev_channel_id)
        return Request(message, here or not can_ask(self.people, message.person))

    async def perform(self, request: Request) -> Reply:
        """Post the costs. Raises `NotAuthorized`."""
        if not request.is_allowed_here:
            return WRONG_CHANNEL.format(channel=self.dev_channel_id)
        message = request.message
        post = (await self.budget.post(message.person)).replace(reply_to=message.id)
        if _CHANGES.search(message.text):
            post = post.replace(text=NO_CAP_FROM_CHAT)
        await self.chat.post(message.channel_id, post, key=message.reply_key)
        return None
