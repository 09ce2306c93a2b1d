"""Asking for work on the code: a run of its own, that of the incident it is about, or an answer."""

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
    "Not everyone in the dev channel can read this place, and what you ask for is shown to them. "
    "Ask me in <#{channel}>."
)


async def ask(bot: TheseusClient, trigger: Trigger) -> IntakeResult | RequestAnswer:
    """Start what a person asks for, or join what is under way for that fault already.

    What is said where not everyone in the dev channel can read goes on as a stand-in, in which the
    names of commands stay: cards, pages and prompts show the rest to others.

    Where no failure is there to work on, what there is to say is returned, and nothing is begun.
    Raises what `SelfImprovementAgent.request` raises; who may not ask has reported it with that,
    and is refused with thanks.
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
    """Return a request without what was said in private, but for the names of commands."""
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
    """Begin a change, or keep the feature request; its text is shown to everyone.

    Raises `OutOfBounds` where it was said in private, and what `ChangeRequests.ask` raises.
    """
    if _is_private(bot, trigger):
        raise OutOfBounds(_IN_PRIVATE.format(channel=bot.identity.dev_channel_id))
    return await bot.agent.changes.ask(trigger)


def _is_private(bot: TheseusClient, trigger: Trigger) -> bool:
    place = trigger.place
    found = bot.audiences.find_of_place(place.guild_id, place.thread_id or place.channel_id)
    return found is Audience.PRIVATE


def describe_result(person: Person, asked: IntakeResult | RequestAnswer) -> str:
    """Return where to follow it, or the answer; who joins what is under way reads that."""
    if isinstance(asked, RequestAnswer):
        return request_answer(asked, "investigate").text
    if not asked.joined:
        return on_it(asked.run)
    run = asked.run
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    fixing = "I am on it" if run.goal == "fix" else "I am looking into it"
    told = "" if asked.incident is None else f"that is incident `{asked.incident.id}`: "
    more = "" if asked.incident else " already. Say there what else you want of it"
    return f"{person.name}, {told}{fixing} in {where}{more}."


async def send_post(interaction: discord.Interaction[Any], post: Post) -> None:
    """Answer a deferred interaction with text and buttons that only the asker sees."""
    if post.buttons:
        view = view_of(
            ui.Button(label=each.label, custom_id=each.custom_id) for each in post.buttons
        )
        await interaction.followup.send(post.text, view=view, ephemeral=True)
    else:
        await interaction.followup.send(post.text, ephemeral=True)
