"""A report of the bot about itself, when a person asks for it."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.errors import WrongStage
from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent
from bot.intake.message import Message, Reply, can_ask
from bot.intake.places import WRONG_CHANNEL, is_private_or_dev
from bot.monitoring import SelfAudit
from bot.ports.chat import Chat

INTENTS = (Intent.AUDIT,)


@dataclass(frozen=True)
class Request:
    """The message, and whether the report may be posted where it is."""

    message: Message
    is_allowed_here: bool


@dataclass(frozen=True, eq=False)
class Handler:
    """Posts a self-audit: in the dev channel, or to a listed person directly."""

    get_self_audit: Callable[[], SelfAudit | None]
    chat: Chat
    people: AllowLists
    dev_channel_id: int

    async def decide(self, message: Message) -> Request:
        """Return whether it may be posted. People who are not listed are refused later."""
        here = is_private_or_dev(message, self.dev_channel_id)
        return Request(message, here or not can_ask(self.people, message.person))

    async def perform(self, request: Request) -> Reply:
        """Post the report. Raises `NotAuthorized`, and `WrongStage` if audits are off."""
        if not request.is_allowed_here:
            return WRONG_CHANNEL.format(channel=self.dev_channel_id)
        self_audit, message = self.get_self_audit(), request.message
        if self_audit is None:
            raise WrongStage("Self-audits are switched off here.")
        post = (await self_audit.build_post(message.person)).replace(reply_to=message.id)
        await self.chat.post(message.channel_id, post, key=message.reply_key)
        return None
