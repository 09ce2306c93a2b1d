"""The cog that receives messages: it decides which are for the bot, and answers them."""

import asyncio
from weakref import WeakValueDictionary

import discord
import structlog
from cachetools import FIFOCache
from discord.ext import commands, tasks

from bot.authority.authorizer import AuditWriter
from bot.client import TheseusClient
from bot.domain.correction import NOTHING, Meaning, get_intent
from bot.domain.errors import NotAuthorized, StoreError, TheseusError, TooMany, WrongStage
from bot.domain.posts import Post
from bot.grammar import COMMAND_LINE, Intent, Utterance
from bot.intake.corrections import Corrections
from bot.listener.second_opinion import explain, understand
from cogs.conversation._corrections import is_correction
from cogs.conversation._cursors import Cursors, MessageTurn
from cogs.conversation._decision_button import DecisionButton
from cogs.conversation._direct_answers import answer_directly
from cogs.conversation._incoming_message import IncomingMessage
from cogs.conversation._limits import MessageLimits
from cogs.conversation._meaning_button import MeaningButton
from cogs.conversation._message_reader import MessageReader
from cogs.conversation._missed_messages import MissedMessages
from cogs.conversation._model_readings import read_with_model
from cogs.conversation._rollback_button import RollbackButton
from cogs.conversation._talk import Talking
from cogs.conversation._translation import translate_reply
from cogs.ui import get_author

_REMEMBERED = 1_000
_log = structlog.stdlib.get_logger(__name__)


