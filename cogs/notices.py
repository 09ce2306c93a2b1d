"""`/notifications`, `/digest` and `/quiet`: what people are told, how and when."""

from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.authority.end_times import parse_end_time
from bot.client import TheseusClient
from bot.domain.errors import WrongStage
from bot.domain.notices import NoticeDelivery, QuietLevel
from bot.grammar.notices import parse_time
from bot.notices.digest_schedules import DigestRequest, DigestSchedules
from bot.notices.preferences import NoticePreferences
from bot.notices.quiet import QuietMode
from bot.notices.texts import (
    WEEKDAYS,
    describe_quiet,
    describe_quiet_end,
    describe_schedule,
    describe_schedule_end,
    describe_settings,
)
from cogs.ui import get_speaker

_DELIVERIES = [app_commands.Choice(name=each.value, value=each.value) for each in NoticeDelivery]
_WEEKDAYS = [app_commands.Choice(name=name, value=day) for day, name in enumerate(WEEKDAYS)]


class Notices(commands.Cog):
    """Lets people choose; what they may choose is decided by the services."""

    def __init__(
        self,
        bot: TheseusClient,
        preferences: NoticePreferences,
        digests: DigestSchedules,
        quiet: QuietMode,
    ) -> None:
        self.bot = bot
        self._preferences = preferences
        self._digests = digests
        self._quiet = quiet

    @app_commands.command()
    @app_commands.describe(
        done="When a request of yours has ended",
        approval="When a proposal waits that you may approve",
        fixed="When a failure that you have reported is fixed",
    )
    @app_commands.choices(done=_DELIVERIES, approval=_DELIVERIES, fixed=_DELIVERIES)
    async def notifications(
        self,
        interaction: discord.Interaction,
        done: str | None = None,
        approval: str | None = None,
        fixed: str | None = None,
    ) -> None:
        """Choose how I tell you something; without a choice, show what you have chosen."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        settings = await self._preferences.change(
            get_speaker(interaction),
            done=NoticeDelivery(done) if done else None,
            approval=NoticeDelivery(approval) if approval else None,
            fixed=NoticeDelivery(fixed) if fixed else None,
        )
        await interaction.followup.send(describe_settings(settings), ephemeral=True)

    @app_commands.command()
    @app_commands.describe(
        every="How often; off: no digest any more",
        where="To you alone, or in the dev channel for everyone",
        day="On which day a weekly digest comes",
        at="At what time: “9:00”, “6 pm”",
        zone="The time zone of that time: “Europe/Berlin”",
    )
    @app_commands.choices(day=_WEEKDAYS)
    async def digest(
        self,
        interaction: discord.Interaction,
        every: Literal["weekly", "daily", "off"],
        where: Literal["direct message", "channel"] = "direct message",
        day: int = 0,
        at: app_commands.Range[str, 1, 20] = "9:00",
        zone: app_commands.Range[str, 1, 40] = "UTC",
    ) -> None:
        """Send a summary of my work, to you or to the dev channel, when you want it."""
        to_channel = where == "channel"
        await interaction.response.defer(ephemeral=not to_channel, thinking=True)
        wanted = parse_time(at.lower().strip())
        if wanted is None:
            raise WrongStage(f"I do not understand “{at}” as a time. Write “9:00” or “6 pm”.")
        request = DigestRequest(every, to_channel, day, wanted, zone)
        schedule = await self._digests.choose(get_speaker(interaction), request)
        text = (
            describe_schedule(schedule)
            if schedule is not None
            else describe_schedule_end(to_channel=to_channel)
        )
        await interaction.followup.send(text, ephemeral=not to_channel)

    @app_commands.command()
    @app_commands.describe(
        mode="What I still announce; off: everything again",
        until="How long, in your words: 2 hours, tomorrow, 18:00 (UTC); empty: until it is ended",
    )
    async def quiet(
        self,
        interaction: discord.Interaction,
        mode: Literal["only what needs a person", "nothing", "off"],
        until: str = "",
    ) -> None:
        """Let me announce less for a while; incidents of high severity are always announced."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        if mode == "off":
            await self._quiet.end(person)
            text = describe_quiet_end(person)
        else:
            end = parse_end_time(until, self.bot.clock.now())
            level: QuietLevel = "nothing" if mode == "nothing" else "needs a person"
            text = describe_quiet(await self._quiet.begin(person, level, end))
        await interaction.followup.send(text, ephemeral=True)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(
        Notices(
            bot,
            bot.provide(NoticePreferences),
            bot.provide(DigestSchedules),
            bot.provide(QuietMode),
        )
    )
