"""The buttons under the card of a requested change: go ahead, or correct it."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.self_improvement.requests.agreements import Agreements
from cogs.ui.answers import revise
from cogs.ui.speakers import get_speaker

_TEMPLATE = re.compile(
    r"theseus:(?P<act>agree|amend):(?P<run>[0-9a-z]+):(?P<digest>[0-9a-f]{12,64})"
)
_LONGEST = 1_000


class AgreementButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """Acts only on the brief of its own card; on an old card, it says that the card is old."""

    def __init__(self, item: ui.Button[Any], act: str, run_id: str, digest: str) -> None:
        super().__init__(item)
        self._act = act
        self._run_id = run_id
        self._digest = digest

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a go-ahead came as {type(item).__name__}")
        return cls(item, match["act"], match["run"], match["digest"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Go ahead, or open the form, with the presser's rights."""
        if self._act == "amend":
            await self._open(interaction)
            return
        bot: TheseusClient = interaction.client
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            person = get_speaker(interaction)
            await bot.provide(Agreements).give(self._run_id, person, "button", self._digest)
            text = "I go ahead."
        except TheseusError as refusal:
            text = str(refusal)
        await interaction.followup.send(text, ephemeral=True)

    async def _open(self, interaction: discord.Interaction[Any]) -> None:
        bot: TheseusClient = interaction.client
        try:
            await bot.provide(Agreements).check(
                self._run_id, get_speaker(interaction), self._digest
            )
        except TheseusError as refusal:
            await interaction.response.send_message(str(refusal), ephemeral=True)
        else:
            await interaction.response.send_modal(AmendModal(self._run_id))


class AmendModal(ui.Modal, title="Correct what I understood"):
    """Asks what was misunderstood or is missing."""

    correction: ui.TextInput[Any] = ui.TextInput(
        label="What should be different?",
        style=discord.TextStyle.paragraph,
        placeholder="it should take how many coins to flip",
        max_length=_LONGEST,
    )

    def __init__(self, run_id: str) -> None:
        super().__init__(timeout=900)
        self._run_id = run_id

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Pass the correction to the run, which revises its brief."""
        await revise(interaction, self._run_id, self.correction.value)