class Conversation(commands.Cog):
    """Listens to messages. Every request goes to the agent, with the author's rights."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot
        self._hearing = MessageReader(bot)
        self._talking = Talking(bot)
        self._limits = MessageLimits(bot)
        self._utterances: FIFOCache[int, Utterance | None] = FIFOCache(_REMEMBERED)  # by message
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()  # by message
        self._cursors = Cursors(bot.key_values)
        self._missed = MissedMessages(bot, self._cursors, self)
        self._away = asyncio.Event()  # when set, the loop looks for missed messages

    async def cog_load(self) -> None:
        """Register the buttons, and look for messages that arrived while nothing listened."""
        self.bot.add_dynamic_items(DecisionButton, MeaningButton, RollbackButton)
        if corrections := self.bot.find_part(Corrections):
            await corrections.load()
        if self.bot.is_ready():
            self._away.set()
        self._look_back.start()

    async def cog_unload(self) -> None:
        """Stop looking; messages that are being handled are found again by the next cog."""
        self.bot.remove_dynamic_items(DecisionButton, MeaningButton, RollbackButton)
        looking = self._look_back.get_task()
        self._look_back.cancel()
        if looking is not None:
            await asyncio.wait({looking})

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that is for the bot; ignore all others."""
        if self._is_talk(message) and not self._check_duplicate(message.id):
            await self._take(message)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, edit: discord.RawMessageUpdateEvent) -> None:
        """Answer a message that was corrected, or that mentions the bot only since its edit."""
        if self._is_talk(edit.message) and is_correction(edit, self.bot.clock.now()):
            await self._take(edit.message, correction=True)

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        """Stop moving the cursors: from now on, messages may be missed."""
        self._cursors.hold()

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        """Move the cursors again: Discord has sent the missed messages itself."""
        if self._missed.is_known and not self._away.is_set():
            await self._cursors.release()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Look for missed messages: a new connection does not repeat them."""
        self._cursors.hold()
        self._away.set()

    @tasks.loop(count=1)
    async def _look_back(self) -> None:
        while True:
            await self._away.wait()
            self._away.clear()
            # messages that an earlier process still handles are not missed
            await self.bot.alone.wait()
            await self._missed.catch_up(self._away)

    @property
    def caught_up(self) -> bool:
        """True if no missed message is left."""
        return self._missed.is_done and not self._away.is_set()

    # Implements `MessageReceiver` for missed messages

    async def parse_missed(self, message: discord.Message) -> Utterance | None:
        """Return what the message asks for; None if it is not for the bot."""
        incoming = await self._hearing.read(message) if self._is_talk(message) else None
        return incoming.request.utterance if incoming else None

    def has_received(self, message_id: int) -> bool:
        """Return whether Discord delivered the message as an event."""
        return message_id in self._utterances

    async def answer_missed(self, message: discord.Message, utterance: Utterance) -> None:
        """Answer a parsed message, unless it was delivered in the meantime."""
        if not self._check_duplicate(message.id):
            await self._take(message, utterance=utterance)

    async def handle_meaning(
        self, message: discord.Message, meaning: Meaning, reading: Intent | None
    ) -> None:
        """Answer the message as what its author says, with a button, that it means.

        That is remembered for this sentence. `reading` is what the message started.
        """
        text = self.bot.intake.targets.strip_names(await self._hearing.read_text(message))
        reading = reading or understand(text, COMMAND_LINE).intent
        person = get_author(self.bot, message)
        await self.bot.provide(Corrections).remember(text, person, reading, meaning)
        if meaning != NOTHING:
            utterance = explain(text, COMMAND_LINE, get_intent(meaning))
            await self._take(message, utterance=utterance, explained=True)

    async def _take(
        self,
        message: discord.Message,
        *,
        utterance: Utterance | None = None,
        correction: bool = False,
        explained: bool = False,
    ) -> None:
        # an edit may arrive before the first version is answered
        lock = self._locks.setdefault(message.id, asyncio.Lock())
        turn = MessageTurn(self._cursors, message.channel.id, message.id)
        try:
            async with lock, turn:
                await self._handle(
                    message, turn, utterance, correction=correction, explained=explained
                )
        except StoreError as error:
            _log.warning("the message %s met a state that fails: %s", message.id, error)
            if not turn.answered and (turn.addressed or self._hearing.can_be_for_bot(message)):
                await answer_directly(message, str(error))

    async def _handle(
        self,
        message: discord.Message,
        turn: MessageTurn,
        parsed: Utterance | None,
        *,
        correction: bool,
        explained: bool,
    ) -> None:
        """Answer a message. One that was missed, or explained by its author, was parsed before."""
        if self._limits.should_ignore(message):
            return
        missed = parsed is not None and not explained
        incoming = await self._hearing.read(
            message,
            utterance=parsed,
            missed=missed,
            correction=correction,
            explained=explained,
        )
        if incoming is None or (correction and self._is_same_request(incoming)):
            return
        self._utterances[message.id] = incoming.request.utterance
        turn.addressed = True
        turn.person_id = message.author.id if message.guild is None else None
        if await self._limits.hold_back(incoming):
            return
        warning = self._limits.count(incoming)
        await self._reply(message, incoming.content.notice, f"voice:{message.id}")
        incoming.request = await read_with_model(self.bot, incoming)
        declined = incoming.content.is_declined
        answer = "" if declined else await self._answer_or_refuse(incoming, missed=missed)
        await self._reply(
            message,
            await translate_reply(self.bot, incoming, answer),
            incoming.request.reply_key,
        )
        turn.answered = True
        await self._reply(
            message, incoming.content.attached.notice, f"files:{incoming.request.key}"
        )
        await self._reply(message, warning, f"limit:{incoming.request.key}")

    def _is_same_request(self, incoming: IncomingMessage) -> bool:
        """Return whether a correction changes nothing in the request, e.g. it fixes a typo."""
        if incoming.request.utterance.intent is Intent.CHAT:
            return False
        return self._utterances.get(incoming.message.id) == incoming.request.utterance

    async def _answer_or_refuse(
        self, incoming: IncomingMessage, *, missed: bool
    ) -> str | Post | None:
        try:
            return await self._answer(incoming)
        except WrongStage as refusal:
            # the request may have been carried out just before the bot was killed
            return (
                ""
                if missed and await self.bot.intake.is_already_done(incoming.request)
                else str(refusal)
            )
        except NotAuthorized as refusal:
            return (
                ""
                if self.bot.provide(AuditWriter).is_rate_limited(incoming.request.person.id)
                else str(refusal)
            )
        except TooMany as refusal:
            return await self._limits.refuse(incoming, refusal)
        except TheseusError as refusal:
            return str(refusal)

    async def _reply(self, message: discord.Message, content: str | Post | None, key: str) -> None:
        if content:
            post = content if isinstance(content, Post) else Post(text=content)
            try:
                await self.bot.chat.post(
                    message.channel.id, post.replace(reply_to=message.id), key=key
                )
            except StoreError as error:
                await answer_directly(message, post.text or str(error))

    def _is_talk(self, message: discord.Message) -> bool:
        """Return whether a person wrote the message: not a bot, a webhook or Discord itself.

        A message from a server that is not in the cache has no guild either, but it is not a direct
        message: nobody can tell which rights its author has. It is ignored.
        """
        written = message.type in (discord.MessageType.default, discord.MessageType.reply)
        by_person = not message.author.bot and not message.webhook_id
        known = message.guild is not None or isinstance(message.channel, discord.DMChannel)
        return written and by_person and known and self.bot.user is not None

    def _check_duplicate(self, message_id: int) -> bool:
        """Return whether Discord delivered this message before, as it may after a reconnect."""
        if message_id in self._utterances:
            return True
        self._utterances[message_id] = None
        return False

    async def _answer(self, incoming: IncomingMessage) -> str | Post | None:
        request = incoming.request = await self.bot.intake.complete(incoming.request)
        answer = await self.bot.intake.handle(request)
        may_be_talk = request.intent is Intent.CHAT or request.utterance.unsure
        if answer is None and may_be_talk and not request.is_answer:
            await self._talking.answer(incoming)
        return answer
