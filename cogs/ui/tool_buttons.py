"""The buttons under tools and calls of tools. Each id holds exactly what is decided about."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.people import Person
from bot.presentation.tools import describe_decision, format_tool_line, list_tool_lines
from bot.tools import ToolCalls, ToolCatalogue
from cogs.ui.answers import answer_press

_TEMPLATE = re.compile(r"theseus:tool:(?P<act>trust|run|refuse):(?P<id>[0-9a-f]{64})")


class ToolButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """Approves the description of a tool, or decides about one call of a tool that acts."""

    def __init__(self, item: ui.Button[Any], act: str, decided_id: str) -> None:
        super().__init__(item)
        self._act = act
        self._decided_id = decided_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a tool's button came as {type(item).__name__}")
        return cls(item, match["act"], match["id"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Decide with the presser's rights; only the presser sees the answer."""
        await answer_press(interaction, self._press)

    async def _press(self, _: discord.Interaction[Any], bot: TheseusClient, person: Person) -> str:
        catalogue, calls = bot.find_part(ToolCatalogue), bot.find_part(ToolCalls)
        if catalogue is None or calls is None:  # `tools:` is empty since a restart
            act = Act.TRUST if self._act == "trust" else Act.STEER
            await bot.provide(Authorizer).ask(person, act, None, f"tool {self._decided_id}")
            return "No MCP server is configured any more. Nothing was done."
        if self._act == "trust" and catalogue.is_server(self._decided_id):
            states = await catalogue.approve_server(person, self._decided_id)
            return "\n".join(list_tool_lines(states)) or "It offers no tool."
        if self._act == "trust":
            return format_tool_line(await catalogue.approve(person, self._decided_id))
        agreed = self._act == "run"
        return describe_decision(await calls.decide(person, self._decided_id, agreed=agreed))
