"""Conversation: what people say, understood by the grammar and handed on."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import discord
from discord.ext import commands

from bot.client import TheseusClient
from bot.domain.cards import run_line
from bot.domain.errors import TheseusError, UnknownRun
from bot.domain.grammar import Intent, ReplyTo, Setting, Utterance, parse
from bot.domain.people import Person
from bot.domain.policy import Act
from bot.domain.posts import Post
from bot.domain.run import Run, Trigger
from bot.self_improvement import ApprovalRequest
from cogs.ui import (
    CardSeen,
    card_seen,
    error_id_in,
    in_dev_channel,
    is_answer,
    is_listed,
    is_question,
    on_it,
    person_of,
    place_of,
    shipping_text,
)

ABOUT = (
    "I look after this bot's own code. Tell me what is broken, for example “rolling dice keeps "
    "crashing, fix it” or “why does /poll fail?”, or reply “fix this” to an error message. I "
    "answer in a thread, prove the fix, and merge only when someone on my list says “ship it”. "
    "`/runs list` shows what I am doing."
)
_REMEMBERED = 1_000
NOT_YET = "I understood “{intent}”, but I cannot do that yet."


class Heard:
    """One message that is for the bot, with everything an answer needs."""

    def __init__(
        self,
        message: discord.Message,
        person: Person,
        utterance: Utterance,
        *,
        run: Run | None,
        pointed_at: discord.Message | None,
        card: CardSeen | None,
        answers: bool = False,
    ) -> None:
        self.message = message
        self.person = person
        self.utterance = utterance
        self.run = run
        self.pointed_at = pointed_at
        self.card = card
        self.answers = answers  # what the run waits to hear


class Conversation(commands.Cog):
    """Listens to messages. What it does goes through the agent, under the speaker's rights."""

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot
        self._heard: dict[int, None] = {}  # ids of messages, oldest first
        self._answers: dict[Intent, Callable[[Heard], Awaitable[str | None]]] = {
            Intent.INVESTIGATE: self._work,
            Intent.FIX: self._work,
            Intent.SHIP: self._ship,
            Intent.REJECT: self._reject,
            Intent.CANCEL: self._cancel,
            Intent.STATUS: self._status,
            Intent.REVISE: self._revise,
        }

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that is for the bot; leave all others alone."""
        if not self._is_talk(message) or self._heard_before(message.id):
            return
        heard = await self._hear(message)
        if heard is None:
            return
        try:
            answer = await self._answer(heard)
        except TheseusError as refusal:
            answer = str(refusal)
        if answer:
            await self.bot.chat.post(
                message.channel.id,
                Post(text=answer, reply_to=message.id),
                key=f"reply:{message.id}",
            )

    def _is_talk(self, message: discord.Message) -> bool:
        """Whether a person wrote it: no bot, no webhook, no note of Discord's own."""
        written = message.type in (discord.MessageType.default, discord.MessageType.reply)
        by_person = not message.author.bot and not message.webhook_id
        return written and by_person and self.bot.user is not None

    def _heard_before(self, message_id: int) -> bool:
        """Whether Discord delivered this message before, as it may after a reconnect."""
        if message_id in self._heard:
            return True
        self._heard[message_id] = None
        while len(self._heard) > _REMEMBERED:
            del self._heard[next(iter(self._heard))]
        return False

    async def _hear(self, message: discord.Message) -> Heard | None:
        person = person_of(self.bot, message.author)
        run = await self._run_of(message.channel)
        pointed_at = await self._pointed_at(message)
        card = card_seen(self.bot, pointed_at) if pointed_at else None
        setting = Setting(
            addressed=message.guild is None or self._mentioned(message),
            in_thread=run is not None,
            dev_channel=in_dev_channel(self.bot, message.channel),
            # whoever asks clearly in the dev channel is answered, be it with a refusal
            listed=True,
            reply_to=self._reply_to(pointed_at, card),
        )
        text = self._without_mention(message)
        utterance = parse(text, setting)
        if not (setting.heard or utterance.recognised):
            return None
        answers = await self._is_answer(run, text, utterance, pointed_at)
        if utterance.intent is Intent.CHAT and not (setting.addressed or answers):
            return None
        return Heard(
            message,
            person,
            utterance,
            run=run,
            pointed_at=pointed_at,
            card=card,
            answers=answers,
        )

    async def _is_answer(
        self,
        run: Run | None,
        text: str,
        utterance: Utterance,
        pointed_at: discord.Message | None,
    ) -> bool:
        """Whether the run waits for an answer, and these words are it."""
        if run is None or not text or await self.bot.agent.question(run) is None:
            return False
        replies = pointed_at is not None and is_question(self.bot, pointed_at)
        return is_answer(text, utterance.intent, replies=replies)

    async def _run_of(self, channel: object) -> Run | None:
        if not isinstance(channel, discord.Thread):
            return None
        try:
            return await self.bot.agent.find(thread_id=channel.id)
        except UnknownRun:
            return None

    async def _pointed_at(self, message: discord.Message) -> discord.Message | None:
        """Return the message this one replies to, fetched if it is not in the cache."""
        reference = message.reference
        if reference is None or reference.message_id is None:
            return None
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        try:
            return await message.channel.fetch_message(reference.message_id)
        except discord.HTTPException:
            return None  # deleted meanwhile: the words stand for themselves

    def _reply_to(
        self, pointed_at: discord.Message | None, card: CardSeen | None
    ) -> ReplyTo | None:
        if pointed_at is None:
            return None
        if card is not None:
            return "proposal"
        if self.bot.user is None or pointed_at.author.id != self.bot.user.id:
            return "person"
        return "error" if error_id_in(self.bot, pointed_at) else "bot"

    def _mentioned(self, message: discord.Message) -> bool:
        return self.bot.user in message.mentions and not message.mention_everyone

    def _without_mention(self, message: discord.Message) -> str:
        """Return the text without the bot's mention, with other people's as `@name`."""
        text = message.content
        for user in message.mentions:
            name = "" if user == self.bot.user else f"@{user.display_name}"
            text = text.replace(f"<@{user.id}>", name).replace(f"<@!{user.id}>", name)
        return text.strip()

    async def _answer(self, heard: Heard) -> str | None:
        intent = heard.utterance.intent
        if heard.answers and heard.run:
            said = self._without_mention(heard.message)
            await self.bot.agent.answer(heard.run.id, heard.person, said)
            return None
        if intent in self._answers:
            return await self._answers[intent](heard)
        if intent in (Intent.CHAT, Intent.CAPABILITIES):
            return ABOUT
        await self.bot.agent.permit(heard.person, Act.STEER, note=f"not yet: {intent}")
        return NOT_YET.format(intent=intent)

    async def _work(self, heard: Heard) -> str | None:
        """Start an investigation or a fix: a reaction at once, then a thread and a card."""
        goal = "fix" if heard.utterance.intent is Intent.FIX else "investigate"
        run, message = heard.run, heard.message
        subject = heard.utterance.slots.subject
        if run and goal == "fix" and run.goal == "investigate" and run.ended and not subject:
            await self.bot.agent.promote(run.id, heard.person)
            return "On it."
        if is_listed(self.bot, heard.person):
            with suppress(discord.HTTPException):  # without the right to react, the card says it
                await message.add_reaction("👀")
        started = await self.bot.agent.request(
            Trigger(
                key=f"message:{message.id}",
                goal=goal,
                person=heard.person,
                place=place_of(message),
                text=message.content[:2000],
                subject=subject[:200],
                error_id=error_id_in(self.bot, heard.pointed_at) if heard.pointed_at else None,
                at=message.created_at,
            )
        )
        elsewhere = message.guild is None or isinstance(message.channel, discord.Thread)
        return on_it(started) if elsewhere else None

    async def _ship(self, heard: Heard) -> str | None:
        slots, card = heard.utterance.slots, heard.card
        in_thread = heard.message.channel.id if heard.run else None
        _, approval, ships = await self.bot.agent.approve(
            ApprovalRequest(
                person=heard.person,
                how="text",
                run_id=card.run_id if card else slots.run,
                thread_id=in_thread,
                card_id=card.message_id if card else None,
                head=card.head if card else None,
                number=slots.pull_request,
                said_id=heard.message.id,
                security_reviewed=slots.security_reviewed,
            )
        )
        return shipping_text(heard.person, approval, ships=ships)

    async def _reject(self, heard: Heard) -> str | None:
        run = await self._meant(heard)
        await self.bot.agent.reject(run.id, heard.person)
        return None

    async def _cancel(self, heard: Heard) -> str | None:
        run = await self._meant(heard)
        await self.bot.agent.cancel(run.id, heard.person)
        return None

    async def _revise(self, heard: Heard) -> str | None:
        run = await self._meant(heard)
        said = heard.utterance.slots.instruction
        key = f"message:{heard.message.id}"
        run = await self.bot.agent.revise(run.id, heard.person, said, "text", key)
        return None if heard.run else on_it(run)

    async def _status(self, heard: Heard) -> str | None:
        await self.bot.agent.permit(heard.person, Act.READ)
        runs = [heard.run] if heard.run else [r for r in await self.bot.agent.runs() if not r.ended]
        if not runs:
            return "I am not working on anything."
        return "\n".join(run_line(run) for run in runs)

    async def _meant(self, heard: Heard) -> Run:
        slots = heard.utterance.slots
        named = heard.card.run_id if heard.card else slots.run
        thread = heard.message.channel.id if heard.run else None
        run = await self.bot.agent.find(run_id=named, thread_id=thread)
        proposal = (await self.bot.agent.history(run.id)).proposal
        if slots.pull_request is not None and (
            proposal is None or proposal.number != slots.pull_request
        ):
            raise UnknownRun(f"Run `{run.id}` did not propose #{slots.pull_request}.")
        return run


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Conversation(bot))
