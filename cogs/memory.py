"""Memory: what the bot has learned and noted, for people to read and to correct."""

import gzip
import io

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient
from bot.intake.kinds.note import forget, format_memory_line
from bot.memory.ranking import format_memory
from bot.memory.recall import MemoryService
from bot.presentation.cards import to_one_line
from bot.self_improvement.requests.feature_requests import FeatureRequestService
from cogs.ui import fit_message, get_speaker, is_listed

_CHOICES = 25
_RECENT = 100
_LARGE = 4_000_000  # bytes; Discord takes some 10 MB


class Memories(
    commands.GroupCog, group_name="memory", group_description="What I have learned and noted"
):
    """Provides `/memory search`, `/memory forget` and `/memory export`."""

    def __init__(
        self, bot: TheseusClient, memory: MemoryService, feature_requests: FeatureRequestService
    ) -> None:
        self.bot = bot
        self._memory = memory
        self._feature_requests = feature_requests

    @app_commands.command()
    @app_commands.describe(words="What it is about; empty: the newest")
    async def search(self, interaction: discord.Interaction, words: str = "") -> None:
        """Look up what I have learned, and what people noted."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        found = await self._memory.search(person, words)
        lines = [f"{format_memory_line(each.memory)} — {each.because}" for each in found]
        await interaction.followup.send(
            fit_message(lines) or "I remember nothing like that.", ephemeral=True
        )

    @app_commands.command()
    @app_commands.describe(memory="Its key, a request's key, or words that only one note has")
    async def forget(self, interaction: discord.Interaction, memory: str) -> None:
        """Make me forget something for good; everyone here can see it."""
        await interaction.response.defer(thinking=True)
        person = get_speaker(interaction)
        await interaction.followup.send(
            await forget(self._memory, self._feature_requests, person, memory)
        )

    @app_commands.command()
    async def export(self, interaction: discord.Interaction) -> None:
        """Get everything I remember as a file, one memory a line (NDJSON)."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        memories = await self._memory.export(person)
        content = "".join(f"{memory.model_dump_json()}\n" for memory in memories).encode()
        name = "memory.ndjson"
        if len(content) > _LARGE:
            name, content = f"{name}.gz", gzip.compress(content)
        text = f"{len(memories):,} memor{'y' if len(memories) == 1 else 'ies'}, oldest first."
        file = discord.File(io.BytesIO(content), name)
        await interaction.followup.send(text, file=file, ephemeral=True)

    @forget.autocomplete("memory")
    async def _suggest_memories(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        person = get_speaker(interaction)
        if not is_listed(self.bot, person):
            return []  # not audited: it would be a line for every key they press
        search = self._memory.search
        found = await search(person, current, limit=_CHOICES, by_meaning=False)
        memories = [each.memory for each in found]
        if not memories:  # the search needs full words; complete a half-typed word or key here
            newest = [each.memory for each in await search(person, limit=_RECENT)]
            begun = current.strip().lower()
            memories = [
                each for each in newest if begun in f"{each.key} {format_memory(each)}".lower()
            ]
        return [
            app_commands.Choice(name=to_one_line(format_memory(memory), 100), value=memory.key)
            for memory in memories[:_CHOICES]
        ]


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Memories(bot, bot.provide(MemoryService), bot.provide(FeatureRequestService)))
