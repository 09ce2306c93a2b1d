"""`/tools`: the tools of MCP servers that models may use, and their approval."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.presentation.tools import (
    NO_TOOLS,
    format_tool_line,
    list_tool_lines,
    render_approval_text,
    render_server_request,
)
from bot.tools import ToolCatalogue
from cogs.ui import get_speaker, send_post, send_privately
from cogs.ui.tool_buttons import ToolButton

_MOST_REQUESTS = 5


class Tools(commands.GroupCog, group_name="tools"):
    """Lists tools, scans their servers again, and turns tools off."""

    def __init__(self, bot: TheseusClient, authorizer: Authorizer) -> None:
        super().__init__()
        self.bot = bot
        self._authorizer = authorizer

    async def cog_load(self) -> None:
        """Register the buttons of every message, including those from before a restart."""
        self.bot.add_dynamic_items(ToolButton)

    async def cog_unload(self) -> None:
        """Remove the buttons; the reloaded cog registers its own."""
        self.bot.remove_dynamic_items(ToolButton)

    @app_commands.command(name="list")
    async def list_tools(self, interaction: discord.Interaction) -> None:
        """Show the tools of other services, and those that wait for an approver."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._authorizer.ask(get_speaker(interaction), Act.READ)
        catalogue = self.bot.find_part(ToolCatalogue)
        await self._show(interaction, catalogue)

    @app_commands.command()
    async def scan(self, interaction: discord.Interaction) -> None:
        """Ask all servers again what tools they have."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person, catalogue = get_speaker(interaction), self.bot.find_part(ToolCatalogue)
        if catalogue is None:
            await self._authorizer.ask(person, Act.STEER, None, "scan the tools of MCP servers")
        else:
            await catalogue.scan(person)
        await self._show(interaction, catalogue)

    @app_commands.command()
    @app_commands.describe(name="As listed: server/tool")
    async def off(
        self, interaction: discord.Interaction, name: app_commands.Range[str, 3, 100]
    ) -> None:
        """Turn a tool off until an approver approves it again."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person, catalogue = get_speaker(interaction), self.bot.find_part(ToolCatalogue)
        if catalogue is None:
            await self._authorizer.ask(person, Act.STEER, None, f"tool {name} off")
            text = NO_TOOLS
        else:
            text = format_tool_line(await catalogue.turn_off(person, name))
        await interaction.followup.send(text, ephemeral=True)

    async def _show(
        self, interaction: discord.Interaction, catalogue: ToolCatalogue | None
    ) -> None:
        states = catalogue.list_states() if catalogue else ()
        waiting = catalogue.list_waiting_servers() if catalogue else ()
        lines = list_tool_lines(states, waiting) or [NO_TOOLS]
        await send_privately(interaction, "\n".join(lines), "tools")
        for server in waiting[:_MOST_REQUESTS]:
            await send_post(interaction, render_server_request(server))
        for state in [each for each in states if each.can_be_approved][:_MOST_REQUESTS]:
            await send_post(interaction, render_approval_text(state))


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Tools(bot, bot.provide(Authorizer)))
