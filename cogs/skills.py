"""Skills: commands to show, reload and roll back what models can look up."""

import io

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.live_items import LiveItemService
from bot.client import TheseusClient
from bot.domain.errors import PartMissing
from bot.presentation.skills import describe_rollback, render_reload
from bot.presentation.times import format_age
from cogs.ui import fit_message, get_skill, get_speaker, is_listed, load_skill_lines, send_privately

_CHOICES = 25


class Skills(
    commands.GroupCog, group_name="skills", group_description="What models know how to do here"
):
    """Provides `/skills list`, `show`, `reload` and `rollback`."""

    def __init__(self, bot: TheseusClient, live_items: LiveItemService) -> None:
        self.bot = bot
        self._live_items = live_items

    @app_commands.command(name="list")
    async def show_all(self, interaction: discord.Interaction) -> None:
        """Show every skill: what it is for, its version, who reads it and how often."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        lines = await load_skill_lines(self.bot, get_speaker(interaction))
        await send_privately(interaction, "\n".join(lines), "skills")

    @app_commands.command()
    @app_commands.describe(
        name="The skill", version="An older version's number; empty: the live one"
    )
    async def show(
        self,
        interaction: discord.Interaction,
        name: str,
        version: app_commands.Range[int, 1] | None = None,
    ) -> None:
        """Show one skill: its text, its versions, and what changed last."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        shown = await get_skill(self.bot, person, name.strip(), version or 0)
        files = [_build_file(f"{name.strip()}.md", shown.text)]
        if shown.diff:
            files.append(_build_file(f"{name.strip()}.diff", shown.diff))
        await interaction.followup.send(fit_message(shown.lines), files=files, ephemeral=True)

    @app_commands.command()
    async def reload(self, interaction: discord.Interaction) -> None:
        """Reload skills, prompts and other texts from their files now."""
        await interaction.response.defer(thinking=True)
        result = await self._live_items.reload(get_speaker(interaction))
        await interaction.followup.send(fit_message(render_reload(result).splitlines()))

    @app_commands.command()
    @app_commands.describe(
        name="The skill, `persona`, or a prompt", version="The version to go back to"
    )
    async def rollback(
        self,
        interaction: discord.Interaction,
        name: str,
        version: app_commands.Range[int, 1],
    ) -> None:
        """Go back to an older version of a skill, the persona or a prompt."""
        await interaction.response.defer(thinking=True)
        service = self._live_items
        name = name.strip()
        kind = service.find_kind(name)
        item = await service.roll_back(get_speaker(interaction), kind, name, version)
        await interaction.followup.send(describe_rollback(item))

    @rollback.autocomplete("name")
    async def _suggest_texts(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_listed(self.bot, get_speaker(interaction)):
            return []  # not audited: it would be a line for every key they press
        try:
            texts = self._live_items.list_texts()
        except PartMissing:
            return []
        typed = current.strip().lower()
        names = [each.name for each in texts if typed in each.name]
        return [app_commands.Choice(name=each, value=each) for each in names[:_CHOICES]]

    @show.autocomplete("name")
    async def _suggest_names(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_listed(self.bot, get_speaker(interaction)):
            return []  # not audited: it would be a line for every key they press
        typed = current.strip().lower()
        names = [each.name for each in self.bot.skills.get_current().skills if typed in each.name]
        return [app_commands.Choice(name=each, value=each) for each in names[:_CHOICES]]

    @show.autocomplete("version")
    @rollback.autocomplete("version")
    async def _suggest_versions(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[int]]:
        name = getattr(interaction.namespace, "name", None)
        if not is_listed(self.bot, get_speaker(interaction)) or not isinstance(name, str):
            return []
        try:
            service = self._live_items
            versions = await service.suggest_versions(service.find_kind(name.strip()), name.strip())
        except PartMissing:
            return []
        now = self.bot.clock.now()
        return [
            app_commands.Choice(
                name=f"v{each.number}, {format_age(each.at, now)}, {each.author.summary}"[:100],
                value=each.number,
            )
            for each in versions
            if str(each.number).startswith(str(current).strip())
        ][:_CHOICES]


def _build_file(name: str, text: str) -> discord.File:
    return discord.File(io.BytesIO(text.encode()), name)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Skills(bot, bot.provide(LiveItemService)))
