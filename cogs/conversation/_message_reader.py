"""Decides whether a message is for the bot, what it replies to, and what it asks for."""

import discord

from bot.client import TheseusClient
from bot.domain.people import Person
from bot.domain.run import Run, Waiting
from bot.grammar import Intent, ReplyTo, Setting, Utterance, parse
from cogs.conversation._addressing import (
    extract_text,
    get_forwarded_message,
    is_for_bot_alone,
    is_mentioned,
)
from cogs.conversation._agreement import is_contract_reply
from cogs.conversation._attachments import Attached, read_attached
from cogs.conversation._choices import can_be_decided, find_recent_failures, is_of_the_bot
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import (
    CardReference,
    find_card,
    find_error_id,
    get_author,
    is_in_dev_channel,
    is_listed,
    is_question_answer,
    list_live_names,
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
            items=list_live_names(self._bot),
            is_text_only=_is_plain_message(message),
        )
        if get_forwarded_message(message) is not None and not setting.is_for_bot:
            return None
        attached = await read_attached(message) if setting.is_for_bot else Attached()
        has_words = bool(text)
        text = text or attached.text[:_LONGEST]
        utterance = parse(text, setting)
        if not (setting.is_for_bot or await self._is_overheard(text, utterance, person)):
            return None
        if not setting.is_for_bot:
            attached = await read_attached(message)
        answers = setting.is_text_only and await self._is_answer(run, text, utterance, pointed_at)
        # replies to a proposal are often talk among people
        replies = setting.reply_to in ("bot", "error")
        loose = utterance.intent is Intent.CHAT or utterance.unsure
        to_us = setting.addressed or replies or answers
        if loose and not (to_us or self._is_talk_of_the_run(message, person, setting)):
            return None
        return IncomingMessage(
            message,
            text,
            person,
            utterance,
            run=run,
            pointed_at=pointed_at,
            card=card,
            answers=answers,
            missed=missed,
            correction=correction,
            has_text=has_words,
            attached=attached.text,
            unread=attached.notice,
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

    async def _is_overheard(self, text: str, utterance: Utterance, person: Person) -> bool:
        """Return whether a message in the dev channel that addresses nobody is for the bot.

        People also revert changes of their own, so a revert counts only if one of the bot's changes
        is live. A "fix it" counts only if something failed lately and a listed person wrote it. A
        requested change counts only if it is about the bot.
        """
        if utterance.is_unspecific:
            return is_listed(self._bot, person) and bool(await find_recent_failures(self._bot))
        if utterance.intent is Intent.ROLL_BACK:
            return utterance.recognised and is_listed(self._bot, person)
        if utterance.recognised and utterance.intent in (Intent.REVERT, Intent.UNCLEAR):
            return await can_be_decided(self._bot, person, utterance)
        return utterance.recognised and is_of_the_bot(self._bot, text, utterance.intent)

    def _is_talk_of_the_run(
        self, message: discord.Message, person: Person, setting: Setting
    ) -> bool:
        """Return whether a listed person writes in a run's thread, and to no one else there."""
        others = any(user != self._bot.user for user in message.mentions)
        to_somebody = others or setting.reply_to == "person"
        return setting.about_a_proposal and is_listed(self._bot, person) and not to_somebody

    async def _is_answer(
        self,
        run: Run | None,
        text: str,
        utterance: Utterance,
        pointed_at: discord.Message | None,
    ) -> bool:
        """Return whether the run waits for an answer and this text is the answer."""
        if run is None or not text:
            return False
        if run.waiting is Waiting.AGREEMENT:
            return is_contract_reply(text, utterance)
        question = await self._bot.agent.get_question(run)
        if question is None:
            return False
        replies = pointed_at is not None and pointed_at.id == question.message_id
        return is_question_answer(question, text, utterance, replies=replies)

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
