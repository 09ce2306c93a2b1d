"""Incidents: the faults that the bot noticed by itself, their commands and buttons."""

import re
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any, Self

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import WrongStage
from bot.domain.ids import shorten_id
from bot.domain.incident import Incident
from bot.domain.incident_comments import LONGEST_COMMENT
from bot.domain.people import Person
from bot.domain.posts import MessageRef
from bot.domain.triage import Origin
from bot.intake.answers import describe_result
from bot.monitoring import Monitoring
from bot.monitoring.incident_acts import A_DAY, LATER, MOST_TIMES, IncidentActs
from bot.presentation.cards import (
    describe_mute,
    format_incident_label,
    format_incident_line,
    to_plain_text,
)
from bot.presentation.times import format_timestamp
from cogs.ui import (
    ReviewButton,
    answer_press,
    fit_message,
    get_person,
    get_speaker,
    is_in_work_channel,
    run_in,
    send_privately,
)

_TEMPLATE = re.compile(
    r"theseus:incident:(?P<act>investigate|fix|later|mute|take|outside|close)"
    r":(?P<incident>[0-9a-z]+)"
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
        await answer_press(interaction, self._press)

    async def _press(
        self, interaction: discord.Interaction[Any], bot: TheseusClient, person: Person
    ) -> str:
        monitoring = get_monitoring(bot)
        acts, incident_id = monitoring.get_acts(self._incident_id), self._incident_id
        if self._act == "later":
            return describe_decision(await acts.ignore(incident_id, person, span=LATER))
        if self._act == "mute":
            return describe_decision(await acts.ignore(incident_id, person, span=A_DAY))
        if self._act == "take":
            return describe_decision(await acts.assign(incident_id, person, person))
        if self._act == "outside":
            return describe_decision(await acts.mark_third_party(incident_id, person))
        if self._act == "close":
            return _describe_closure(await monitoring.close(incident_id, person))
        asked = await bot.intake.incidents.ask(
            self._incident_id,
            "fix" if self._act == "fix" else "investigate",
            person,
            key=f"interaction:{interaction.id}",
            message=_build_message_ref(interaction),
        )
        return describe_result(person, asked)


class Incidents(commands.Cog):
    """The `/incidents` commands, the buttons of every incident's message, and its thread."""

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

    @group.command()
    @app_commands.describe(incident="Its id", person="Who looks after it; empty: you")
    async def assign(
        self,
        interaction: discord.Interaction,
        incident: str,
        person: discord.Member | None = None,
    ) -> None:
        """Say who looks after an incident."""
        assignee = get_person(self.bot, person) if person is not None else None

        async def decide(acts: IncidentActs, asker: Person) -> Incident:
            return await acts.assign(incident, asker, assignee or asker)

        await self._decide(interaction, incident, decide)

    @group.command()
    @app_commands.describe(incident="Its id")
    async def release(self, interaction: discord.Interaction, incident: str) -> None:
        """Say that nobody looks after an incident."""

        async def decide(acts: IncidentActs, asker: Person) -> Incident:
            return await acts.assign(incident, asker, None)

        await self._decide(interaction, incident, decide)

    @group.command()
    @app_commands.describe(
        incident="Its id",
        hours="For how long; without it and without times: a day",
        times="Until it has happened so often from now on",
    )
    async def ignore(
        self,
        interaction: discord.Interaction,
        incident: str,
        hours: app_commands.Range[int, 1, 720] | None = None,
        times: app_commands.Range[int, 1, MOST_TIMES] | None = None,
    ) -> None:
        """Have me say nothing about an incident, for a time or until it has happened so often."""
        span = timedelta(hours=hours) if hours else None if times else A_DAY

        async def decide(acts: IncidentActs, asker: Person) -> Incident:
            return await acts.ignore(incident, asker, span=span, times=times)

        await self._decide(interaction, incident, decide)

    @group.command(name="unignore")
    @app_commands.describe(incident="Its id")
    async def unmute(self, interaction: discord.Interaction, incident: str) -> None:
        """Have me speak about an incident again."""

        async def decide(acts: IncidentActs, asker: Person) -> Incident:
            return await acts.unmute(incident, asker)

        await self._decide(interaction, incident, decide)

    @group.command(name="third-party")
    @app_commands.describe(incident="Its id", rules="Have me judge it by my rules again")
    async def mark_third_party(
        self, interaction: discord.Interaction, incident: str, rules: bool = False
    ) -> None:
        """Say that an incident is the fault of a third party, so that I do not work on it."""

        async def decide(acts: IncidentActs, asker: Person) -> Incident:
            mark = acts.mark_ours if rules else acts.mark_third_party
            return await mark(incident, asker)

        await self._decide(interaction, incident, decide)

    @group.command(name="comment")
    @app_commands.describe(incident="Its id", text="What others should know about it")
    async def comment_on(
        self,
        interaction: discord.Interaction,
        incident: str,
        text: app_commands.Range[str, 1, LONGEST_COMMENT],
    ) -> None:
        """Add a comment to an incident's page."""

        async def decide(acts: IncidentActs, asker: Person) -> Incident:
            return await acts.add_comment(incident, asker, text)

        await self._decide(interaction, incident, decide)

    async def _decide(
        self,
        interaction: discord.Interaction,
        incident_id: str,
        decide: Callable[[IncidentActs, Person], Awaitable[Incident]],
    ) -> None:
        """Do what the person decides, under their own rights, and say what holds now."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        acts = get_monitoring(self.bot).get_acts(incident_id)
        changed = await decide(acts, get_speaker(interaction))
        await interaction.followup.send(describe_decision(changed), ephemeral=True)

    # The incident's thread

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Note what listed people write in an incident's thread as a comment."""
        await self._note_comment(message)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, edit: discord.RawMessageUpdateEvent) -> None:
        """Note the new text of a comment."""
        await self._note_comment(edit.message)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, gone: discord.RawMessageDeleteEvent) -> None:
        """Remove a comment whose message was deleted."""
        await self._remove_comments(gone.channel_id, {gone.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, gone: discord.RawBulkMessageDeleteEvent) -> None:
        """Remove the comments whose messages were deleted."""
        await self._remove_comments(gone.channel_id, gone.message_ids)

    async def _note_comment(self, message: discord.Message) -> None:
        incident = None if message.author.bot else await self._find_by_thread(message.channel)
        if incident is not None:
            await (
                get_monitoring(self.bot)
                .get_acts(incident.id)
                .take_message(
                    incident.id,
                    get_person(self.bot, message.author),
                    message.id,
                    message.content,
                    message.created_at,
                )
            )

    async def _remove_comments(self, channel_id: int, message_ids: Collection[int]) -> None:
        incident = await self._find_by_thread(self.bot.get_channel(channel_id))
        if incident is not None:
            acts = get_monitoring(self.bot).get_acts(incident.id)
            for each in message_ids:
                await acts.drop_message(incident.id, each)

    async def _find_by_thread(self, channel: object) -> Incident | None:
        """Return the incident whose message has this thread, or whose run works in it."""
        monitoring, is_ours = self.bot.monitoring, is_in_work_channel(self.bot, channel)
        if monitoring is None or not is_ours or not isinstance(channel, discord.Thread):
            return None
        # Discord gives the thread of a message the id of the message.
        found = monitoring.find_by_message(channel.id)
        if found is not None:
            return found
        run = await run_in(self.bot, channel)
        known = run.trigger.incident if run is not None else None
        return monitoring.find(known) if known and monitoring.has_incident(known) else None

    @show.autocomplete("incident")
    @close_incident.autocomplete("incident")
    @assign.autocomplete("incident")
    @release.autocomplete("incident")
    @ignore.autocomplete("incident")
    @unmute.autocomplete("incident")
    @mark_third_party.autocomplete("incident")
    @comment_on.autocomplete("incident")
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
    if incident.assignee is not None:
        parts.append(f"Looked after by: {to_plain_text(incident.assignee.person.name)}")
    if incident.has_mute:
        parts.append(describe_mute(incident))
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


def describe_decision(incident: Incident) -> str:
    """Return what people have decided about an incident."""
    who = incident.assignee.person.name if incident.assignee else ""
    origin = incident.triage.origin if incident.triage_by is not None else None
    lines = [
        format_incident_line(incident),
        f"Looked after by {to_plain_text(who)}." if who else "Nobody looks after it.",
        describe_mute(incident) or "I report it.",
        "A person decided that it is a third party's." if origin is Origin.OUTSIDE else "",
    ]
    return "\n".join(filter(None, lines))


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
