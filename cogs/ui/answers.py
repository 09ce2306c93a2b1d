"""Answers that several cogs give in the same words, or in the same way."""

import io
from collections.abc import Iterable
from typing import Any

import discord
from discord import ui

from bot.authority.approvals import ApprovalRequest
from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.domain.people import Person
from bot.domain.proposal import Approval
from bot.domain.run import Run, Status
from bot.presentation import cards
from bot.presentation.cards import status_text
from bot.presentation.times import localise_times
from cogs.ui.speakers import get_speaker


def describe_shipping(person: Person, approval: Approval, *, ships: bool) -> str:
    """Return what `person` reads after "ship it": that it ships, or who was first."""
    head = f"`{approval.head[:7]}`"
    said_so = [approval.person, *approval.others]
    if ships or person.id in [each.id for each in said_so]:
        return f"Shipping {head}, as {' and '.join(each.name for each in said_so)} said."
    return f"{approval.person.name} has shipped {head} already."


async def approve(bot: TheseusClient, request: ApprovalRequest) -> str:
    """Give somebody's word; return what they read. Raises what `SelfImprovementAgent.approve` does.

    Where it takes more people's words, that is how many are there.
    """
    run, approval, ships = await bot.agent.approve(request)
    short = "" if ships or run.has_ended else await bot.agent.approvals.describe_missing(run.id)
    if short:
        return f"Noted, {request.person.name}, for `{approval.head[:7]}`: {short}"
    return describe_shipping(request.person, approval, ships=ships)


async def resume_work(bot: TheseusClient, person: Person) -> str:
    """Lift the emergency stop, if it stands; else let the bot work by itself again."""
    agent = bot.agent
    if await agent.emergency.get_stop() is None:
        await agent.autonomy.resume(person)
        return "I go on."
    await agent.emergency.lift(person)
    pause = await agent.autonomy.blocks.find_pause()
    return f"The emergency stop is lifted. {pause.describe()}" if pause else "I go on."


def on_it(run: Run) -> str:
    """Return where to follow a run that was asked for."""
    return f"On it: <#{run.thread_id}>" if run.thread_id else f"On it: run `{run.id}`."


def describe_revert(run: Run) -> str:
    """Return where to follow a revert that was asked for; there is one for each change."""
    if not run.has_ended:
        return on_it(run)
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    said = f"That was asked for already, in {where}: {run.reason or status_text(run)}"
    return said if run.status is Status.DONE else f"{said} `/runs retry {run.id}` tries it again."


_LONGEST = 1_900
_MORE = 30  # characters to say how many lines are left out


def fit_message(lines: list[str]) -> str:
    """Return as many lines as one message takes, and how many are left out."""
    if len(whole := "\n".join(lines)) <= _LONGEST:
        return whole
    told = cards.fit_lines(lines, _LONGEST - _MORE)
    kept = next(count for count in range(len(lines) + 1) if "\n".join(lines[:count]) == told)
    return f"{told}\n… and {len(lines) - kept} more."


async def revise(interaction: discord.Interaction[Any], run_id: str, instruction: str) -> None:
    """Hand a run what somebody wrote into a form, under their own rights, and say so to them."""
    bot: TheseusClient = interaction.client
    await interaction.response.defer(ephemeral=True, thinking=True)
    try:
        key = f"modal:{interaction.id}"
        run = await bot.agent.revise(run_id, get_speaker(interaction), instruction, "modal", key)
        text = f"Noted. {on_it(run)}"
    except TheseusError as refusal:
        text = str(refusal)
    await interaction.followup.send(text, ephemeral=True)


async def send_privately(interaction: discord.Interaction[Any], text: str, name: str) -> None:
    """Answer a deferred interaction so that only the asker sees it; a long text comes as a file."""
    shown = localise_times(text)
    if len(shown) <= _LONGEST:
        await interaction.followup.send(shown, ephemeral=True)
        return
    file = discord.File(io.BytesIO(text.encode()), f"{name}.md")
    start = cards.fit_lines(shown.splitlines(), _LONGEST) + "\n…"
    await interaction.followup.send(start, file=file, ephemeral=True)


def view_of(buttons: Iterable[ui.Item[Any]]) -> ui.View:
    """Return what shows buttons; what answers a press is their kind, and not the view."""
    view = ui.View(timeout=None)
    for each in buttons:
        view.add_item(each)
    view.stop()
    return view
