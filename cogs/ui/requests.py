"""Requests for work on the code: start a run, join an incident's run, or answer at once."""

from typing import Any

import discord
from discord import ui

from bot.client import TheseusClient
from bot.domain.audience import Audience
from bot.domain.errors import NotAuthorized, OutOfBounds
from bot.domain.evidence import RequestAnswer
from bot.domain.feature_request import FeatureRequest
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.run import Trigger
from bot.monitoring import IntakeResult
from bot.presentation.missing_failure import request_answer
from bot.self_improvement.change_requests import ChangeBegun
from cogs.ui.answers import on_it, view_of

_PUBLIC = ("fix", "broken", "fails", "error")
_IN_PRIVATE = (
    "Everyone in the dev channel would see your request, and not all of them can read this "
    "channel. Please ask me in <#{channel}>."
)


async def ask(bot: TheseusClient, trigger: Trigger) -> IntakeResult | RequestAnswer:
    """Start what a person asks for, or join the run that already works on that fault.

    If there is no failure to work on, the answer is returned and nothing starts. If not everyone in
    the dev channel may read the original message, its text is replaced by a stand-in in which only
    command names stay, because cards, pages and prompts are visible to others.

    Raises what `SelfImprovementAgent.request` raises. A person who may not ask for work has
    reported the failure: the `NotAuthorized` error then thanks them.
    """
    trigger = hide_private_text(bot, trigger)
    known = bot.monitoring is not None and await bot.monitoring.joins(trigger)
    answer = None if known else await bot.agent.answers.find_answer(trigger)
    if answer is not None:
        return answer
    if bot.monitoring is None:
        return IntakeResult(await bot.agent.request(trigger))
    try:
        return await bot.monitoring.ask(trigger)
    except NotAuthorized as refusal:
        if not refusal.member or bot.agent.audit_writer.is_rate_limited(trigger.person.id):
            raise
        thanks = await bot.monitoring.take_report(trigger, refusal.able)
        raise NotAuthorized(thanks, member=True, able=refusal.able) from refusal


def hide_private_text(bot: TheseusClient, trigger: Trigger) -> Trigger:
    """Return a request without its private text; only the names of commands stay."""
    if not _is_private(bot, trigger):
        return trigger
    names = [*_PUBLIC, *(word for name in bot.agent.commands() for word in name.split())]
    words = f"{trigger.subject} {trigger.text}".lower().split()
    stems = tuple(name for name in names if len(name) > 2)  # "rolling" is about /roll
    public = [word for word in words if word.lstrip("/").startswith(stems)]
    text, subject = (
        bot.recorder.hide_text(each, [*names, *public]) for each in (trigger.text, trigger.subject)
    )
    return trigger.replace(text=text, subject=subject)


async def ask_for_change(bot: TheseusClient, trigger: Trigger) -> ChangeBegun | FeatureRequest:
    """Start a change, or store the feature request; its text is shown to everyone.

    Raises `OutOfBounds` if it was asked in private, and what `ChangeRequests.ask` raises.
    """
    if _is_private(bot, trigger):
        raise OutOfBounds(_IN_PRIVATE.format(channel=bot.identity.dev_channel_id))
    return await bot.agent.changes.ask(trigger)


def _is_private(bot: TheseusClient, trigger: Trigger) -> bool:
    place = trigger.place
    found = bot.audiences.find_of_place(place.guild_id, place.thread_id or place.channel_id)
    return found is Audience.PRIVATE


def describe_result(person: Person, asked: IntakeResult | RequestAnswer) -> str:
    """Return where to follow the run, that the person joined a run, or the answer."""
    if isinstance(asked, RequestAnswer):
        return request_answer(asked, "investigate").text
    if not asked.joined:
        return on_it(asked.run)
    run = asked.run
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    fixing = "I am on it" if run.goal == "fix" else "I am looking into it"
    incident_note = "" if asked.incident is None else f"that is incident `{asked.incident.id}`: "
    more = "" if asked.incident else " already. If you want more, say it there"
    return f"{person.name}, {incident_note}{fixing} in {where}{more}."


async def send_post(interaction: discord.Interaction[Any], post: Post) -> None:
    """Answer a deferred interaction with text and buttons that only the asker sees."""
    if post.buttons:
        view = view_of(
            ui.Button(label=each.label, custom_id=each.custom_id) for each in post.buttons
        )
        await interaction.followup.send(post.text, view=view, ephemeral=True)
    else:
        await interaction.followup.send(post.text, ephemeral=True)
