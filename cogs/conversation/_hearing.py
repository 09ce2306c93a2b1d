"""Whether a message is for the bot, what it points at, and what it asks for."""

import discord

from bot.client import TheseusClient
from bot.domain.people import Person
from bot.domain.run import Run, Waiting
from bot.grammar import Intent, ReplyTo, Setting, Utterance, parse
from cogs.conversation._addressing import (
    forwarded,
    is_mentioned,
    is_said_to_the_bot_alone,
    words_of,
)
from cogs.conversation._agreement import answers_contract
from cogs.conversation._attached import Attached, read_attached
from cogs.conversation._choices import can_be_decided, failed_lately, is_of_the_bot
from cogs.conversation._heard_message import Heard
from cogs.ui import (
    CardSeen,
    answers_question,
    author_of,
    card_seen,
    error_id_in,
    in_dev_channel,
    is_listed,
    live_names,
    run_in,
)

_LONGEST = 2_000  # characters of a file that are read as the request where nothing else is said


class Hearing:
    """Understands messages."""

    def __init__(self, bot: TheseusClient) -> None:
        self._bot = bot

    async def hear(
        self, message: discord.Message, *, missed: bool = False, correction: bool = False
    ) -> Heard | None:
        """Return the message as it was understood; `None` where it is not for the bot."""
        if await self._bot.is_command(message):
            return None
        person = author_of(self._bot, message)
        run = await run_in(self._bot, message.channel)
        pointed_at = await self._pointed_at(message)
        card = card_seen(self._bot, pointed_at) if pointed_at else None
        text = words_of(self._bot, message)
        setting = Setting(
            addressed=self._is_addressed(message, text),
            in_thread=run is not None,
            dev_channel=in_dev_channel(self._bot, message.channel),
            # whoever asks clearly in the dev channel is answered, be it with a refusal
            listed=True,
            reply_to=self._reply_to(pointed_at, card),
            items=live_names(self._bot),
            words_alone=_is_words_alone(message),
        )
        if forwarded(message) is not None and not setting.heard:
            return None
        attached = await read_attached(message) if setting.heard else Attached()
        has_words = bool(text)
        text = text or attached.text[:_LONGEST]
        utterance = parse(text, setting)
        if not (setting.heard or await self._is_overheard(text, utterance, person)):
            return None
        if not setting.heard:
            attached = await read_attached(message)
        answers = setting.words_alone and await self._is_answer(run, text, utterance, pointed_at)
        replies = setting.reply_to in ("bot", "error")  # people talk about a proposal under it
        loose = utterance.intent is Intent.CHAT or utterance.unsure
        to_us = setting.addressed or replies or answers
        if loose and not (to_us or self._is_talk_of_the_run(message, person, setting)):
            return None
        return Heard(
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
            has_words=has_words,
            attached=attached.text,
            unread=attached.notice,
        )

    def is_addressed(self, message: discord.Message) -> bool:
        """Return whether it is said to the bot, as far as the message alone shows it."""
        return self._is_addressed(message, words_of(self._bot, message))

    def _is_addressed(self, message: discord.Message, text: str) -> bool:
        """Whether it is said to the bot: directly, by a mention, or with nobody else there."""
        if message.guild is None or is_mentioned(self._bot, message):
            return True
        return is_said_to_the_bot_alone(self._bot, message, text)

    async def _is_overheard(self, text: str, utterance: Utterance, person: Person) -> bool:
        """Whether words in the dev channel that are said to nobody are for the bot.

        People take back changes of their own too: where none of the bot's is live, it is silent.
        So it is at a "fix it" where nothing failed lately, or where nobody listed says it, and at
        a change that is wished of what is not the bot's.
        """
        if utterance.names_nothing:
            return is_listed(self._bot, person) and bool(await failed_lately(self._bot))
        if utterance.intent is Intent.ROLL_BACK:
            return utterance.recognised and is_listed(self._bot, person)
        if utterance.recognised and utterance.intent in (Intent.REVERT, Intent.UNCLEAR):
            return await can_be_decided(self._bot, person, utterance)
        return utterance.recognised and is_of_the_bot(self._bot, text, utterance.intent)

    def _is_talk_of_the_run(
        self, message: discord.Message, person: Person, setting: Setting
    ) -> bool:
        """Whether a listed person speaks in a run's thread, and to nobody else there."""
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
        """Whether the run waits for an answer, and these words are it."""
        if run is None or not text:
            return False
        if run.waiting is Waiting.AGREEMENT:
            return answers_contract(text, utterance)
        question = await self._bot.agent.question(run)
        if question is None:
            return False
        replies = pointed_at is not None and pointed_at.id == question.message_id
        return answers_question(question, text, utterance, replies=replies)

    async def _pointed_at(self, message: discord.Message) -> discord.Message | None:
        """Return the message this one replies to, fetched if it is not in the cache."""
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
            return None  # deleted meanwhile: the words stand for themselves

    def _reply_to(self, message: discord.Message | None, card: CardSeen | None) -> ReplyTo | None:
        if message is None:
            return None
        if card is not None:
            return "proposal"
        if self._bot.user is None or message.author.id != self._bot.user.id:
            return "person"
        return "error" if error_id_in(self._bot, message) else "bot"


def _is_words_alone(message: discord.Message) -> bool:
    """Return whether the message is what its author typed, as they typed it first.

    Whatever else is in it may not decide anything, and neither may an edit or a forward.
    """
    added = message.attachments or message.stickers or message.poll or message.message_snapshots
    return not added and message.edited_at is None
