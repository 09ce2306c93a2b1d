"""Incidents: the faults that the bot noticed by itself, their commands and buttons."""

import re
from typing import Any, Self

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import TheseusError, WrongStage
from bot.domain.ids import shorten_id
from bot.domain.incident import Incident
from bot.domain.people import Person
from bot.domain.posts import MessageRef
from bot.intake.answers import describe_result
from bot.monitoring import Monitoring
from bot.presentation.cards import format_incident_label, format_incident_line, to_plain_text
from bot.presentation.times import format_timestamp
from cogs.ui import ReviewButton, fit_message, get_speaker, send_privately

_TEMPLATE = re.compile(
    r"theseus:incident:(?P<act>investigate|fix|mute|close):(?P<incident>[0-9a-z]+)"
)


class IncidentButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One button on an incident's message; its id holds all state."""

    def __init__(self, item: ui.Button[Any], act: str, incident_id: str) -> None:
        super().__init__(item)
        self._act = act
        self._incident_id = incident_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"an incident's button came as {type(item).__name__}")
        return cls(item, match["act"], match["incident"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says, under the presser's own rights."""
        bot: TheseusClient = interaction.client
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            text = await self._press(interaction, bot, get_speaker(interaction))
        except TheseusError as refusal:
            text = str(refusal)
        await interaction.followup.send(text, ephemeral=True)

    async def _press(
        self, interaction: discord.Interaction[Any], bot: TheseusClient, person: Person
    ) -> str:
        if self._act == "mute":
            muted = await get_monitoring(bot).mute(self._incident_id, person)
            until = format_timestamp(muted.muted_until) if muted.muted_until else "then"
            return f"I do not report it again until {until}."
        if self._act == "close":
            return _describe_closure(await get_monitoring(bot).close(self._incident_id, person))
        asked = await bot.intake.incidents.ask(
            self._incident_id,
            "fix" if self._act == "fix" else "investigate",
            person,
            key=f"interaction:{interaction.id}",
            message=_build_message_ref(interaction),
        )
        return describe_result(person, asked)


class Incidents(commands.Cog):
    """`/incidents list` and `/incidents show`, and the buttons of every incident's message."""

    group = app_commands.Group(name="incidents", description="What I noticed by myself")

    def __init__(self, bot: TheseusClient, authorizer: Authorizer) -> None:
        self.bot = bot
        self._authorizer = authorizer

    async def cog_load(self) -> None:
        """Register the buttons of every message, including those from before a restart."""
        self.bot.add_dynamic_items(IncidentButton, ReviewButton)

    async def cog_unload(self) -> None:
        """Remove the buttons; the reloaded cog registers its own."""
        self.bot.remove_dynamic_items(IncidentButton, ReviewButton)

    @group.command(name="list")
    async def list_incidents(self, interaction: discord.Interaction) -> None:
        """Show open incidents, then recent ones."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        readable = await self._authorizer.choose_readable(get_speaker(interaction))
        known = sorted(get_monitoring(self.bot).list_incidents(), key=lambda each: not each.open)
        lines = [format_incident_line(each) for each in known if each.target in readable]
        nothing = "I have noticed nothing lately."
        await interaction.followup.send(fit_message(lines) or nothing, ephemeral=True)

    @group.command()
    @app_commands.describe(incident="Its id")
    async def show(self, interaction: discord.Interaction, incident: str) -> None:
        """Show what is known about an incident."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        await self._authorizer.choose_readable(person)
        found = get_monitoring(self.bot).find(incident)
        await self._authorizer.ask(person, Act.READ, target=found.target)
        await send_privately(interaction, render_incident_details(found), f"incident-{found.id}")

    @group.command(name="close")
    @app_commands.describe(incident="Its id")
    async def close_incident(self, interaction: discord.Interaction, incident: str) -> None:
        """Close the incident of code that was rolled back."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        closed = await get_monitoring(self.bot).close(
            incident.strip(" `").lower(), get_speaker(interaction)
        )
        await interaction.followup.send(_describe_closure(closed), ephemeral=True)

    @show.autocomplete("incident")
    @close_incident.autocomplete("incident")
    async def _suggest_incidents(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        policy = self._authorizer.approval_policy  # not audited: it would be a line for every key
        readable = policy.list_readable(get_speaker(interaction))
        now, typed = self.bot.clock.now(), current.strip(" `").lower()
        known = sorted(get_monitoring(self.bot).list_incidents(), key=lambda each: not each.open)
        return [
            app_commands.Choice(name=format_incident_label(each, now, 100), value=each.id)
            for each in known
            if each.target in readable
            and typed in f"{each.id} {format_incident_label(each, now)}".lower()
        ][:25]


def get_monitoring(bot: TheseusClient) -> Monitoring:
    """Return the monitoring. Raises `WrongStage` if it is switched off."""
    if bot.monitoring is None:
        raise WrongStage("Monitoring is switched off here.")
    return bot.monitoring


def render_incident_details(incident: Incident) -> str:
    """Return everything worth reading about an incident, as Markdown."""
    parts = [format_incident_line(incident)]
    parts += [
        (
            f"{each.rule}: {each.value:g} over {each.threshold:g}, of {each.volume}, "
            f"{format_timestamp(each.at)}"
        )
        for each in incident.anomalies
    ]
    reasons = "; ".join(to_plain_text(reason) for reason in incident.triage.reasons) or "no reasons"
    if incident.conduct is not None:
        runs = ", ".join(f"`{run}`" for run in incident.conduct.runs)
        parts.append(f"Found: {to_plain_text(incident.conduct.summary)}\nRuns: {runs}")
    if incident.rollback is not None:
        parts.append(f"Why: {to_plain_text(incident.rollback.why)}")
        parts.append(f"Ran before: `{incident.rollback.previous[:12]}`")
        if incident.rollback.not_back:
            parts.append(f"Not rolled back: {to_plain_text(incident.rollback.not_back)}")
    if incident.closed_for:
        parts.append(f"Closed: {to_plain_text(incident.closed_for)}")
    parts.append(f"Where the fault is: {incident.triage.origin} ({reasons})")
    if incident.level:
        parts.append(f"What I am doing: {incident.level}")
    if incident.files:
        parts.append("Files: " + ", ".join(f"`{to_plain_text(file)}`" for file in incident.files))
    if incident.message is not None:
        where = incident.message
        parts.append(f"Posted in <#{where.channel_id}>")
    ids = ", ".join(f"`{shorten_id(record)}`" for record in incident.evidence[:10])
    parts.append(f"Evidence: {ids or '-'}")
    parts += [
        f"- {to_plain_text(each.person.name)}: {to_plain_text(each.text) or '(pointed to it)'}"
        for each in incident.reports
    ]
    return "\n".join(parts)


def _describe_closure(incident: Incident) -> str:
    return f"Incident `{incident.id}` is closed: {incident.closed_for or 'it had already ended'}."


def _build_message_ref(interaction: discord.Interaction[Any]) -> MessageRef | None:
    message = interaction.message
    if message is None:
        return None
    return MessageRef(channel_id=message.channel.id, message_id=message.id)


async def setup(bot: TheseusClient) -> None:
    """Add the cog."""
    await bot.add_cog(Incidents(bot, bot.provide(Authorizer)))
