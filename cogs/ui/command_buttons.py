"""The buttons under "which command do you mean?": each starts work on one command."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.domain.run import Goal, Trigger
from bot.intake.answers import describe_result
from cogs.ui.speakers import fetch_replied_text, get_speaker, place_asked_in, place_of

_TEMPLATE = re.compile(r"theseus:about:(?P<act>fix|investigate):(?P<command>[\w -]{1,70})")


class CommandButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One command that may be meant. Its id holds all state, so it survives a restart."""

    def __init__(self, item: ui.Button[Any], goal: Goal, command: str) -> None:
        super().__init__(item)
        self._goal: Goal = goal
        self._command = command

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a command came as {type(item).__name__}")
        return cls(item, "fix" if match["act"] == "fix" else "investigate", match["command"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Start work on that command, with the text of the original message."""
        bot: TheseusClient = interaction.client
        await interaction.response.defer(ephemeral=True, thinking=True)
        person, question = get_speaker(interaction), interaction.message
        reference = question.reference if question else None
        message_id = reference.message_id if reference else None
        place = place_asked_in(interaction)
        if question is not None and message_id is not None:
            place = place_of(question).replace(message_id=message_id)
        try:
            asked = await bot.intake.ask(
                Trigger(
                    key=f"interaction:{interaction.id}",
                    goal=self._goal,
                    person=person,
                    place=place,
                    text=await fetch_replied_text(interaction),
                    is_verbatim=False,
                    subject=f"/{self._command}",
                    at=interaction.created_at,
                ),
            )
            text = describe_result(person, asked)
        except TheseusError as refusal:
            text = str(refusal)
        await interaction.followup.send(text, ephemeral=True)
