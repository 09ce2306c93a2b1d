"""The buttons under "which failure do you mean?": each continues with one failure."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.client import TheseusClient
from bot.domain.people import Person
from bot.intake.answers import on_it
from bot.self_improvement.run_restarts import RunRestarts
from cogs.ui.answers import answer_press

_TEMPLATE = re.compile(r"theseus:(?P<act>choose):(?P<run>[0-9a-z]+):(?P<error>[0-9a-z]{8})")


class ChoiceButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One failure that may be meant. Its id holds all state, so it survives a restart."""

    def __init__(self, item: ui.Button[Any], run_id: str, error_id: str) -> None:
        super().__init__(item)
        self._run_id = run_id
        self._error_id = error_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a choice came as {type(item).__name__}")
        return cls(item, match["run"], match["error"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Continue with that failure, with the presser's rights."""
        await answer_press(interaction, self._press)

    async def _press(self, _: discord.Interaction[Any], bot: TheseusClient, person: Person) -> str:
        return on_it(await bot.provide(RunRestarts).choose(self._run_id, self._error_id, person))
