"""A cog that adds entry points of every kind without asking the policy."""

import re
from typing import Any, Self

import discord
from discord import app_commands, ui
from discord.ext import commands, tasks

from bot.client import TheseusClient

HERE = 1  # a server, of which this is the id


class Lever(ui.DynamicItem[ui.Button[Any]], template=re.compile(r"(?P<act>pull|push)")):
    """A button that ends the newest run for anyone who presses it."""

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(item)  # type: ignore[arg-type]

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("pulled", ephemeral=True)


class Wish(ui.Modal, title="Wish"):
    """A form anybody can send."""


class ReviseModal(ui.Modal, title="Revise"):
    """A form that goes by the name of one that asks."""


class Lasting(ui.View):
    """A view that works forever."""


class Passing(ui.View):
    """What can be pressed for a while, and answers by itself."""

    @ui.select(options=[discord.SelectOption(label="all")])
    async def choose(self, interaction: discord.Interaction[Any], choice: ui.Select[Any]) -> None:
        """Do it."""


class Pick(ui.Select[Any]):
    """Something to choose from, to be put anywhere."""


@tasks.loop(hours=1)
async def nightly() -> None:
    """Run in the background, without a cog."""


@app_commands.context_menu(name="Leak this")
@app_commands.guilds(HERE)
async def leak_this(interaction: discord.Interaction[Any], message: discord.Message) -> None:
    """Post to everyone, in one server only."""


@app_commands.context_menu(name="Tell me")
async def tell_me(interaction: discord.Interaction[Any], user: discord.User) -> None:
    """Answer anyone who asks."""


async def on_typing(*_: object) -> None:
    """Receive typing events through the client, without a listener."""


class Planted(commands.Cog):
    """Has one of everything."""

    beds = app_commands.Group(name="beds", description="Several")

    def __init__(self, bot: TheseusClient) -> None:
        self.bot = bot
        self._lasting = Lasting(timeout=None)
        self._bare = ui.View(timeout=None)
        self._bare.add_item(ui.Button(label="press", custom_id="bare"))

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(Lever)
        self.bot.add_view(self._bare)
        self.bot.tree.add_command(leak_this)
        self.bot.tree.add_command(tell_me)
        self.bot.event(on_typing)
        self.bot.check(self.cog_check)

    @app_commands.command()
    async def leak(self, interaction: discord.Interaction, run: str = "") -> None:
        """Post to everyone what is going on."""
        runs = await self.bot.agent.list_runs()
        await interaction.response.send_message(str(len(runs)), ephemeral=True)

    @leak.autocomplete("run")
    async def _complete_runs(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        runs = await self.bot.agent.list_runs()
        return [app_commands.Choice(name=run.id, value=run.id) for run in runs]

    @leak.error
    async def _handle_leak_error(self, interaction: discord.Interaction, error: Exception) -> None:
        """Post why the command failed."""

    @app_commands.command()
    @app_commands.guilds(HERE)
    async def hidden(self, interaction: discord.Interaction) -> None:
        """Be there in one server only."""

    @beds.command()
    async def dig(self, interaction: discord.Interaction) -> None:
        """Be one of several."""

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Receive messages."""

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Receive edits."""

    @commands.Cog.listener()
    async def on_reaction_add(self, reaction: discord.Reaction, user: discord.User) -> None:
        """Receive reactions."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Receive every press."""

    @commands.command()
    async def shout(self, ctx: commands.Context[Any]) -> None:
        """Run a text command."""

    @commands.hybrid_command()  # type: ignore[arg-type]
    async def whisper(self, ctx: commands.Context[Any]) -> None:
        """Run a hybrid command."""

    @tasks.loop(hours=1)
    async def _hourly(self) -> None:
        """Run in the background."""

    async def cog_check(self, ctx: commands.Context[Any]) -> bool:
        """Be asked before every typed command."""
        return True

    async def cog_app_command_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        """Receive errors of commands."""


async def setup(bot: TheseusClient) -> None:
    await bot.add_cog(Planted(bot))
