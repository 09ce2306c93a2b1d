"""A cog that keeps and fails with what people give it, openly and privately."""

from functools import partial
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands


class NoteError(Exception):
    """A note cannot be kept."""


PRIVATE: dict[str, Any] = {"ephemeral": True}


class Form(ui.Modal, title="Note"):
    what: ui.TextInput[Any] = ui.TextInput(label="What", custom_id="what")

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        await interaction.response.defer(ephemeral=True)
        keep(self.what.value)


class Buttons(ui.View):
    def __init__(self, label: str) -> None:
        super().__init__(timeout=None)
        self.button: ui.Button[Any] = ui.Button(label=label, custom_id=f"note:{label}")
        self.add_item(self.button)


def keep(text: str) -> None:
    if text:
        raise NoteError(f"cannot keep {text}")


answer_one = partial(discord.InteractionResponse.send_message, ephemeral=True)


class Notes(commands.Cog):
    @app_commands.command()
    async def openly(self, interaction: discord.Interaction, text: str) -> None:
        """Keep a note that everyone may read."""
        keep(text)

    @app_commands.command()
    async def quietly(self, interaction: discord.Interaction, text: str, amount: int = 7) -> None:
        """Keep a note for oneself."""
        await interaction.response.defer(ephemeral=True)
        keep(text)

    @app_commands.command()
    async def silently(self, interaction: discord.Interaction, text: str) -> None:
        """Fail before the private answer."""
        keep(text)
        await interaction.response.send_message("kept", ephemeral=True)

    @app_commands.command()
    async def shyly(self, interaction: discord.Interaction, text: str) -> None:
        """Fail before a private answer whose arguments are kept elsewhere."""
        keep(text)
        await interaction.response.send_message("kept", **PRIVATE)

    @app_commands.command()
    async def bashfully(self, interaction: discord.Interaction, text: str) -> None:
        """Fail before a private answer by a partial."""
        keep(text)
        await answer_one(interaction.response, "kept")

    @app_commands.command()
    async def refusing(self, interaction: discord.Interaction, text: str) -> None:
        """Fail where only a refusal is private."""
        try:
            int(text)
        except OverflowError:
            await interaction.response.send_message("no", ephemeral=True)
            return
        except ValueError:
            pass
        keep(text)
        await interaction.response.send_message("kept")

    @app_commands.command()
    async def handled(self, interaction: discord.Interaction, text: str) -> None:
        """Fail in the handler that answers privately."""
        try:
            int(text)
        except ValueError:
            keep(text)
            await interaction.response.send_message("no", ephemeral=True)

    @app_commands.command()
    async def softly(self, interaction: discord.Interaction, text: str, amount: int = 7) -> None:
        """Answer one person alone, and well."""
        await interaction.response.send_message(
            f"{text} {amount}", ephemeral=True, view=Buttons(text)
        )

    @app_commands.command()
    async def form(self, interaction: discord.Interaction) -> None:
        """Show a form."""
        await interaction.response.send_modal(Form())

    @commands.command()
    async def typed(self, ctx: commands.Context[Any], *, text: str) -> None:
        """Keep a typed note."""
        keep(text)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.content.startswith("listen"):
            keep(message.content)


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Notes(bot))
