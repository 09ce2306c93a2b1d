"""The buttons with the meanings of a message. Their ids hold all state, so they survive a restart.

“Not what I meant” (`other`) stops the run that the message started, and shows the meanings.
"""

import re
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, Self, cast

import discord
from discord import ui

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.correction import NOTHING, Meaning
from bot.domain.errors import TheseusError, WrongStage
from bot.domain.posts import Post
from bot.domain.run import Run
from bot.grammar import Intent
from bot.presentation.meanings import OTHER, render_meaning_question
from bot.self_improvement.run_decisions import RunDecisions
from cogs.ui import get_speaker
from cogs.ui.answers import send_post

_TEMPLATE = re.compile(
    r"theseus:meant:(?P<act>other|fix|investigate|change|ask|nothing)"
    r"(?::run:(?P<run>[0-9a-z]+)|:message:(?P<message>[0-9]+))?"
)
_GONE = "I can no longer see the message that this is about. Please write it again."
_OTHERS = "Only the person who wrote the message can say what it means."
_NOT_MEANT = "it is not what they meant"


class MeaningReceiver(Protocol):
    """Handles a message as what its author says that it means."""

    async def handle_meaning(
        self, message: discord.Message, meaning: Meaning, reading: Intent | None
    ) -> None:
        """Remember the meaning, and answer the message as a request of that kind."""
        ...


class _Source(NamedTuple):
    """What the button is about: a message, by channel and id, and the run that it started."""

    channel_id: int
    message_id: int
    run: Run | None = None

    @property
    def goal(self) -> Intent | None:
        """What the message was taken for, if it started a run."""
        return Intent(self.run.goal) if self.run else None

    def name(self) -> tuple[str, str]:
        """Return the part of a button's id that `_find_source` reads."""
        return ("run", self.run.id) if self.run else ("message", str(self.message_id))


class MeaningButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One possible meaning of a message: of a run's, a named one, or the one replied to."""

    def __init__(self, item: ui.Button[Any], found: re.Match[str]) -> None:
        super().__init__(item)
        self._kind: str = found["act"]
        self._run_id: str | None = found["run"]
        self._message_id: str | None = found["message"]

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a button with a meaning came as {type(item).__name__}")
        return cls(item, match)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Ask what the message means, or handle it as its author says and remove the buttons."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            answer = await self._handle(interaction)
        except TheseusError as refusal:
            answer = Post(text=str(refusal))
        else:
            if self._run_id is None and self._kind != OTHER and interaction.message is not None:
                with suppress(discord.HTTPException):  # deleted in the meantime, or too old to edit
                    await interaction.message.edit(view=None)
        await send_post(interaction, answer)

    async def _handle(self, interaction: discord.Interaction[Any]) -> Post:
        client: TheseusClient = interaction.client
        await client.agent.permit(get_speaker(interaction), Act.ASK, note="what was meant")
        source = await self._find_source(interaction)
        has_stopped = await _stop(interaction, source)
        if self._kind == OTHER:
            await _fetch_message(interaction, source)
            return render_meaning_question(
                (), *source.name(), without=source.goal, has_stopped=has_stopped
            )
        meaning = cast("Meaning", self._kind)  # the template permits no other
        receiver: MeaningReceiver | Any = client.get_cog("Conversation")
        if receiver is None:
            raise WrongStage("I do not read messages just now. Please try again in a minute.")
        message = await _fetch_message(interaction, source)
        await receiver.handle_meaning(message, meaning, source.goal)
        if meaning == NOTHING:
            return Post(text="All right, I do nothing. I remember that.")
        return Post(text="Thank you, I go on with that. I remember it.")

    async def _find_source(self, interaction: discord.Interaction[Any]) -> _Source:
        """Return what the button is about. Raises `WrongStage` if it can no longer be seen."""
        if self._run_id is not None:
            run = await interaction.client.agent.find(run_id=self._run_id)
            place = run.trigger.place
            if not run.trigger.is_from_message or place.message_id is None:
                raise WrongStage("No message started this run. To end it, cancel it.")
            if run.trigger.person.id != interaction.user.id:
                raise WrongStage(_OTHERS)
            return _Source(place.thread_id or place.channel_id, place.message_id, run)
        question, channel_id = interaction.message, interaction.channel_id
        if self._message_id is not None and channel_id is not None:
            return _Source(channel_id, int(self._message_id))
        reference = question.reference if question is not None else None
        if question is None or reference is None or reference.message_id is None:
            raise WrongStage(_GONE)
        return _Source(question.channel.id, reference.message_id)


async def _stop(interaction: discord.Interaction[Any], source: _Source) -> bool:
    """End the run that the message started; return whether it had to be ended."""
    if source.run is None or source.run.has_ended:
        return False
    client: TheseusClient = interaction.client
    person = get_speaker(interaction)
    await client.provide(RunDecisions).cancel(source.run.id, person, why=_NOT_MEANT)
    return True


async def _fetch_message(interaction: discord.Interaction[Any], source: _Source) -> discord.Message:
    """Return the message. Raises `WrongStage` if it is gone, or not of the person who pressed."""
    client: TheseusClient = interaction.client
    try:
        channel = client.get_channel(source.channel_id) or await client.fetch_channel(
            source.channel_id
        )
        if not isinstance(channel, discord.abc.Messageable):
            raise WrongStage(_GONE)
        message = await channel.fetch_message(source.message_id)
    except discord.HTTPException as error:
        raise WrongStage(_GONE) from error
    if message.author.id != interaction.user.id:
        raise WrongStage(_OTHERS)
    return message
