"""Decides whether a message is for the bot, what it replies to, and what it asks for."""

from collections.abc import Callable
from dataclasses import replace

import discord

from bot.authority.live_items import LiveItemService
from bot.client import TheseusClient
from bot.domain.people import Person
from bot.domain.run import Run
from bot.grammar import Intent, ReplyTo, Setting, Utterance
from bot.intake.attention import Overheard
from bot.intake.corrections import Corrections
from bot.intake.message import CardReference, Message, RepliedMessage
from bot.intake.rollback_questions import list_live_names
from bot.listener.second_opinion import understand
from bot.ports.chat_model import ChatModel
from cogs.conversation._addressing import (
    extract_text,
    get_forwarded_message,
    is_addressed,
    is_for_bot_alone,
)
from cogs.conversation._attachments import Attached, read_attached
from cogs.conversation._content import MessageContent
from cogs.conversation._incoming_message import IncomingMessage
from cogs.conversation._offers import accept_offer
from cogs.conversation._recordings import RecordingReader
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


class MessageReader:
    """Parses messages."""

    def __init__(
        self, bot: TheseusClient, parse: Callable[[str, Setting], Utterance] = understand
    ) -> None:
        self._bot = bot
        self._parse = parse
        self._recordings = RecordingReader(bot)

    async def read(
        self,
        message: discord.Message,
        *,
        utterance: Utterance | None = None,
        missed: bool = False,
        correction: bool = False,
        explained: bool = False,
    ) -> IncomingMessage | None:
        """Return the parsed message; None if it is not for the bot.

        A message that was parsed before, or that its author has `explained`, comes with its
        `utterance`. What its author explains is said to the bot.
        """
        if await self._bot.is_command(message):
            return None
        person = get_author(self._bot, message)
        run = await run_in(self._bot, message.channel)
        pointed_at = await self._fetch_referenced_message(message)
        card = find_card(self._bot, pointed_at) if pointed_at else None
        typed = extract_text(self._bot, message)
        addressed = is_addressed(self._bot, message)
        has_content = bool(typed) or self._recordings.find(message) is not None
        is_alone = not addressed and is_for_bot_alone(self._bot, message, has_content)
        setting = self._build_setting(message, run, self._reply_to(pointed_at, card))
        setting = setting.replace(addressed=addressed or is_alone or explained)
        if get_forwarded_message(message) is not None and not setting.is_for_bot:
            return None
        content = await self._read_content(message, typed, person, setting)
        utterance = utterance or self._understand(content.text, person, setting)
        if is_alone and _is_remark(content, utterance):
            setting = setting.replace(addressed=False)
        overheard = await self._judge(content.text, utterance, person, setting)
        if not overheard.is_for_bot:
            return None
        if not setting.is_for_bot:
            content = replace(content, attached=await read_attached(message))
        replied_id = pointed_at.id if pointed_at else None
        may_answer = setting.is_text_only and not explained
        answers = may_answer and await self._bot.intake.attention.is_run_answer(
            run, content.text, utterance, replied_id
        )
        loose = (utterance.intent is Intent.CHAT or utterance.unsure) and not answers
        if loose and not self._is_talk_to_bot(message, person, setting):
            return None
        request = replace(
            self._build_request(message, content, person, utterance, pointed_at),
            run=run,
            card=card,
            is_answer=answers,
            is_missed=missed,
            is_correction=correction,
            is_explained=explained,
            recent_failures=overheard.failures,
        )
        request = accept_offer(self._bot, request, pointed_at)
        return IncomingMessage(message, request, content, setting)

    async def _read_content(
        self, message: discord.Message, typed: str, person: Person, setting: Setting
    ) -> MessageContent:
        """Return what a message holds. Files of a message to nobody are not loaded yet."""
        transcription = None
        if self._is_talk_to_bot(message, person, setting):
            transcription = await self._recordings.read(message, person)
        recording = self._recordings.find(message) if transcription else None
        attached = await read_attached(message, recording) if setting.is_for_bot else Attached()
        return MessageContent(typed, transcription, attached)

    async def read_text(self, message: discord.Message) -> str:
        """Return the text of a message for the bot, or else what was said in it."""
        typed = extract_text(self._bot, message)
        transcription = (
            None if typed else await self._recordings.read(message, get_author(self._bot, message))
        )
        return transcription.text if transcription else typed

    def _understand(self, text: str, person: Person, setting: Setting) -> Utterance:
        """Return what the text asks for, by what people said before about such a sentence."""
        plain = self._bot.intake.targets.strip_names(text)
        utterance = self._parse(plain, setting)
        corrections = self._bot.find_part(Corrections)
        return corrections.apply(plain, utterance, person, setting) if corrections else utterance

    def _build_setting(
        self, message: discord.Message, run: Run | None, reply_to: ReplyTo | None
    ) -> Setting:
        """Return where the message was posted; whom it addresses is decided elsewhere."""
        return Setting(
            in_thread=run is not None,
            dev_channel=is_in_dev_channel(self._bot, message.channel),
            # a clear request in the dev channel is always answered, if only with a refusal
            listed=True,
            reply_to=reply_to,
            has_chat_model=self._bot.find_part(ChatModel) is not None,
            items=list_live_names(self._bot.find_part(LiveItemService)),
            is_text_only=_is_plain_message(message),
        )

    def _build_request(
        self,
        message: discord.Message,
        content: MessageContent,
        person: Person,
        utterance: Utterance,
        pointed_at: discord.Message | None,
    ) -> Message:
        return Message(
            message.id,
            content.text,
            person,
            place_of(message),
            message.created_at,
            utterance,
            ClientHost(self._bot, message),
            replied=self._describe_replied(pointed_at) if pointed_at else None,
            edited_at=message.edited_at,
            has_text=content.has_words,
            # what was heard may be wrong: no path in it is one that its author named
            is_verbatim=bool(content.typed) and not message.message_snapshots,
            attached=content.data,
        )

    def _describe_replied(self, message: discord.Message) -> RepliedMessage:
        bot = self._bot
        return RepliedMessage(
            get_person(bot, message.author),
            message.content,
            is_own=is_own_message(bot, message),
            error_id=find_error_id(bot, message),
            interaction_id=find_interaction_id(bot, message),
        )

    def can_be_for_bot(self, message: discord.Message) -> bool:
        """Return whether the message may address the bot, judged by its place and mentions."""
        has_content = bool(extract_text(self._bot, message)) or (
            self._recordings.find(message) is not None
        )
        return is_addressed(self._bot, message) or is_for_bot_alone(self._bot, message, has_content)

    def _is_talk_to_bot(self, message: discord.Message, person: Person, setting: Setting) -> bool:
        """Return whether talk is addressed to the bot.

        Replies to a proposal are often talk among people. In a run's thread, a listed person who
        writes to no one else there talks to the bot.
        """
        if setting.addressed or setting.reply_to in ("bot", "error"):
            return True
        others = any(user != self._bot.user for user in message.mentions)
        to_somebody = others or setting.reply_to == "person"
        return setting.about_a_proposal and is_listed(self._bot, person) and not to_somebody

    async def _judge(
        self, text: str, utterance: Utterance, person: Person, setting: Setting
    ) -> Overheard:
        """Return whether the message is for the bot, also if it does not address it."""
        if setting.is_for_bot:
            return Overheard(is_for_bot=True)
        names = {*self._bot.cogs, *(each.name for each in self._bot.tree.get_commands())}
        return await self._bot.intake.attention.judge(text, utterance, person, names)

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


def _is_remark(content: MessageContent, utterance: Utterance) -> bool:
    """Return whether a message that only the bot can read asks it nothing."""
    talks = utterance.intent is Intent.CHAT and not content.text.rstrip().endswith("?")
    return talks and not content.is_declined


def _is_plain_message(message: discord.Message) -> bool:
    """Return whether the message is what its author typed, as they typed it first.

    Whatever else is in it may not decide anything, and neither may an edit or a forward.
    """
    added = message.attachments or message.stickers or message.poll or message.message_snapshots
    return not added and message.edited_at is None
