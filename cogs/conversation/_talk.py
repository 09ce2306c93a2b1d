"""Small talk: answered by a model if there is one, else by rules."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import aclosing, suppress
from typing import Any
from weakref import WeakValueDictionary

import discord
import structlog
from discord import app_commands
from theseus_observe.redaction import redact

from bot.authority.emergency_stop import EmergencyStop
from bot.budget.reports import BudgetReports
from bot.client import TheseusClient
from bot.domain.chat import (
    CHAT,
    ChatLine,
    Chronicle,
    cut,
    find_persona_name,
    limit_length,
    strip_question_mark,
)
from bot.domain.errors import (
    AgentError,
    BudgetSpent,
    ConfigError,
    Stopped,
    StoreError,
    TheseusError,
)
from bot.domain.journal import Kind
from bot.domain.people import Person
from bot.domain.posts import MessageRef, Post
from bot.ports.chat import Chat
from bot.ports.chat_model import ChatModel, ChatTurn, FinalReply
from bot.presentation.gaps import describe_noted_gap
from bot.presentation.small_talk import answer_small_talk
from bot.self_improvement.requests.gaps import GapService
from cogs.conversation._chat_tools import SpeakerTools
from cogs.conversation._incoming_message import IncomingMessage
from cogs.conversation._memories import answer_from_notes
from cogs.conversation._model_calls import note_cost
from cogs.conversation._translation import get_small_talk
from cogs.ui import get_audience, is_listed, list_usable_commands

_EARLY = 40  # characters; a shorter beginning is not worth showing
_LONGEST = 9_000  # characters of one message and its files that a model reads
_RULES = "rules"
_log = structlog.stdlib.get_logger(__name__)


class Talking:
    """Answers the messages of a channel one after another. The history survives a restart."""

    def __init__(self, bot: TheseusClient) -> None:
        self._bot = bot
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._budget_notices: dict[
            int, str
        ] = {}  # person id -> the used-up budget that was reported to them

    async def answer(self, incoming: IncomingMessage) -> None:
        """Answer exactly once, even if the process is killed at any moment.

        The answer is stored before it is shown, so a restart shows the stored one again.
        """
        message = incoming.message
        reply = GrowingReply(self._bot.chat, incoming)
        async with self._turns.setdefault(message.channel.id, asyncio.Lock()):
            chronicle = await self._load_chronicle(message.channel.id)
            known = None if incoming.request.is_correction else chronicle.find_answer(message.id)
            text = known.text if known else await self._generate_answer(incoming, chronicle, reply)
            if known is None:
                await self._save(incoming, chronicle, text)
            await reply.end(text)

    # Answers

    async def _generate_answer(
        self, incoming: IncomingMessage, chronicle: Chronicle, reply: "GrowingReply"
    ) -> str:
        """Return the answer, which is shown while it grows; the turn is recorded in the journal."""
        bot, message = self._bot, incoming.message
        listed, chat_model = is_listed(bot, incoming.request.person), bot.chat_model
        stop = await bot.provide(EmergencyStop).get_stop()
        guild = message.guild.id if message.guild else None
        with bot.recorder.measure(
            Kind.CHAT,
            "turn",
            user_id=message.author.id,
            channel_id=message.channel.id,
            guild_id=guild,
            audience=get_audience(bot, message),
        ) as turn:
            if stop is not None and listed:
                trouble = stop.summary
            elif chat_model is not None and listed:
                turn.note(agent=chat_model.name)
                try:
                    await self._note_gap(incoming, with_model=True)
                    await bot.provide(BudgetReports).check_chat_budget(incoming.request.person)
                    return await self._ask_model(chat_model, incoming, chronicle, reply)
                except (AgentError, BudgetSpent, Stopped, ConfigError) as error:
                    trouble = self._describe_error(incoming.request.person, error)
            else:
                trouble = ""
            turn.note(agent=_RULES)
            if listed and (answer := await answer_from_notes(bot, incoming.request)):
                return answer
            if not trouble and (gap := await self._note_gap(incoming)):
                return gap
            if not trouble and (small_talk := get_small_talk(incoming.request.utterance.language)):
                return small_talk
            return answer_small_talk(
                incoming.request.text,
                name=self._name(),
                listed=listed,
                commands=_add_groups(
                    command.qualified_name for command in _iterate_slash_commands(bot)
                ),
                usable=_add_groups(list_usable_commands(bot, incoming.request.person)),
                trouble=trouble,
            )

    async def _note_gap(self, incoming: IncomingMessage, *, with_model: bool = False) -> str:
        """Store a request that nothing serves, and return the answer; "" if it is small talk."""
        gaps = self._bot.find_part(GapService)
        request = incoming.request
        if gaps is None:
            return ""
        try:
            gap = await gaps.note(request.person, request.text, with_model=with_model)
        except StoreError as error:
            _log.warning("a request that could not be served is not stored: %s", error)
            return ""
        return describe_noted_gap(gap) if gap is not None else ""

    def _describe_error(self, person: Person, error: TheseusError) -> str:
        """Return why no model answers; a used-up budget is reported once until it resets."""
        if isinstance(error, BudgetSpent):
            which = f"{error.until}"
            if self._budget_notices.get(person.id) == which:
                return ""
            self._budget_notices[person.id] = which
        return redact(str(error))

    async def _ask_model(
        self,
        chat_model: ChatModel,
        incoming: IncomingMessage,
        chronicle: Chronicle,
        reply: "GrowingReply",
    ) -> str:
        """Return the model's answer, shown while it grows. Raises what the chat model raises."""
        message, answer = incoming.message, ""
        with suppress(discord.HTTPException):  # only decoration: failures are ignored
            await message.channel.typing()
        turn = ChatTurn(
            channel_id=message.channel.id,
            message_id=message.id,
            person=incoming.request.person,
            text=redact(incoming.request.text_and_files[:_LONGEST]),
            before=chronicle.lines[-self._bot.remembered :] if self._bot.remembered else (),
        )
        with self._bot.recorder.measure(
            Kind.MODEL,
            "chat",
            agent=chat_model.name,
            user_id=message.author.id,
            channel_id=message.channel.id,
            audience=get_audience(self._bot, message),
        ) as call:
            async with aclosing(chat_model.talk(turn, SpeakerTools(self._bot, incoming))) as talk:
                async for each in talk:
                    note_cost(call, each)
                    if isinstance(each, FinalReply):
                        answer = strip_question_mark(each.text)
                    else:
                        await reply.grow(strip_question_mark(each.text))
        return limit_length(redact(answer)) or "I have nothing to say to that."

    def _name(self) -> str:
        try:
            return find_persona_name(self._bot.prompts.render("persona"))
        except ConfigError:
            return find_persona_name("")

    # Stored history

    async def _load_chronicle(self, channel_id: int) -> Chronicle:
        """Return the channel's history; an unreadable history starts empty."""
        try:
            return (
                await self._bot.key_values.get(_build_namespace(channel_id), Chronicle)
                or Chronicle()
            )
        except StoreError as error:
            _log.warning("what was said in channel %s is lost: %s", channel_id, error)
            return Chronicle()

    async def _save(self, incoming: IncomingMessage, chronicle: Chronicle, text: str) -> None:
        message, name = incoming.message, incoming.request.person.name
        now = self._bot.clock.now()
        line = ChatLine(
            message_id=message.id,
            by=name,
            by_id=incoming.request.person.id,
            text=redact(incoming.request.text),
            at=now,
        )
        # parts may have been erased in the meantime
        chronicle = await self._load_chronicle(message.channel.id)
        updated = chronicle.replace(channel_id=message.channel.id).append(
            line, line.replace(by="", text=text, ours=True), most=self._bot.remembered
        )
        try:
            await self._bot.key_values.put(_build_namespace(message.channel.id), updated)
        except StoreError as error:
            _log.warning("what was said in channel %s is not kept: %s", message.channel.id, error)


