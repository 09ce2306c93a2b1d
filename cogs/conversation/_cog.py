"""Which messages are for the bot, and what they point at."""

import asyncio

import discord
from cachetools import FIFOCache
from discord.ext import commands, tasks

from bot.client import TheseusClient
from bot.domain.errors import NotAuthorized, TheseusError, TooMany, WrongStage
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.run import Run, Waiting
from bot.grammar import Intent, ReplyTo, Setting, Utterance, parse
from cogs.conversation._agreement import answers_contract, take_contract_word
from cogs.conversation._choices import NOTHING, failed_lately, has_shipped, is_of_the_bot
from cogs.conversation._cursors import Cursors, MessageTurn
from cogs.conversation._decision_button import DecisionButton
from cogs.conversation._heard_message import Heard, mention_of
from cogs.conversation._in_kind import in_kind
from cogs.conversation._limits import MessageLimits
from cogs.conversation._missed import Missed
from cogs.conversation._requests import act_on, is_so
from cogs.conversation._rollback_button import RollbackButton
from cogs.conversation._talk import Talking
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

_REMEMBERED = 1_000


class Conversation(commands.Cog):
    """Listens to messages. What it does goes through the agent, under the speaker's rights."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot
        self._talking = Talking(bot)
        self._limits = MessageLimits(bot)
        self._heard: FIFOCache[int, None] = FIFOCache(_REMEMBERED)  # ids of messages
        self._cursors = Cursors(bot.key_values)
        self._missed = Missed(bot, self._cursors, self)
        self._away = asyncio.Event()  # set: look for what was missed

    async def cog_load(self) -> None:
        """Look for what came while nobody listened, whenever that may have been so."""
        self.bot.add_dynamic_items(DecisionButton, RollbackButton)
        if self.bot.is_ready():
            self._away.set()
        self._look_back.start()

    async def cog_unload(self) -> None:
        """Stop looking; what is in hand is found again."""
        self.bot.remove_dynamic_items(DecisionButton, RollbackButton)
        looking = self._look_back.get_task()
        self._look_back.cancel()
        if looking is not None:
            await asyncio.wait({looking})

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that is for the bot; leave all others alone."""
        if self._is_talk(message) and not self._heard_before(message.id):
            await self._take(message)

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        """From now on something may be missed."""
        self._cursors.hold()

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        """Discord has sent what came meanwhile."""
        if self._missed.known and not self._away.is_set():
            await self._cursors.release()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """A new connection: what came since the last one is to be found."""
        self._cursors.hold()
        self._away.set()

    @tasks.loop(count=1)
    async def _look_back(self) -> None:
        while True:
            await self._away.wait()
            self._away.clear()
            await self.bot.alone.wait()  # what a process before this one has in hand is not missed
            await self._missed.catch_up(self._away)

    @property
    def caught_up(self) -> bool:
        """Whether nothing is left that was missed."""
        return self._missed.done and not self._away.is_set()

    # What hears missed messages

    async def is_for_me(self, message: discord.Message) -> bool:
        """Whether somebody says this to the bot."""
        return self._is_talk(message) and await self._hear(message) is not None

    def has_heard(self, message_id: int) -> bool:
        """Whether the message came by itself."""
        return message_id in self._heard

    async def hear(self, message: discord.Message) -> None:
        """Answer a missed message, unless it came by itself meanwhile."""
        if not self._heard_before(message.id):
            await self._take(message, missed=True)

    async def _take(self, message: discord.Message, *, missed: bool = False) -> None:
        async with MessageTurn(self._cursors, message.channel.id, message.id) as turn:
            if self._limits.deaf_to(message):
                return
            heard = await self._hear(message, missed=missed)
            if heard is None:
                return
            turn.addressed = True
            turn.person_id = message.author.id if message.guild is None else None
            if await self._limits.hold_back(heard):
                return
            warning = self._limits.count(heard)
            answer = await self._answer_or_refusal(heard, missed=missed)
            await self._reply(message, in_kind(heard.utterance, answer), "reply")
            await self._reply(message, warning, "limit")

    async def _answer_or_refusal(self, heard: Heard, *, missed: bool) -> str | Post | None:
        try:
            return await self._answer(heard)
        except WrongStage as refusal:
            # it may have been heard to the end just before the bot was killed
            return "" if missed and await is_so(self.bot, heard) else str(refusal)
        except NotAuthorized as refusal:
            return "" if self.bot.agent.audit_writer.tired(heard.person.id) else str(refusal)
        except TooMany as refusal:
            return await self._limits.refused(heard, refusal)
        except TheseusError as refusal:
            return str(refusal)

    async def _reply(self, message: discord.Message, said: str | Post | None, kind: str) -> None:
        if said:
            post = said if isinstance(said, Post) else Post(text=said)
            await self.bot.chat.post(
                message.channel.id, post.but(reply_to=message.id), key=f"{kind}:{message.id}"
            )

    def _is_talk(self, message: discord.Message) -> bool:
        """Whether a person wrote it: no bot, no webhook, no note of Discord's own.

        In a server that is not known (any more) nobody can tell who it is: that is no direct
        message, though no server comes with it.
        """
        written = message.type in (discord.MessageType.default, discord.MessageType.reply)
        by_person = not message.author.bot and not message.webhook_id
        known = message.guild is not None or isinstance(message.channel, discord.DMChannel)
        return written and by_person and known and self.bot.user is not None

    def _heard_before(self, message_id: int) -> bool:
        """Whether Discord delivered this message before, as it may after a reconnect."""
        if message_id in self._heard:
            return True
        self._heard[message_id] = None
        return False

    async def _hear(self, message: discord.Message, *, missed: bool = False) -> Heard | None:
        person = author_of(self.bot, message)
        run = await run_in(self.bot, message.channel)
        pointed_at = await self._pointed_at(message)
        card = card_seen(self.bot, pointed_at) if pointed_at else None
        setting = Setting(
            addressed=message.guild is None or self._mentioned(message),
            in_thread=run is not None,
            dev_channel=in_dev_channel(self.bot, message.channel),
            # whoever asks clearly in the dev channel is answered, be it with a refusal
            listed=True,
            reply_to=self._reply_to(pointed_at, card),
            items=live_names(self.bot),
            words_alone=not (message.attachments or message.stickers or message.poll),
        )
        text = self._without_mention(message)
        utterance = parse(text, setting)
        if not (setting.heard or await self._is_overheard(text, utterance, person)):
            return None
        answers = await self._is_answer(run, text, utterance, pointed_at)
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
        )

    async def _is_overheard(self, text: str, utterance: Utterance, person: Person) -> bool:
        """Whether words in the dev channel that are said to nobody are for the bot.

        People take back changes of their own too: where none of the bot's is live, it is silent.
        So it is at a "fix it" where nothing failed lately, or where nobody listed says it, and at
        a change that is wished of what is not the bot's.
        """
        if utterance.names_nothing:
            return is_listed(self.bot, person) and bool(await failed_lately(self.bot))
        if utterance.intent is Intent.ROLL_BACK:
            return utterance.recognised and is_listed(self.bot, person)
        if utterance.recognised and utterance.intent is Intent.REVERT:
            return await has_shipped(self.bot, utterance.slots)
        return utterance.recognised and is_of_the_bot(self.bot, text, utterance.intent)

    def _is_talk_of_the_run(
        self, message: discord.Message, person: Person, setting: Setting
    ) -> bool:
        """Whether a listed person speaks in a run's thread, and to nobody else there."""
        others = any(user != self.bot.user for user in message.mentions)
        to_somebody = others or setting.reply_to == "person"
        return setting.about_a_proposal and is_listed(self.bot, person) and not to_somebody

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
        question = await self.bot.agent.question(run)
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
        if self.bot.user is None or message.author.id != self.bot.user.id:
            return "person"
        return "error" if error_id_in(self.bot, message) else "bot"

    def _mentioned(self, message: discord.Message) -> bool:
        return self.bot.user in message.mentions and not message.mention_everyone

    def _without_mention(self, message: discord.Message) -> str:
        """Return the text without the bot's mention, with other people's as `@name`."""
        text = message.content
        for user in message.mentions:
            name = "" if user == self.bot.user else mention_of(user.display_name)
            text = text.replace(f"<@{user.id}>", name).replace(f"<@!{user.id}>", name)
        return text.strip()

    async def _answer(self, heard: Heard) -> str | Post | None:
        intent = heard.utterance.intent
        if heard.answers and heard.run:
            if heard.run.waiting is Waiting.AGREEMENT:
                return await take_contract_word(self.bot, heard, heard.run)
            await self.bot.agent.answer(heard.run.id, heard.person, heard.text)
            return None
        answer = None if intent is Intent.CHAT else await act_on(self.bot, heard)
        if answer is None and (intent is Intent.CHAT or heard.utterance.unsure):
            await self._talking.answer(heard)
        elif answer is None and intent is Intent.UNCLEAR:
            answer = NOTHING.format(wanted=heard.utterance.slots.may_mean[0])
        return answer
