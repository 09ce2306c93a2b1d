"""The buttons under “What do you mean?”. Their ids hold all state, so they survive a restart."""

import re
from contextlib import suppress
from typing import Any, Protocol, Self

import discord
from discord import ui

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import TheseusError, WrongStage
from bot.grammar import Intent
from cogs.ui import get_speaker, send_privately

_TEMPLATE = re.compile(r"theseus:meant:(?P<act>fix|investigate|change|ask|nothing)")
_GONE = "I can no longer see the message that this is about. Please write it again."
_OTHERS = "Only the person who wrote the message can say what it means."


class MeaningReceiver(Protocol):
    """Handles a message as what its author says that it means."""

    async def handle_meaning(self, message: discord.Message, intent: Intent) -> None:
        """Answer the message as a request of that kind."""
        ...


class MeaningButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One possible meaning of the message that the question replies to."""

    def __init__(self, item: ui.Button[Any], found: re.Match[str]) -> None:
        super().__init__(item)
        self._kind: str = found["act"]

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a button with a meaning came as {type(item).__name__}")
        return cls(item, match)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Handle the message as its author says, and remove the buttons."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            text = await self._handle(interaction)
        except TheseusError as refusal:
            text = str(refusal)
        else:
            with suppress(discord.HTTPException):  # deleted in the meantime, or too old to edit
                if interaction.message is not None:
                    await interaction.message.edit(view=None)
        await send_privately(interaction, text, f"meant-{self._kind}")

    async def _handle(self, interaction: discord.Interaction[Any]) -> str:
        client: TheseusClient = interaction.client
        await client.agent.permit(get_speaker(interaction), Act.ASK, note="what was meant")
        message = await _fetch_message(interaction)
        if message.author.id != interaction.user.id:
            raise WrongStage(_OTHERS)
        if self._kind == "nothing":
            return "All right, I did nothing."
        receiver: MeaningReceiver | Any = client.get_cog("Conversation")
        if receiver is None:
            raise WrongStage("I do not read messages just now. Please try again in a minute.")
        await receiver.handle_meaning(message, Intent(self._kind))
        return "Thank you, I go on with that."


async def _fetch_message(interaction: discord.Interaction[Any]) -> discord.Message:
    """Return the message that the question replies to. Raises `WrongStage` if it is gone."""
    question = interaction.message
    reference = question.reference if question is not None else None
    if question is None or reference is None or reference.message_id is None:
        raise WrongStage(_GONE)
    try:
        return await question.channel.fetch_message(reference.message_id)
    except discord.HTTPException as error:
        raise WrongStage(_GONE) from error