class GrowingReply:
    """The reply to one message, posted early and edited as it grows.

    Its key makes sure that a restart does not post a second reply.
    """

    def __init__(self, chat: Chat, incoming: IncomingMessage) -> None:
        self._chat = chat
        self._channel_id = incoming.message.channel.id
        self._message_id = incoming.message.id
        self._key = incoming.request.reply_key
        self._ref: MessageRef | None = None

    async def grow(self, text: str) -> None:
        """Show the current part of the text, at the chat's edit rate."""
        if self._ref is None and len(text) < _EARLY:
            return
        post = self._post(f"{cut(text).first} …")
        if self._ref is None:
            self._ref = await self._chat.post(self._channel_id, post, key=self._key)
        else:
            await self._chat.edit(self._ref, post)

    async def end(self, text: str) -> None:
        """Show the final text, also if an earlier process posted a part of it. Idempotent."""
        first, rest = cut(text)
        post = self._post(first)
        ref = await self._chat.post(self._channel_id, post, key=self._key)
        await self._chat.edit(ref, post, final=True)
        if rest:
            await self._chat.post(self._channel_id, Post(text=rest), key=f"{self._key}:rest")

    def _post(self, text: str) -> Post:
        return Post(text=text, reply_to=self._message_id)


def _iterate_slash_commands(bot: TheseusClient) -> Iterator[app_commands.Command[Any, ..., Any]]:
    return (each for each in bot.tree.walk_commands() if isinstance(each, app_commands.Command))


def _add_groups(names: Iterable[str]) -> frozenset[str]:
    """Return the full names of commands and their groups: "poll" for "poll create"."""
    return frozenset(part for name in names for part in (name, name.partition(" ")[0]))


def _build_namespace(channel_id: int) -> str:
    return f"{CHAT}{channel_id}"
