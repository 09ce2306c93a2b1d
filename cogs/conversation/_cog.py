"""Which messages are for the bot, and what they point at."""

import asyncio
import logging
from weakref import WeakValueDictionary

import discord
from cachetools import FIFOCache
from discord.ext import commands, tasks

from bot.client import TheseusClient
from bot.domain.errors import NotAuthorized, StoreError, TheseusError, TooMany, WrongStage
from bot.domain.posts import Post
from bot.domain.run import Waiting
from bot.grammar import Intent, Utterance
from cogs.conversation._agreement import take_contract_word
from cogs.conversation._attached_failure import name_attached_failure
from cogs.conversation._choices import NOTHING
from cogs.conversation._corrections import is_correction
from cogs.conversation._cursors import Cursors, MessageTurn
from cogs.conversation._decision_button import DecisionButton
from cogs.conversation._direct_answers import answer_directly
from cogs.conversation._heard_message import Heard
from cogs.conversation._hearing import Hearing
from cogs.conversation._in_kind import in_kind
from cogs.conversation._limits import MessageLimits
from cogs.conversation._missed import Missed
from cogs.conversation._requests import act_on, is_so
from cogs.conversation._rollback_button import RollbackButton
from cogs.conversation._talk import Talking

_REMEMBERED = 1_000
_log = logging.getLogger(__name__)


class Conversation(commands.Cog):
    """Listens to messages. What it does goes through the agent, under the speaker's rights."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot
        self._hearing = Hearing(bot)
        self._talking = Talking(bot)
        self._limits = MessageLimits(bot)
        self._heard: FIFOCache[int, Utterance | None] = FIFOCache(_REMEMBERED)  # by message
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()  # by message
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
    async def on_raw_message_edit(self, edit: discord.RawMessageUpdateEvent) -> None:
        """Answer a message that was corrected, or to which the mention was added."""
        if self._is_talk(edit.message) and is_correction(edit, self.bot.clock.now()):
            await self._take(edit.message, correction=True)

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
        return self._is_talk(message) and await self._hearing.hear(message) is not None

    def has_heard(self, message_id: int) -> bool:
        """Whether the message came by itself."""
        return message_id in self._heard

    async def hear(self, message: discord.Message) -> None:
        """Answer a missed message, unless it came by itself meanwhile."""
        if not self._heard_before(message.id):
            await self._take(message, missed=True)

    async def _take(
        self, message: discord.Message, *, missed: bool = False, correction: bool = False
    ) -> None:
        lock = self._locks.setdefault(message.id, asyncio.Lock())  # an edit may overtake its answer
        turn = MessageTurn(self._cursors, message.channel.id, message.id)
        try:
            async with lock, turn:
                await self._handle(message, turn, missed=missed, correction=correction)
        except StoreError as error:
            _log.warning("the message %s met a state that fails: %s", message.id, error)
            if not turn.answered and (turn.addressed or self._hearing.is_addressed(message)):
                await answer_directly(message, str(error))

    async def _handle(
        self, message: discord.Message, turn: MessageTurn, *, missed: bool, correction: bool
    ) -> None:
        if self._limits.deaf_to(message):
            return
        heard = await self._hearing.hear(message, missed=missed, correction=correction)
        if heard is None or (correction and self._asks_the_same(heard)):
            return
        self._heard[message.id] = heard.utterance
        turn.addressed = True
        turn.person_id = message.author.id if message.guild is None else None
        if await self._limits.hold_back(heard):
            return
        warning = self._limits.count(heard)
        answer = await self._answer_or_refusal(heard, missed=missed)
        await self._reply(message, in_kind(heard.utterance, answer), heard.reply_key)
        turn.answered = True
        await self._reply(message, heard.unread, f"files:{heard.key}")
        await self._reply(message, warning, f"limit:{heard.key}")

    def _asks_the_same(self, heard: Heard) -> bool:
        """Whether a correction changes nothing of what was asked, such as a slip of the pen."""
        if heard.utterance.intent is Intent.CHAT:
            return False
        return self._heard.get(heard.message.id) == heard.utterance

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

    async def _reply(self, message: discord.Message, said: str | Post | None, key: str) -> None:
        if said:
            post = said if isinstance(said, Post) else Post(text=said)
            try:
                await self.bot.chat.post(message.channel.id, post.but(reply_to=message.id), key=key)
            except StoreError as error:
                await answer_directly(message, post.text or str(error))

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

    async def _answer(self, heard: Heard) -> str | Post | None:
        await name_attached_failure(self.bot, heard)
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
