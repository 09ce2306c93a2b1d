"""The button under a flag's comparison: its next step."""

import re
from typing import Any, Self, cast

import discord
from discord import ui

from bot.authority.flags import FlagService
from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.domain.flag import FlagStep
from bot.presentation.flags import describe_switch
from cogs.ui.speakers import get_speaker

_TEMPLATE = re.compile(
    r"theseus:flag:(?P<act>off|share20|share50|all):(?P<name>[a-z][a-z0-9_-]{1,31}):(?P<since>\d+)"
)


class FlagButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """Switches a flag to its next step, unless somebody switched it since."""

    def __init__(self, item: ui.Button[Any], name: str, step: FlagStep, since: int) -> None:
        super().__init__(item)
        self._name = name
        self._step = step
        self._since = since

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a flag's button came as {type(item).__name__}")
        return cls(item, match["name"], cast("FlagStep", match["act"]), int(match["since"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Switch the flag with the presser's rights; everyone in the channel sees it."""
        bot: TheseusClient = interaction.client
        await interaction.response.defer(thinking=True)
        person, before = (
            get_speaker(interaction),
            bot.provide(FlagService).get_all().get(self._name),
        )
        try:
            flag = await bot.provide(FlagService).apply_step(
                person, self._name, self._step, self._since
            )
            text = describe_switch(before, flag)
        except TheseusError as refusal:
            text = str(refusal)
        await interaction.followup.send(text)
