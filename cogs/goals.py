"""`/goals`: what the bot should reach, how it is doing, and work towards it."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TheseusClient
from bot.domain.errors import TheseusError, WrongStage
from bot.domain.objective import MeasureName
from bot.goals.pursuit import GoalPursuit
from bot.goals.review import GoalReview
from bot.goals.service import ObjectiveRequest, ObjectiveService
from bot.goals.texts import describe_removal, describe_set_objective, list_objective_lines
from cogs.ui import get_speaker, is_in_dev_channel, is_listed, send_privately

_CHOICES = 25
_MEASURES = [app_commands.Choice(name=each.value, value=each.value) for each in MeasureName]


class Goals(commands.GroupCog, group_name="goals", group_description="What I should reach"):
    """Provides `/goals`; listed people set goals. What a goal says decides nothing else."""

    def __init__(
        self,
        bot: TheseusClient,
        service: ObjectiveService,
        review: GoalReview,
        pursuit: GoalPursuit,
    ) -> None:
        self.bot = bot
        self._service = service
        self._review = review
        self._pursuit = pursuit

    @app_commands.command(name="list")
    async def show(self, interaction: discord.Interaction) -> None:
        """Show all goals with their current values, and what is wrong with them."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        lines = list_objective_lines(await self._service.report(get_speaker(interaction)))
        state = await self._pursuit.describe()
        await send_privately(interaction, "\n".join([*lines, *([state] if state else [])]), "goals")

    @app_commands.command(name="set")
    @app_commands.describe(
        goal="In your words: “answers under 1 s”, “no crash for a week”, “people come back”",
        measure="What to measure; empty: as your words say",
        target="The number to reach; empty: as your words say",
        days="Over how many days it is measured",
        by="Until when: “2026-12-24”, “4 weeks”; empty: 30 days",
        serves="The goal that it is a part of",
    )
    @app_commands.choices(measure=_MEASURES)
    async def set_goal(
        self,
        interaction: discord.Interaction,
        goal: app_commands.Range[str, 3, 300],
        measure: str | None = None,
        target: app_commands.Range[float, 0, 1_000_000] | None = None,
        days: app_commands.Range[int, 1, 90] | None = None,
        by: str = "",
        serves: str = "",
    ) -> None:
        """Set a goal that I can measure; everyone here can see it."""
        await interaction.response.defer(thinking=True)
        request = ObjectiveRequest(
            text=goal,
            measure=MeasureName(measure) if measure else None,
            target=target,
            days=days,
            due=by,
            parent=serves,
        )
        made = await self._service.set(get_speaker(interaction), request)
        await interaction.followup.send(describe_set_objective(made))

    @app_commands.command()
    @app_commands.describe(goal="Its id; goals that serve it then serve what it served")
    async def remove(self, interaction: discord.Interaction, goal: str) -> None:
        """Remove a goal; everyone here can see it."""
        await interaction.response.defer(thinking=True)
        removed = await self._service.remove(get_speaker(interaction), goal)
        await interaction.followup.send(describe_removal(removed))

    @app_commands.command(name="review")
    async def review_now(self, interaction: discord.Interaction) -> None:
        """Show which work would help the goals most; this starts nothing."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        if is_listed(self.bot, person) and not is_in_dev_channel(self.bot, interaction.channel):
            where = f"<#{self.bot.identity.dev_channel_id}>"
            raise WrongStage(f"Please use this in {where}, where everyone can see it.")
        post = await self._review.build_post(person)
        channel = interaction.channel_id or self.bot.identity.dev_channel_id
        await self.bot.chat.post(channel, post, key=f"interaction:{interaction.id}")
        await interaction.followup.send("I posted the review of the goals here.", ephemeral=True)

    @app_commands.command()
    @app_commands.describe(
        runs="After how many runs I stop", usd="How many dollars the runs may cost together"
    )
    async def pursue(
        self,
        interaction: discord.Interaction,
        runs: app_commands.Range[int, 1, 100] = 3,
        usd: app_commands.Range[float, 0, 1_000] = 3.0,
    ) -> None:
        """Let me work towards the goals, one run after the other; merging stays with you."""
        await interaction.response.defer(thinking=True)
        text = await self._pursuit.begin(get_speaker(interaction), runs, usd)
        await interaction.followup.send(text)

    @app_commands.command()
    async def halt(self, interaction: discord.Interaction) -> None:
        """End the continuous work towards the goals; what runs now goes on."""
        await interaction.response.defer(thinking=True)
        await interaction.followup.send(await self._pursuit.end(get_speaker(interaction)))

    @set_goal.autocomplete("serves")
    @remove.autocomplete("goal")
    async def _suggest(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_listed(self.bot, get_speaker(interaction)):
            return []
        try:
            known = await self._service.list_objectives()
        except TheseusError:
            return []  # a choice is a help: without it, the id can be typed
        typed = current.strip().lower()
        return [
            app_commands.Choice(name=f"{each.id} {each.text}"[:100], value=each.id)
            for each in known
            if typed in f"{each.id} {each.text}".lower()
        ][:_CHOICES]


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(
        Goals(
            bot,
            bot.provide(ObjectiveService),
            bot.provide(GoalReview),
            bot.provide(GoalPursuit),
        )
    )
