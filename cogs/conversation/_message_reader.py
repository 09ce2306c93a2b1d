"""Decides whether a message is for the bot, what it replies to, and what it asks for."""

import discord

from bot.client import TheseusClient
from bot.domain.people import Person
from bot.grammar import Intent, ReplyTo, Setting, parse
from bot.intake.attention import Overheard
from bot.intake.message import CardReference, Message, RepliedMessage
from bot.intake.rollback_questions import list_live_names
from cogs.conversation._addressing import (
    extract_text,
    get_forwarded_message,
    is_for_bot_alone,
    is_mentioned,
)
from cogs.conversation._attachments import Attached, read_attached
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import (
    ClientHost,
    find_card,
    find_error_id,
    find_interaction_id,
    get_author,
    get_person,
    is_in_dev_channel,
    is_listed,
    is_own_message,
    place_of,
    run_in,
)

_LONGEST = (
    2_000  # most characters of a file that are read as the request if the message has no text
)


class MessageReader:
    """Parses messages."""

    def __init__(self, bot: TheseusClient) -> None:
        self._bot = bot

    async def read(
        self, message: discord.Message, *, missed: bool = False, correction: bool = False
    ) -> IncomingMessage | None:
        """Return the parsed message; None if it is not for the bot."""
        if await self._bot.is_command(message):
            return None
        person = get_author(self._bot, message)
        run = await run_in(self._bot, message.channel)
        pointed_at = await self._fetch_referenced_message(message)
        card = find_card(self._bot, pointed_at) if pointed_at else None
        text = extract_text(self._bot, message)
        setting = Setting(
            addressed=self._is_addressed(message, text),
            in_thread=run is not None,
            dev_channel=is_in_dev_channel(self._bot, message.channel),
            # a clear request in the dev channel is always answered, if only with a refusal
            listed=True,
            reply_to=self._reply_to(pointed_at, card),
            items=list_live_names(self._bot.agent),
            is_text_only=_is_plain_message(message),
        )
        if get_forwarded_message(message) is not None and not setting.is_for_bot:
            return None
        attached = await read_attached(message) if setting.is_for_bot else Attached()
        has_words = bool(text)
        text = text or attached.text[:_LONGEST]
        utterance = parse(text, setting)
        overheard = Overheard(is_for_bot=True)
        if not setting.is_for_bot:
            names = {*self._bot.cogs, *(each.name for each in self._bot.tree.get_commands())}
            overheard = await self._bot.intake.attention.judge(text, utterance, person, names)
            if not overheard.is_for_bot:
                return None
            attached = await read_attached(message)
        attention, replied_id = self._bot.intake.attention, pointed_at.id if pointed_at else None
        answers = setting.is_text_only and await attention.is_run_answer(
            run, text, utterance, replied_id
        )
        # replies to a proposal are often talk among people
        replies = setting.reply_to in ("bot", "error")
        loose = utterance.intent is Intent.CHAT or utterance.unsure
        to_us = setting.addressed or replies or answers
        if loose and not (to_us or self._is_talk_of_the_run(message, person, setting)):
            return None
        request = Message(
            message.id,
            text,
            person,
            place_of(message),
            message.created_at,
            utterance,
            ClientHost(self._bot, message),
            run=run,
            card=card,
            replied=self._describe_replied(pointed_at) if pointed_at else None,
            is_answer=answers,
            is_missed=missed,
            is_correction=correction,
            edited_at=message.edited_at,
            has_text=has_words,
            is_verbatim=has_words and not message.message_snapshots,
            attached=attached.text,
            recent_failures=overheard.failures,
        )
        return IncomingMessage(message, request, attached.notice)

    def _describe_replied(self, message: discord.Message) -> RepliedMessage:
        bot = self._bot
        return RepliedMessage(
            get_person(bot, message.author),
            message.content,
            is_own=is_own_message(bot, message),
            error_id=find_error_id(bot, message),
            interaction_id=find_interaction_id(bot, message),
        )

    def is_addressed(self, message: discord.Message) -> bool:
        """Return whether the message addresses the bot, judged by the message alone."""
        return self._is_addressed(message, extract_text(self._bot, message))

    def _is_addressed(self, message: discord.Message, text: str) -> bool:
        """Return whether the message addresses the bot directly or by mention.

        A message that only the bot and its author can read counts as well.
        """
        if message.guild is None or is_mentioned(self._bot, message):
            return True
        return is_for_bot_alone(self._bot, message, text)

    def _is_talk_of_the_run(
        self, message: discord.Message, person: Person, setting: Setting
    ) -> bool:
        """Return whether a listed person writes in a run's thread, and to no one else there."""
        others = any(user != self._bot.user for user in message.mentions)
        to_somebody = others or setting.reply_to == "person"
        return setting.about_a_proposal and is_listed(self._bot, person) and not to_somebody

    async def _fetch_referenced_message(self, message: discord.Message) -> discord.Message | None:
        """Return the message that this one replies to; it is fetched if not in the cache."""
        reference = message.reference
        if reference is None or reference.message_id is None:
            return None
        if reference.type is discord.MessageReferenceType.forward:
            return None  # passed on, not replied to
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        try:
            return await message.channel.fetch_message(reference.message_id)
        except discord.HTTPException:
            return None  # deleted in the meantime: only the text counts

    def _reply_to(
        self, message: discord.Message | None, card: CardReference | None
    ) -> ReplyTo | None:
        if message is None:
            return None
        if card is not None:
            return "proposal"
        if self._bot.user is None or message.author.id != self._bot.user.id:
            return "person"
        return "error" if find_error_id(self._bot, message) else "bot"


def _is_plain_message(message: discord.Message) -> bool:
    """Return whether the message is what its author typed, as they typed it first.

    Whatever else is in it may not decide anything, and neither may an edit or a forward.
    """
    added = message.attachments or message.stickers or message.poll or message.message_snapshots
    return not added and message.edited_at is None
